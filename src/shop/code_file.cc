#include "shop/code_file.h"

#include <fmt/format.h>

#include "base/error.h"
#include "base/file.h"
#include "base/units.h"

namespace medimirror {

namespace {

constexpr std::uintmax_t kFileBytesMax = std::uintmax_t{64} << 20;

[[noreturn]] void refuse(const std::filesystem::path& path, std::string_view why) {
  throw Error(ErrorKind::config, fmt::format("the list of codes {}{}", path.native(), why),
              "read the list of codes");
}

}  // namespace

CodeList read_code_file(const std::filesystem::path& path, std::string_view column) {
  std::error_code error;
  const std::uintmax_t bytes = std::filesystem::file_size(path, error);
  if (error)
    refuse(path, fmt::format(" cannot be read ({}): check select.codes_file or --codes", error.message()));
  if (bytes > kFileBytesMax)
    refuse(path, fmt::format(" has {}, more than {}: is it the right file?", format_bytes(bytes),
                             format_bytes(kFileBytesMax)));
  try {
    return parse_code_list(read_file(path), column);
  } catch (const Error& wrong) {
    refuse(path, fmt::format(": {}", wrong.what()));
  }
}

}  // namespace medimirror
