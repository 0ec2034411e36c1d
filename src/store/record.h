// Role: what the index remembers, as values, and those values as bytes. Pure.
// Format, version 1 (integers little-endian unless said; "var" is LEB128, signed ones zigzag first):
//   record   = version(1 byte) body check(8 bytes: XXH3-64 of all bytes before it)
//   mark     = version and flags(1 byte) body(18 bytes) check(4 bytes: the low half of the XXH3-64)
//              a million of them are walked in each run: 23 bytes instead of 27 keep 4 MB out of memory, and
//              32 bits are plenty where damage that slips through costs one item's planning again
//   string   = length(var) bytes;   list = count(var) element*;   optional = flag(1 byte) [value]
//   the fields of each body stand in record.cc in the order of the struct
// A blob's print (base/print.h) is a record of its own, as it is ten times larger than the rest of what is known.
// Keys sort as bytes: media id as 8 bytes big-endian, then the format's name.
// Failure: decoding never throws and never reads out of bounds; it returns nothing for what fails its check,
// is of another version, or has bytes left over.
// Limits: a decoded string is never longer than its record; a key's format name 1 to 255 bytes; attempts: the
// newest 8.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/digest.h"
#include "base/fingerprint.h"
#include "base/image.h"
#include "base/media.h"

namespace medimirror {

using RunNumber = std::uint64_t;

// One file to mirror: a media item in a format the user asked for. Derivatives are published under the same
// kind of key, with the recipe's name for the format.
struct AssetKey {
  MediaId media = 0;
  std::string format;
  auto operator<=>(const AssetKey&) const = default;
};
constexpr std::size_t kFormatNameBytesMax = 255;
std::string encode_key(MediaId id);
std::string encode_key(const AssetKey& key);
std::optional<MediaId> decode_media_key(std::string_view bytes);
std::optional<AssetKey> decode_asset_key(std::string_view bytes);

// One line of the service's listing, reduced to what tells whether it changed since the last run.
struct ListingMark {
  Fingerprint fingerprint;    // joined when listed twice
  std::uint8_t assets = 0;    // wanted of this item
  std::uint8_t filtered = 0;  // formats asked for that this item does not give
  bool is_link = false;
  bool operator==(const ListingMark&) const = default;
};

enum class AssetState : std::uint8_t {
  wanted = 1,   // to be fetched; an older picture may be held and published meanwhile
  held = 2,     // what is wanted is held
  failed = 3,   // the last attempt failed; it will be tried again; an older picture may be held
  retired = 4,  // no longer listed; out of the tree; the blob stays for the grace period
};
std::string_view name_of(AssetState state);

constexpr std::size_t kAttemptsKept = 8;

struct Attempt {
  UnixSeconds at = 0;
  RunNumber run = 0;
  std::string outcome;  // "fetched", "not_modified", or the reason it failed: "http_404", "html_page", …
  std::string detail;   // a sentence; empty when all went well
  std::uint32_t tries = 1;  // requests it took within that run
  bool operator==(const Attempt&) const = default;
};

struct AssetRecord {
  AssetState state = AssetState::wanted;
  std::string url;            // resolved; what is wanted now
  std::string source_format;  // the listed key it comes from; not the key's format when that was absent
  UnixSeconds first_listed = 0;
  // What is held: all empty when nothing is.
  std::optional<Digest> digest;
  std::string held_url;  // where the held bytes came from
  std::string etag, last_modified;
  UnixSeconds fetched_at = 0;
  // History
  std::vector<Attempt> attempts;  // oldest first; encode keeps the newest kAttemptsKept
  bool unlisted = false;          // the newest listing of its item, or a complete listing, lacks it
  std::uint8_t absent_runs = 0;   // complete listings in a row without it
  UnixSeconds retired_at = 0;
  bool operator==(const AssetRecord&) const = default;

  bool to_fetch() const { return (state == AssetState::wanted || state == AssetState::failed) && !unlisted; }
  bool is_absent() const { return unlisted && state != AssetState::retired; }
  // Its bytes are gone: what was held of them is empty again, and what was held is wanted.
  void forget_bytes();
  bool to_publish() const { return digest.has_value() && state != AssetState::retired; }
};

struct BlobRecord {
  std::uint64_t bytes = 0;
  ImageInfo info;         // its print is not encoded: the index keeps it apart
  UnixSeconds mtime = 0;  // Last-Modified of the first copy, else first seen; never changes
  UnixSeconds first_seen = 0;
  UnixSeconds last_verified = 0;
  bool operator==(const BlobRecord&) const = default;
};

// A derivative of a blob: keyed by the source's digest and Recipe::key(); its own bytes are a blob too.
struct DerivativeKey {
  Digest source;
  std::uint64_t recipe = 0;
  auto operator<=>(const DerivativeKey&) const = default;
};
std::string encode_key(const DerivativeKey& key);  // digest, recipe as 8 bytes big-endian
std::optional<DerivativeKey> decode_derivative_key(std::string_view bytes);

struct PublishedRecord {
  std::string path;  // relative to media/
  Digest digest;
  std::uint64_t bytes = 0;
  UnixSeconds mtime = 0;
  bool operator==(const PublishedRecord&) const = default;
};

constexpr std::size_t kProductIdBytesMax = 200;  // real ones have 10

// A product as listed last, and the fingerprint of that line.
struct ProductRecord {
  Product product;
  Fingerprint fingerprint;
  bool operator==(const ProductRecord&) const = default;
};

struct RunRecord {
  UnixSeconds started = 0, finished = 0;
  int exit_code = 0;
  bool listing_complete = false;
  std::string report;  // the run report as JSON
  bool operator==(const RunRecord&) const = default;
};

std::string encode(const ListingMark& record);
std::string encode(const MediaItem& record);
std::string encode(const AssetRecord& record);
std::string encode(const BlobRecord& record);
std::string encode(const Print& record);
std::string encode(const PublishedRecord& record);
std::string encode(const ProductRecord& record);
std::string encode(const RunRecord& record);

template <typename Record>
std::optional<Record> decode(std::string_view bytes);  // defined for each of the above

}  // namespace medimirror
