// Role: who besides this user and root decides what stands in a file that is believed: a configuration, a secret.
// Failure: the rest of a sentence that starts with the path, nothing where there is nobody; refuse_if_others_write
// throws Error{config}.
// Limits: owners and mode bits alone, of the file and its folder; what lies above a folder is not looked at.
#pragma once

#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <optional>
#include <string>

namespace medimirror {

std::optional<std::string> other_owner(const struct stat& info, uid_t user = ::geteuid());
std::optional<std::string> other_writer(const struct stat& info);

// For a configuration that nobody named. One that is not there is not refused.
void refuse_if_others_write(const std::filesystem::path& found, uid_t user = ::geteuid());

}  // namespace medimirror
