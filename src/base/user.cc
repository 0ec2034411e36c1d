#include "base/user.h"

#include <fmt/format.h>
#include <pwd.h>

#include <array>
#include <optional>

namespace medimirror {

namespace {

std::optional<std::string> name_in_passwd(uid_t user) {
  std::array<char, 4096> buffer{};
  passwd entry{};
  passwd* found = nullptr;
  if (::getpwuid_r(user, &entry, buffer.data(), buffer.size(), &found) == 0 && found != nullptr)
    return found->pw_name;
  return std::nullopt;
}

}  // namespace

std::string user_name(uid_t user) {
  return name_in_passwd(user).value_or(std::to_string(user));
}

std::string sudo_word(uid_t user) {
  return name_in_passwd(user).value_or(fmt::format("'#{}'", user));
}

}  // namespace medimirror
