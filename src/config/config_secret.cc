#include "config/config_secret.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

#include "base/ascii.h"
#include "base/file.h"
#include "base/foreign_text.h"
#include "base/text_encoding.h"
#include "config/config_trust.h"

namespace medimirror {

namespace {

constexpr std::size_t kSecretBytesMax = 4096;

// Why this cannot be a secret; nothing when it can.
std::optional<std::string> fault_of(const std::string& text) {
  if (text.empty()) return "is empty";
  if (text.size() > kSecretBytesMax) return "is longer than a key can be; it must hold the secret alone";
  if (std::ranges::any_of(text, is_control)) return "holds more than one line; it must hold the secret alone";
  return std::nullopt;
}

// Editors put a byte order mark in front and a line end behind, people a space on either side; Windows' Notepad saves
// UTF-16 when told to.
std::string freed(const std::string& bytes) {
  constexpr const char* kSpace = " \t\r\n";
  const std::string text = to_utf8(bytes);
  const auto first = text.find_first_not_of(kSpace);
  return first == text.npos ? std::string() : text.substr(first, text.find_last_not_of(kSpace) - first + 1);
}

SecretResult accept(const std::string& bytes, std::string origin) {
  std::string text = freed(bytes);
  SecretResult result;
  result.origin = std::move(origin);
  result.mistake = fault_of(text);
  if (result.mistake) return result;
  withhold_secret(text);
  result.secret = Secret(std::move(text));
  return result;
}

SecretResult refuse(const std::filesystem::path& path, std::string mistake) {
  SecretResult result;
  result.origin = path.native();
  result.mistake = std::move(mistake);
  return result;
}

SecretResult bar(const std::filesystem::path& path, std::string why) {
  SecretResult result;
  result.origin = path.native();
  result.barred = std::move(why);
  return result;
}

std::string read_start(int fd) {
  std::string text(kSecretBytesMax + 2, '\0');
  std::size_t size = 0;
  while (size < text.size()) {
    const ssize_t got = ::read(fd, text.data() + size, text.size() - size);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) break;
    size += static_cast<std::size_t>(got);
  }
  text.resize(size);
  return text;
}

enum class Mode { check, trust };  // systemd keeps its credentials to the service, whatever the mode bits say

SecretResult read_secret(const std::filesystem::path& path, Mode mode) {
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!fd) {
    const int reason = errno;
    const std::string sentence = fmt::format("cannot be read: {}", std::generic_category().message(reason));
    return reason == EACCES ? bar(path, sentence) : refuse(path, sentence);
  }
  struct stat status {};
  if (::fstat(fd.get(), &status) != 0 || !S_ISREG(status.st_mode)) return refuse(path, "is not a file");
  if (mode == Mode::check) {
    if (const auto stranger = other_owner(status)) return bar(path, *stranger);
    if ((status.st_mode & S_IROTH) != 0)
      return refuse(
          path, fmt::format("can be read by everybody on this machine; run: chmod 600 {}", path.native()));
    if (const auto stranger = other_writer(status))
      return refuse(path, fmt::format("{}; run: chmod go-w {}", *stranger, path.native()));
  }
  return accept(read_start(fd.get()), path.native());
}

}  // namespace

SecretResult find_secret(const Environment& environment, const std::filesystem::path& secret_file) {
  static constexpr const char* kVariable = "MEDIMIRROR_API_SECRET";
  if (auto text = environment(kVariable); text && !text->empty()) return accept(*text, kVariable);
  if (const auto folder = environment("CREDENTIALS_DIRECTORY"); folder && !folder->empty()) {
    const std::filesystem::path credential = std::filesystem::path(*folder) / "medimirror-api-secret";
    std::error_code ignored;
    if (std::filesystem::exists(credential, ignored)) return read_secret(credential, Mode::trust);
  }
  if (!secret_file.empty()) return read_secret(secret_file, Mode::check);
  return {};
}

}  // namespace medimirror
