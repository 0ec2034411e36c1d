// Role: the address of a picture file: which formats an item lists, under which URL, and back from a URL to
// the item.
// Format: /media/<thumbnail|medium|large|huge>/<16 hex digits>.<jpeg|jpg|png|webp>[?v=N]; the digits are the
// item's number, generation and role, mixed with the seed, so that the server needs no table.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sandbox/catalogue.h"

namespace medimirror::sandbox {

enum class PictureSize : std::uint8_t { thumbnail, medium, large, huge };
enum class Encoding : std::uint8_t { jpeg, png, webp };

std::string_view name_of(PictureSize size);
std::string_view mime_type_of(Encoding encoding);

struct FormatEntry {
  std::string_view key;  // "huge", "largePng", …
  PictureSize size;
  std::string_view extension;  // of the URL
};

// In listed order. Links and the oddities without formats have none.
std::vector<FormatEntry> formats_of(const MediaFacts& facts);

struct PictureAddress {
  MediaIndex index = 0;
  std::uint32_t generation = 0;
  Role role = Role::photo;
  PictureSize size = PictureSize::huge;
  Encoding named = Encoding::jpeg;  // what the extension promises
};

// "/media/huge/0123456789abcdef.jpeg"
std::string picture_path(std::uint64_t seed, const MediaFacts& facts, const FormatEntry& format);
std::optional<PictureAddress> parse_picture_path(std::uint64_t seed, std::string_view path);

// As listed: relative in several ways, or absolute at `public_url`, by the item.
struct MediaHosts {
  std::string public_url;  // "http://127.0.0.1:8080", no slash at the end
  std::string media_host;  // for //host/… URLs; empty: there are none
};
std::string listed_url(std::uint64_t seed, const MediaHosts& hosts, const MediaFacts& facts,
                       const FormatEntry& format);

// The bytes served: differs from the name for one oddity.
Encoding served_encoding(const MediaFacts& facts, Encoding named);

}  // namespace medimirror::sandbox
