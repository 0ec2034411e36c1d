#include "store/record.h"

#include <xxhash.h>

#include <bit>
#include <cstring>
#include <type_traits>

namespace medimirror {

namespace {

constexpr std::uint8_t kVersion = 1;

template <typename Integer>
void append_fixed(std::string& out, Integer value) {  // little-endian
  for (std::size_t i = 0; i < sizeof value; ++i) out.push_back(static_cast<char>(value >> (8 * i)));
}

template <typename Integer>
Integer load_fixed(const char* from) {
  Integer value = 0;
  for (std::size_t i = 0; i < sizeof value; ++i)
    value |= static_cast<Integer>(static_cast<Integer>(static_cast<unsigned char>(from[i])) << (8 * i));
  return value;
}

void append_big_endian(std::string& out, std::uint64_t value) {
  for (int shift = 56; shift >= 0; shift -= 8) out.push_back(static_cast<char>(value >> shift));
}

std::uint64_t load_big_endian(std::string_view bytes) {
  std::uint64_t value = 0;
  for (const char c : bytes.substr(0, 8)) value = value << 8 | static_cast<unsigned char>(c);
  return value;
}

// ---------------------------------------------------------------- the two directions
// Each record's fields are named once, in visit(); a Writer and a Reader go over them the same way, so the
// two directions cannot drift apart.

class Writer {
 public:
  explicit Writer(std::string& out) : out_(out) {}

  void byte(const std::uint8_t& value) { out_.push_back(static_cast<char>(value)); }
  void flag(const bool& value) { byte(value ? 1 : 0); }
  template <typename Enum>
  void enumeration(const Enum& value, Enum /*last*/) {
    byte(static_cast<std::uint8_t>(value));
  }
  void number(const std::uint64_t& value) {
    std::uint64_t rest = value;
    for (; rest >= 0x80; rest >>= 7) byte(static_cast<std::uint8_t>(rest | 0x80));
    byte(static_cast<std::uint8_t>(rest));
  }
  void number(const std::uint32_t& value) { number(std::uint64_t{value}); }
  void number(const std::int64_t& value) {
    number(static_cast<std::uint64_t>(value) << 1 ^ static_cast<std::uint64_t>(value >> 63));
  }
  void number(const int& value) { number(std::int64_t{value}); }
  void text(const std::string& value) {
    number(std::uint64_t{value.size()});
    out_.append(value);
  }
  // Held pictures mostly come from the URL that is wanted now: one byte instead of the same URL again.
  void text_like(const std::string& value, const std::string& other) {
    byte(value.empty() ? 0 : value == other ? 1 : 2);
    if (!value.empty() && value != other) text(value);
  }
  void digest(const Digest& value) {
    out_.append(reinterpret_cast<const char*>(value.bytes.data()), value.bytes.size());
  }
  template <typename Value, typename Each>
  void optional(const std::optional<Value>& value, Each each) {
    flag(value.has_value());
    if (value) each(*value);
  }
  template <typename Element, typename Each>
  void list(const std::vector<Element>& elements, Each each) {
    number(std::uint64_t{elements.size()});
    for (const Element& element : elements) each(element);
  }

 private:
  std::string& out_;
};

class Reader {
 public:
  explicit Reader(std::string_view bytes) : rest_(bytes) {}

  bool complete() const { return good_ && rest_.empty(); }

