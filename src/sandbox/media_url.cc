#include "sandbox/media_url.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <iterator>

#include "sandbox/mix.h"

namespace medimirror::sandbox {
namespace {

constexpr std::string_view kSizes[] = {"thumbnail", "medium", "large", "huge"};
constexpr std::uint64_t kTokenSalt = 0x5a17b0c4;

using enum PictureSize;

constexpr FormatEntry kPhoto[] = {{"thumbnail", thumbnail, "jpeg"},
                                  {"medium", medium, "jpeg"},
                                  {"large", large, "jpeg"},
                                  {"huge", huge, "jpeg"}};
constexpr FormatEntry kPhotoWebp[] = {{"thumbnailWebp", thumbnail, "webp"},
                                      {"mediumWebp", medium, "webp"},
                                      {"largeWebp", large, "webp"},
                                      {"hugeWebp", huge, "webp"}};
constexpr FormatEntry kPhotoJpg[] = {{"thumbnail", thumbnail, "jpg"},
                                     {"medium", medium, "jpg"},
                                     {"large", large, "jpg"},
                                     {"huge", huge, "jpg"}};
constexpr FormatEntry kFrontal2026[] = {{"thumbnail", thumbnail, "png"},
                                        {"medium", medium, "png"},
                                        {"mediumJpeg", medium, "jpeg"},
                                        {"largePng", large, "png"},
                                        {"large", large, "png"},
                                        {"hugePng", huge, "png"},
                                        {"huge", huge, "png"}};
constexpr FormatEntry kFrontalAll[] = {
    {"medium", medium, "png"},    {"mediumJpeg", medium, "jpeg"}, {"mediumWebp", medium, "webp"},
    {"large", large, "png"},      {"largeJpg", large, "jpg"},     {"largePng", large, "png"},
    {"largeWebp", large, "webp"}, {"huge", huge, "png"},          {"hugePng", huge, "png"},
    {"hugeJpeg", huge, "jpeg"},   {"hugeWebp", huge, "webp"}};

template <std::size_t N>
void append(std::vector<FormatEntry>& formats, const FormatEntry (&entries)[N]) {
  formats.insert(formats.end(), std::begin(entries), std::end(entries));
}

std::optional<Encoding> parse_extension(std::string_view extension) {
  if (extension == "jpeg" || extension == "jpg") return Encoding::jpeg;
  if (extension == "png") return Encoding::png;
  if (extension == "webp") return Encoding::webp;
  return std::nullopt;
}

}  // namespace

std::string_view name_of(PictureSize size) {
  return kSizes[static_cast<std::size_t>(size)];
}

std::string_view mime_type_of(Encoding encoding) {
  return encoding == Encoding::jpeg ? "image/jpeg" : encoding == Encoding::png ? "image/png" : "image/webp";
}

std::vector<FormatEntry> formats_of(const MediaFacts& facts) {
  std::vector<FormatEntry> formats;
  if (facts.role == Role::link || facts.oddity == Oddity::empty_formats ||
      facts.oddity == Oddity::null_formats)
    return formats;
  formats.reserve(12);
  if (facts.role == Role::frontal) {
    if (facts.dice % 2 == 0) {
      append(formats, kFrontal2026);
    } else {
      append(formats, kFrontalAll);
    }
  } else {
    if (facts.dice % 5 == 0) {
      append(formats, kPhotoJpg);
    } else {
      append(formats, kPhoto);
    }
    if (facts.dice % 3 == 0) append(formats, kPhotoWebp);
  }
  if (facts.oddity == Oddity::no_huge)
    std::erase_if(formats, [](const FormatEntry& format) { return format.size == huge; });
  if (facts.oddity == Oddity::only_thumbnail)
    std::erase_if(formats, [](const FormatEntry& format) { return format.size != thumbnail; });
  return formats;
}

std::string picture_path(std::uint64_t seed, const MediaFacts& facts, const FormatEntry& format) {
  const std::uint64_t what = std::uint64_t{facts.index} << 32 |
                             std::uint64_t{facts.generation & 0xffffff} << 8 |
                             static_cast<unsigned>(facts.role);
  return fmt::format("/media/{}/{:016x}.{}", name_of(format.size), mix(what ^ mix(seed, kTokenSalt)),
                     format.extension);
}

std::optional<PictureAddress> parse_picture_path(std::uint64_t seed, std::string_view path) {
  constexpr std::string_view kPrefix = "/media/";
  if (!path.starts_with(kPrefix)) return std::nullopt;
  path.remove_prefix(kPrefix.size());

  const std::size_t slash = path.find('/');
  if (slash == std::string_view::npos) return std::nullopt;
  PictureAddress address;
  const auto* const size = std::find(std::begin(kSizes), std::end(kSizes), path.substr(0, slash));
  if (size == std::end(kSizes)) return std::nullopt;
  address.size = static_cast<PictureSize>(size - std::begin(kSizes));
  path.remove_prefix(slash + 1);

  if (path.size() < 18 || path[16] != '.') return std::nullopt;
  std::uint64_t token = 0;
  const auto [end, error] = std::from_chars(path.data(), path.data() + 16, token, 16);
  const auto encoding = parse_extension(path.substr(17));
  if (error != std::errc{} || end != path.data() + 16 || !encoding) return std::nullopt;
  address.named = *encoding;

  const std::uint64_t what = unmix(token) ^ mix(seed, kTokenSalt);
  address.index = static_cast<MediaIndex>(what >> 32);
  address.generation = static_cast<std::uint32_t>(what >> 8 & 0xffffff);
  if ((what & 0xff) > static_cast<unsigned>(Role::frontal)) return std::nullopt;
  address.role = static_cast<Role>(what & 0xff);
  return address;
}

std::string listed_url(std::uint64_t seed, const MediaHosts& hosts, const MediaFacts& facts,
                       const FormatEntry& format) {
  std::string path = picture_path(seed, facts, format);
  if (facts.oddity == Oddity::dotted_path) {
    const std::string dotted = fmt::format("/media/x/../{}/./", name_of(format.size));
    path.replace(0, path.rfind('/') + 1, dotted);
  }
  if (facts.query_revision > 0) {
    path += fmt::format("?v={}", facts.query_revision);
  } else if (facts.oddity == Oddity::query_in_url) {
    path += "?v=0&name=Sirop%20d%27%C3%A9t%C3%A9";
  }
  switch ((facts.dice >> 8) % 5) {
    case 0:
      return path.substr(1);  // media/huge/x.jpeg
    case 1:
      return path;  // /media/huge/x.jpeg
    case 2:
      if (!hosts.media_host.empty()) return "//" + hosts.media_host + path;
      [[fallthrough]];
    default:
      return hosts.public_url + path;
  }
}

Encoding served_encoding(const MediaFacts& facts, Encoding named) {
  return facts.oddity == Oddity::webp_named_jpeg && named == Encoding::jpeg ? Encoding::webp : named;
}

}  // namespace medimirror::sandbox
