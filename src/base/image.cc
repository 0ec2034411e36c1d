#include "base/image.h"

#include <fmt/format.h>

#include <array>
#include <cstring>

#include "base/sha256.h"

namespace medimirror {

namespace {

struct FormatNames {
  ImageFormat format;
  std::string_view name, extension;
};
constexpr std::array kFormats{
    FormatNames{ImageFormat::jpeg, "jpeg", "jpg"},  FormatNames{ImageFormat::png, "png", "png"},
    FormatNames{ImageFormat::webp, "webp", "webp"}, FormatNames{ImageFormat::gif, "gif", "gif"},
    FormatNames{ImageFormat::avif, "avif", "avif"},
};
constexpr FormatNames kUnknown{ImageFormat::unknown, "unknown", "bin"};

const FormatNames& names_of(ImageFormat format) {
  for (const FormatNames& names : kFormats)
    if (names.format == format) return names;
  return kUnknown;
}

}  // namespace

std::string_view name_of(ImageFormat format) {
  return names_of(format).name;
}
std::string_view extension_of(ImageFormat format) {
  return names_of(format).extension;
}

std::optional<ImageFormat> parse_image_format(std::string_view name) {
  for (const FormatNames& names : kFormats)
    if (name == names.name || name == names.extension) return names.format;
  return std::nullopt;
}

std::string_view name_of(RejectionReason reason) {
  switch (reason) {
    case RejectionReason::empty:
      return "empty";
    case RejectionReason::html_page:
      return "html_page";
    case RejectionReason::not_an_image:
      return "not_an_image";
    case RejectionReason::unsupported:
      return "unsupported";
    case RejectionReason::truncated:
      return "truncated";
    case RejectionReason::damaged:
      return "damaged";
    case RejectionReason::too_large:
      return "too_large";
    case RejectionReason::decoder_crashed:
      return "decoder_crashed";
    case RejectionReason::decoder_timed_out:
      return "decoder_timed_out";
    case RejectionReason::wrong_digest:
      return "wrong_digest";
  }
  return "unknown";
}

std::uint64_t Recipe::key() const {
  static constexpr int kMakerVersion = 3;  // raise it when the same recipe starts to make other bytes
  const Digest digest = sha256(fmt::format(
      "v{} {}x{} {} q{} fit{} bg{:02x}{:02x}{:02x} enlarge{}", kMakerVersion, width, height, name_of(format),
      quality, static_cast<int>(fit), background.red, background.green, background.blue, enlarge ? 1 : 0));
  std::uint64_t key;
  std::memcpy(&key, digest.bytes.data(), sizeof key);
  return key;
}

}  // namespace medimirror