  void byte(std::uint8_t& value) {
    const std::string_view bytes = take(1);
    value = bytes.empty() ? std::uint8_t{0} : static_cast<std::uint8_t>(bytes[0]);
  }
  void flag(bool& value) {
    std::uint8_t raw = 0;
    byte(raw);
    require(raw <= 1);
    value = raw == 1;
  }
  template <typename Enum>
  void enumeration(Enum& value, Enum last) {
    std::uint8_t raw = 0;
    byte(raw);
    require(raw <= static_cast<std::uint8_t>(last));
    value = static_cast<Enum>(raw);
  }
  void number(std::uint64_t& value) {
    value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
      std::uint8_t group = 0;
      byte(group);
      require(shift < 63 || group <= 1);  // the tenth byte holds the one bit that is left
      value |= std::uint64_t{group & 0x7Fu} << shift;
      if (group < 0x80) return;
    }
    good_ = false;
  }
  void number(std::uint32_t& value) { narrow<std::uint64_t>(value); }
  void number(std::int64_t& value) {
    std::uint64_t zigzag = 0;
    number(zigzag);
    value = static_cast<std::int64_t>(zigzag >> 1 ^ (0 - (zigzag & 1)));
  }
  void number(int& value) { narrow<std::int64_t>(value); }
  void text(std::string& value) {
    std::uint64_t size = 0;
    number(size);
    value = take(size);
  }
  void text_like(std::string& value, const std::string& other) {
    std::uint8_t how = 0;
    byte(how);
    require(how <= 2);
    if (how == 1) value = other;
    if (how == 2) text(value);
  }
  void digest(Digest& value) {
    const std::string_view bytes = take(value.bytes.size());
    if (!bytes.empty()) std::memcpy(value.bytes.data(), bytes.data(), bytes.size());
  }
  template <typename Value, typename Each>
  void optional(std::optional<Value>& value, Each each) {
    bool present = false;
    flag(present);
    if (present) each(value.emplace());
  }
  template <typename Element, typename Each>
  void list(std::vector<Element>& elements, Each each) {
    std::uint64_t count = 0;
    number(count);
    require(count <=
            rest_.size());  // an element takes at least a byte: no record makes us reserve more than it is
    for (std::uint64_t i = 0; good_ && i < count; ++i) each(elements.emplace_back());
  }

 private:
  void require(bool holds) { good_ = good_ && holds; }

  std::string_view take(std::uint64_t size) {
    require(size <= rest_.size());
    if (!good_) return {};
    const std::string_view taken = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return taken;
  }

  template <typename Wide, typename Narrow>
  void narrow(Narrow& value) {
    Wide wide = 0;
    number(wide);
    value = static_cast<Narrow>(wide);
    require(static_cast<Wide>(value) == wide);
  }

