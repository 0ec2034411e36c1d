#include "store/record.h"

#include <type_traits>

#include "store/record_bytes.h"

namespace medimirror {

namespace {

constexpr std::uint8_t kVersion = 1;

// ---------------------------------------------------------------- the fields, in the order of the structs
// Each is named once: a RecordWriter and a RecordReader go over them the same way. `Record` is const for the first.

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
  archive.number(record.fingerprint.high);
  archive.number(record.fingerprint.low);
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
  RecordWriter writer(out);
  visit(writer, record);
  append_fixed(out, check_of(out));
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
  if (load_fixed<std::uint64_t>(bytes.data() + checked.size()) != check_of(checked)) return std::nullopt;
  RecordReader reader(checked.substr(1));
  std::optional<Record> record(std::in_place);
  visit(reader, *record);
  if (!reader.complete() || !is_possible(*record)) record.reset();
  return record;
}

// The mark: flags share the version's byte.
constexpr std::uint8_t kLinkFlag = 0x80;
constexpr std::size_t kMarkBytes = 1 + 8 + 8 + 1 + 1;
constexpr std::size_t kMarkCheckBytes = sizeof(std::uint32_t);

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
  std::string bytes(key.source.view());
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
  if (bytes.size() < 8) return std::nullopt;
  const std::optional<Digest> source = Digest::from_bytes(bytes.substr(0, bytes.size() - 8));
  if (!source) return std::nullopt;
  return DerivativeKey{*source, load_big_endian(bytes.substr(bytes.size() - 8))};
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
  append_fixed(out, record.fingerprint.high);
  append_fixed(out, record.fingerprint.low);
  append_fixed(out, record.assets);
  append_fixed(out, record.filtered);
  append_fixed(out, short_check_of(out));
  return out;
}

template <>
std::optional<ListingMark> decode<ListingMark>(std::string_view bytes) {
  if (bytes.size() != kMarkBytes + kMarkCheckBytes) return std::nullopt;
  const auto first = static_cast<std::uint8_t>(bytes[0]);
  if ((first & ~kLinkFlag) != kVersion) return std::nullopt;
  if (load_fixed<std::uint32_t>(bytes.data() + kMarkBytes) != short_check_of(bytes.substr(0, kMarkBytes)))
    return std::nullopt;
  ListingMark mark;
  mark.fingerprint.high = load_fixed<std::uint64_t>(bytes.data() + 1);
  mark.fingerprint.low = load_fixed<std::uint64_t>(bytes.data() + 9);
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
