#include "image/media_type.h"

#include <algorithm>
#include <array>
#include <string>

#include "base/ascii.h"

namespace medimirror {

namespace {

using namespace std::string_view_literals;

constexpr std::size_t kLookBytes = 1024;

bool is_space(char c) {
  return c == ' ' || (c >= '\t' && c <= '\r');
}

std::string lowered_start(std::string_view bytes) {
  return lower(bytes.substr(0, kLookBytes));
}

std::string_view without_bom_and_space(std::string_view text) {
  if (text.starts_with("\xEF\xBB\xBF"sv)) text.remove_prefix(3);
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  return text;
}

// The brands of an ISO base media file (AVIF, HEIC, MP4 …): major first, then the compatible ones.
bool has_brand(std::string_view bytes, std::string_view brand) {
  if (bytes.size() < 12 || bytes.substr(4, 4) != "ftyp") return false;
  if (bytes.substr(8, 4) == brand) return true;
  const std::size_t box_bytes = static_cast<std::size_t>(static_cast<unsigned char>(bytes[2])) << 8 |
                                static_cast<unsigned char>(bytes[3]);
  const std::size_t end = std::min({bytes.size(), box_bytes, kLookBytes});
  for (std::size_t at = 16; at + 4 <= end; at += 4)
    if (bytes.substr(at, 4) == brand) return true;
  return false;
}

struct Magic {
  std::string_view start;
  ForeignKind kind;
};
constexpr std::array kMagics{
    Magic{"%PDF-"sv, {"a PDF document", true}},
    Magic{"II*\0"sv, {"a TIFF picture", true}},
    Magic{"MM\0*"sv, {"a TIFF picture", true}},
    Magic{"II+\0"sv, {"a BigTIFF picture", true}},
    Magic{"MM\0+"sv, {"a BigTIFF picture", true}},
    Magic{"8BPS"sv, {"a Photoshop picture", true}},
    Magic{"\0\0\1\0"sv, {"an icon (ICO)", true}},
    Magic{"\xFF\x0A"sv, {"a JPEG XL picture", true}},
    Magic{"\0\0\0\x0CJXL \r\n\x87\n"sv, {"a JPEG XL picture", true}},
    Magic{"\0\0\0\x0CjP  \r\n\x87\n"sv, {"a JPEG 2000 picture", true}},
    Magic{"%!PS"sv, {"a PostScript document", true}},
    Magic{"\x1F\x8B"sv, {"gzip-compressed data", false}},
    Magic{"\x28\xB5\x2F\xFD"sv, {"zstd-compressed data", false}},
    Magic{"PK\3\4"sv, {"a ZIP archive", false}},
    Magic{"RIFF"sv, {"a RIFF file that is no WebP", false}},
    Magic{"\x1A\x45\xDF\xA3"sv, {"a Matroska or WebM video", false}},
    Magic{"OggS"sv, {"an Ogg file", false}},
    Magic{"ID3"sv, {"an MP3 file", false}},
    Magic{"\x7F"
          "ELF"sv,
          {"a program", false}},
    Magic{"MZ"sv, {"a Windows program", false}},
};

}  // namespace

ImageFormat detect_format(std::string_view bytes) {
  if (bytes.starts_with("\xFF\xD8\xFF"sv)) return ImageFormat::jpeg;
  if (bytes.starts_with("\x89PNG\r\n\x1A\n"sv)) return ImageFormat::png;
  if (bytes.starts_with("RIFF"sv) && bytes.size() >= 12 && bytes.substr(8, 4) == "WEBP")
    return ImageFormat::webp;
  if (bytes.starts_with("GIF87a"sv) || bytes.starts_with("GIF89a"sv)) return ImageFormat::gif;
  if (has_brand(bytes, "avif") || has_brand(bytes, "avis")) return ImageFormat::avif;
  return ImageFormat::unknown;
}

bool looks_like_html(std::string_view bytes) {
  const std::string start = lowered_start(bytes);
  std::string_view text = without_bom_and_space(start);
  while (text.starts_with("<!--")) {
    const std::size_t end = text.find("-->");
    if (end == std::string_view::npos) return true;
    text = without_bom_and_space(text.substr(end + 3));
  }
  if (text.starts_with("<?xml")) return text.find("<html") != std::string_view::npos;
  for (const std::string_view opening :
       {"<!doctype html", "<html", "<head", "<body", "<title", "<script", "<meta", "<h1", "<center", "<p>"})
    if (text.starts_with(opening)) return true;
  return false;
}

ForeignKind detect_foreign_kind(std::string_view bytes) {
  for (const Magic& magic : kMagics)
    if (bytes.starts_with(magic.start)) return magic.kind;
  if (bytes.starts_with("BM") && bytes.size() >= 26) return {"a BMP picture", true};
  for (const std::string_view brand : {"heic", "heix", "hevc", "mif1", "msf1"})
    if (has_brand(bytes, brand)) return {"a HEIC picture", true};
  if (bytes.size() >= 12 && bytes.substr(4, 4) == "ftyp") return {"an MP4 or QuickTime file", false};

  const std::string start = lowered_start(bytes);
  const std::string_view text = without_bom_and_space(start);
  if (text.starts_with("<svg")) return {"an SVG drawing", true};
  if (text.starts_with("<?xml") || text.starts_with("<!doctype"))
    return text.find("<svg") != std::string_view::npos ? ForeignKind{"an SVG drawing", true}
                                                       : ForeignKind{"an XML document", false};
  if (text.starts_with("<")) return {"an XML document", false};
  if (text.starts_with("{") || text.starts_with("[")) return {"a JSON text", false};
  const bool printable = std::all_of(
      text.begin(), text.end(), [](char c) { return is_space(c) || static_cast<unsigned char>(c) >= 0x20; });
  if (printable && bytes.size() > 0) return {"a plain text", false};
  return {};
}

}  // namespace medimirror