  std::string_view rest_;
  bool good_ = true;
};

// ---------------------------------------------------------------- the fields, in the order of the structs
// `Record` is const for a Writer.

template <typename Record, typename Of>
concept Is = std::is_same_v<std::remove_const_t<Record>, Of>;

template <typename Archive, Is<MediaItem> Record>
void visit(Archive& archive, Record& record) {
  const auto text = [&](auto& value) { archive.text(value); };
  const auto number = [&](auto& value) { archive.number(value); };
  archive.number(record.id);
  archive.enumeration(record.kind, MediaKind::link);
  archive.text(record.photo_type);
  archive.text(record.link_type);
  archive.text(record.link_url);
  archive.list(record.formats, [&](auto& format) {
    archive.text(format.key);
    archive.text(format.url);
  });
  archive.list(record.locales, text);
  archive.list(record.target_groups, text);
  archive.list(record.visible_sides, text);
  archive.optional(record.display_order, number);
  archive.optional(record.created_at, number);
  archive.optional(record.updated_at, number);
}

template <typename Archive, Is<AssetRecord> Record>
void visit(Archive& archive, Record& record) {
  archive.enumeration(record.state, AssetState::retired);
  archive.text(record.url);
  archive.text(record.source_format);
  archive.number(record.first_listed);
  archive.optional(record.digest, [&](auto& digest) { archive.digest(digest); });
  archive.text_like(record.held_url, record.url);
  archive.text(record.etag);
  archive.text(record.last_modified);
  archive.number(record.fetched_at);
  archive.list(record.attempts, [&](auto& attempt) {
    archive.number(attempt.at);
    archive.number(attempt.run);
    archive.text(attempt.outcome);
    archive.text(attempt.detail);
    archive.number(attempt.tries);
  });
  archive.flag(record.unlisted);
  archive.byte(record.absent_runs);
  archive.number(record.retired_at);
}

template <typename Archive, Is<BlobRecord> Record>
void visit(Archive& archive, Record& record) {
  archive.number(record.bytes);
  archive.enumeration(record.info.format, ImageFormat::avif);
  archive.number(record.info.width);
  archive.number(record.info.height);
  archive.number(record.info.pages);
  archive.flag(record.info.has_alpha);
  archive.text(record.info.note);
  archive.number(record.mtime);
  archive.number(record.first_seen);
  archive.number(record.last_verified);
}

template <typename Archive, Is<Print> Record>
void visit(Archive& archive, Record& record) {
  archive.text(record.bytes);
}

template <typename Archive, Is<PublishedRecord> Record>
void visit(Archive& archive, Record& record) {
  archive.text(record.path);
  archive.digest(record.digest);
  archive.number(record.bytes);
  archive.number(record.mtime);
}

template <typename Archive, Is<ProductRecord> Record>
void visit(Archive& archive, Record& record) {
  auto& product = record.product;
  archive.text(product.id);
  archive.text(product.status);
  archive.text(product.cnk);
  archive.list(product.eans, [&](auto& ean) { archive.text(ean); });
  archive.list(product.names, [&](auto& name) {
    archive.text(name.first);
    archive.text(name.second);
  });
  archive.list(product.media, [&](auto& media) {
    archive.number(media.id);
    archive.enumeration(media.kind, MediaKind::link);
    archive.optional(media.display_order, [&](auto& order) { archive.number(order); });
    archive.list(media.locales, [&](auto& locale) { archive.text(locale); });
  });
  archive.optional(product.updated_at, [&](auto& time) { archive.number(time); });
  archive.number(record.fingerprint_high);
  archive.number(record.fingerprint_low);
}

template <typename Archive, Is<RunRecord> Record>
void visit(Archive& archive, Record& record) {
  archive.number(record.started);
  archive.number(record.finished);
  archive.number(record.exit_code);
  archive.flag(record.listing_complete);
  archive.text(record.report);
}

// ---------------------------------------------------------------- version before, check after

template <typename Record>
std::string encode_record(const Record& record) {
  std::string out(1, static_cast<char>(kVersion));
  Writer writer(out);
  visit(writer, record);
  append_fixed(out, std::uint64_t{XXH3_64bits(out.data(), out.size())});
  return out;
}

template <typename Record>
bool is_possible(const Record& /*record*/) {
  return true;
}
bool is_possible(const AssetRecord& record) {
  return record.state >= AssetState::wanted && record.attempts.size() <= kAttemptsKept;
}

bool is_possible(const Print& print) {
  return !print.empty() && print.bytes.size() <= kPrintBytesMax;
}

template <typename Record>
std::optional<Record> decode_record(std::string_view bytes) {
  constexpr std::size_t kCheckBytes = sizeof(std::uint64_t);
  if (bytes.size() < 1 + kCheckBytes || static_cast<std::uint8_t>(bytes[0]) != kVersion) return std::nullopt;
  const std::string_view checked = bytes.substr(0, bytes.size() - kCheckBytes);
  if (load_fixed<std::uint64_t>(bytes.data() + checked.size()) != XXH3_64bits(checked.data(), checked.size()))
    return std::nullopt;
  Reader reader(checked.substr(1));
  std::optional<Record> record(std::in_place);
  visit(reader, *record);
  if (!reader.complete() || !is_possible(*record)) record.reset();
  return record;
}

// The mark: flags share the version's byte.
constexpr std::uint8_t kLinkFlag = 0x80;
constexpr std::size_t kMarkBytes = 1 + 8 + 8 + 1 + 1;
constexpr std::size_t kMarkCheckBytes = sizeof(std::uint32_t);

std::uint32_t mark_check(std::string_view checked) {
  return static_cast<std::uint32_t>(XXH3_64bits(checked.data(), checked.size()));
}

}  // namespace

// ---------------------------------------------------------------- keys

std::string encode_key(MediaId id) {
  std::string key;
  append_big_endian(key, id);
  return key;
}

std::string encode_key(const AssetKey& key) {
  std::string bytes = encode_key(key.media);
  bytes += key.format;
  return bytes;
}

std::string encode_key(const DerivativeKey& key) {
  std::string bytes(reinterpret_cast<const char*>(key.source.bytes.data()), key.source.bytes.size());
  append_big_endian(bytes, key.recipe);
  return bytes;
}

std::optional<MediaId> decode_media_key(std::string_view bytes) {
  if (bytes.size() != 8) return std::nullopt;
  return load_big_endian(bytes);
}

std::optional<AssetKey> decode_asset_key(std::string_view bytes) {
  if (bytes.size() <= 8 || bytes.size() > 8 + kFormatNameBytesMax) return std::nullopt;
  return AssetKey{load_big_endian(bytes), std::string(bytes.substr(8))};
}

