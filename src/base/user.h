// Role: users as people know them, for sentences and for the commands in them.
#pragma once

#include <sys/types.h>

#include <string>

namespace medimirror {

std::string user_name(uid_t user);  // "medimirror"; "1000" when it has no name
std::string sudo_word(uid_t user);  // what sudo -u takes in a shell: "medimirror", "'#1000'"

}  // namespace medimirror