std::optional<DerivativeKey> decode_derivative_key(std::string_view bytes) {
  DerivativeKey key;
  if (bytes.size() != key.source.bytes.size() + 8) return std::nullopt;
  std::memcpy(key.source.bytes.data(), bytes.data(), key.source.bytes.size());
  key.recipe = load_big_endian(bytes.substr(key.source.bytes.size()));
  return key;
}

// ---------------------------------------------------------------- records

std::string_view name_of(AssetState state) {
  switch (state) {
    case AssetState::wanted:
      return "wanted";
    case AssetState::held:
      return "held";
    case AssetState::failed:
      return "failed";
    case AssetState::retired:
      return "retired";
  }
  return "unknown";
}

void AssetRecord::forget_bytes() {
  digest.reset();
  held_url.clear();
  etag.clear();
  last_modified.clear();
  fetched_at = 0;
  if (state != AssetState::held) return;
  state = AssetState::wanted;
  unlisted = false;  // or it would not be asked for, though it stays until a second listing lacks it
}

std::string encode(const ListingMark& record) {
  std::string out(1, static_cast<char>(kVersion | (record.is_link ? kLinkFlag : 0)));
  append_fixed(out, record.fingerprint_high);
  append_fixed(out, record.fingerprint_low);
  append_fixed(out, record.assets);
  append_fixed(out, record.filtered);
  append_fixed(out, mark_check(out));
  return out;
}

template <>
std::optional<ListingMark> decode<ListingMark>(std::string_view bytes) {
  if (bytes.size() != kMarkBytes + kMarkCheckBytes) return std::nullopt;
  const auto first = static_cast<std::uint8_t>(bytes[0]);
  if ((first & ~kLinkFlag) != kVersion) return std::nullopt;
  if (load_fixed<std::uint32_t>(bytes.data() + kMarkBytes) != mark_check(bytes.substr(0, kMarkBytes)))
    return std::nullopt;
  ListingMark mark;
  mark.fingerprint_high = load_fixed<std::uint64_t>(bytes.data() + 1);
  mark.fingerprint_low = load_fixed<std::uint64_t>(bytes.data() + 9);
  mark.assets = static_cast<std::uint8_t>(bytes[17]);
  mark.filtered = static_cast<std::uint8_t>(bytes[18]);
  mark.is_link = (first & kLinkFlag) != 0;
  return mark;
}

std::string encode(const MediaItem& record) {
  return encode_record(record);
}

std::string encode(const AssetRecord& record) {
  if (record.attempts.size() <= kAttemptsKept) return encode_record(record);
  AssetRecord kept = record;
  kept.attempts.erase(kept.attempts.begin(), kept.attempts.end() - kAttemptsKept);
  return encode_record(kept);
}

std::string encode(const Print& record) {
  return encode_record(record);
}
std::string encode(const BlobRecord& record) {
  return encode_record(record);
}
std::string encode(const PublishedRecord& record) {
  return encode_record(record);
}
std::string encode(const ProductRecord& record) {
  return encode_record(record);
}
std::string encode(const RunRecord& record) {
  return encode_record(record);
}

template <>
std::optional<MediaItem> decode<MediaItem>(std::string_view bytes) {
  return decode_record<MediaItem>(bytes);
}
template <>
std::optional<AssetRecord> decode<AssetRecord>(std::string_view bytes) {
  return decode_record<AssetRecord>(bytes);
}
template <>
std::optional<Print> decode<Print>(std::string_view bytes) {
  return decode_record<Print>(bytes);
}
template <>
std::optional<BlobRecord> decode<BlobRecord>(std::string_view bytes) {
  return decode_record<BlobRecord>(bytes);
}
template <>
std::optional<PublishedRecord> decode<PublishedRecord>(std::string_view bytes) {
  return decode_record<PublishedRecord>(bytes);
}
template <>
std::optional<ProductRecord> decode<ProductRecord>(std::string_view bytes) {
  return decode_record<ProductRecord>(bytes);
}
template <>
std::optional<RunRecord> decode<RunRecord>(std::string_view bytes) {
  return decode_record<RunRecord>(bytes);
}

}  // namespace medimirror
