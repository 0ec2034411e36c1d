#include "store/record.h"

#include <gtest/gtest.h>

#include <limits>
#include <random>

namespace medimirror {
namespace {

// Values at random, with the edges more often than chance would bring them.
class Dice {
 public:
  explicit Dice(std::uint64_t seed) : random_(seed) {}

  std::uint64_t number() {
    switch (below(4)) {
      case 0:
        return 0;
      case 1:
        return std::numeric_limits<std::uint64_t>::max() - below(2);
      case 2:
        return std::uint64_t{1} << below(64);
      default:
        return random_();
    }
  }
  std::int64_t time() { return static_cast<std::int64_t>(number()); }
  std::uint64_t below(std::uint64_t limit) { return random_() % limit; }
  bool coin() { return below(2) == 1; }
  std::string text() {
    std::string bytes(below(8) == 0 ? below(40'000) : below(90), '\0');
    for (char& c : bytes) c = static_cast<char>(random_());
    return bytes;
  }
  std::vector<std::string> texts() {
    std::vector<std::string> list(below(5));
    for (auto& element : list) element = text();
    return list;
  }
  Digest digest() {
    Digest digest;
    for (auto& byte : digest.bytes) byte = static_cast<std::uint8_t>(random_());
    return digest;
  }

  template <typename Record>
  Record record();

 private:
  std::mt19937_64 random_;
};

template <>
ListingMark Dice::record<ListingMark>() {
  return {number(), number(), static_cast<std::uint8_t>(number()), static_cast<std::uint8_t>(number()),
          coin()};
}

template <>
MediaItem Dice::record<MediaItem>() {
  MediaItem item;
  item.id = number();
  item.kind = static_cast<MediaKind>(below(4));
  item.photo_type = text();
  item.link_type = text();
  item.link_url = text();
  item.formats.resize(below(10));
  for (auto& format : item.formats) format = {text(), text()};
  item.locales = texts();
  item.target_groups = texts();
  item.visible_sides = texts();
  if (coin()) item.display_order = time();
  if (coin()) item.created_at = time();
  if (coin()) item.updated_at = time();
  return item;
}

template <>
AssetRecord Dice::record<AssetRecord>() {
  AssetRecord record;
  record.state = static_cast<AssetState>(1 + below(4));
  record.url = text();
  record.source_format = text();
  record.first_listed = time();
  if (coin()) record.digest = digest();
  record.held_url = below(3) == 0 ? std::string() : coin() ? record.url : text();
  record.etag = text();
  record.last_modified = text();
  record.fetched_at = time();
  record.attempts.resize(below(kAttemptsKept + 1));
  for (auto& attempt : record.attempts)
    attempt = {time(), number(), text(), text(), static_cast<std::uint32_t>(number())};
  record.unlisted = coin();
  record.absent_runs = static_cast<std::uint8_t>(number());
  record.retired_at = time();
  return record;
}

template <>
BlobRecord Dice::record<BlobRecord>() {
  BlobRecord record;
  record.bytes = number();
  record.info = {static_cast<ImageFormat>(below(6)),
                 static_cast<std::uint32_t>(number()),
                 static_cast<std::uint32_t>(number()),
                 static_cast<std::uint32_t>(number()),
                 coin(),
                 text(),
                 {}};
  record.mtime = time();
  record.first_seen = time();
  record.last_verified = time();
  return record;
}

template <>
PublishedRecord Dice::record<PublishedRecord>() {
  return {text(), digest(), number(), time()};
}

template <>
RunRecord Dice::record<RunRecord>() {
  return {time(), time(), static_cast<int>(number()), coin(), text()};
}

template <typename Record>
class RecordTest : public testing::Test {};
using AllRecords =
    testing::Types<ListingMark, MediaItem, AssetRecord, BlobRecord, PublishedRecord, RunRecord>;
TYPED_TEST_SUITE(RecordTest, AllRecords);

TYPED_TEST(RecordTest, ComesBackAsItWas) {
  Dice dice(1);
  for (int i = 0; i < 500; ++i) {
    const auto record = dice.record<TypeParam>();
    EXPECT_EQ(decode<TypeParam>(encode(record)), record) << "record " << i;
  }
  EXPECT_EQ(decode<TypeParam>(encode(TypeParam{})), TypeParam{});
}

TYPED_TEST(RecordTest, EveryFlippedBitIsNoticed) {
  Dice dice(2);
  std::string bytes;
  do bytes = encode(dice.record<TypeParam>());
  while (bytes.size() > 2000);
  for (std::size_t bit = 0; bit < 8 * bytes.size(); ++bit) {
    std::string damaged = bytes;
    damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << bit % 8));
    EXPECT_FALSE(decode<TypeParam>(damaged)) << "bit " << bit << " of " << 8 * bytes.size();
  }
}

TYPED_TEST(RecordTest, EveryCutIsNoticed) {
  Dice dice(3);
  std::string bytes;
  do bytes = encode(dice.record<TypeParam>());
  while (bytes.size() > 2000);
  for (std::size_t size = 0; size < bytes.size(); ++size)
    EXPECT_FALSE(decode<TypeParam>(bytes.substr(0, size))) << "cut to " << size;
  EXPECT_FALSE(decode<TypeParam>(bytes + '\0'));
}

// The bytes of a version that is on users' disks: a change of them is a new version, not an edit of this
// test.
TEST(Record, BytesOfVersion1StayWhatTheyAre) {
  const auto hex = [](const std::string& bytes) {
    std::string digits;
    for (const char c : bytes) {
      digits += "0123456789abcdef"[static_cast<unsigned char>(c) >> 4];
      digits += "0123456789abcdef"[static_cast<unsigned char>(c) & 15];
    }
    return digits;
  };
  EXPECT_EQ(hex(encode(ListingMark{0x0102030405060708, 0x1112131415161718, 2, 3, true})),
            "81080706050403020118171615141312110203f1743383");
  EXPECT_EQ(hex(encode(PublishedRecord{"a/1.jpg", Digest{}, 300, -1})),
            "0107612f312e6a7067" + std::string(64, '0') + "ac0201b06c344972771e3e");
}

TEST(Record, APrintIsNeitherEmptyNorLong) {
  Print print{std::string(kPrintBytesMax, 'p')};
  EXPECT_EQ(decode<Print>(encode(print)), print);
  EXPECT_FALSE(decode<Print>(encode(Print{})));
  print.bytes += 'p';
  EXPECT_FALSE(decode<Print>(encode(print)));
}

TEST(Record, KeepsTheNewestAttempts) {
  AssetRecord record;
  for (int i = 0; i < 20; ++i) record.attempts.push_back({i, 1, "http_503", "busy", 1});
  const auto kept = decode<AssetRecord>(encode(record));
  ASSERT_TRUE(kept);
  ASSERT_EQ(kept->attempts.size(), kAttemptsKept);
  EXPECT_EQ(kept->attempts.front().at, 12);
  EXPECT_EQ(kept->attempts.back().at, 19);
}

TEST(Record, ALinkMarkIsNotAnotherVersion) {
  ListingMark mark{1, 2, 3, 4, true};
  EXPECT_EQ(decode<ListingMark>(encode(mark)), mark);
  mark.is_link = false;
  EXPECT_EQ(decode<ListingMark>(encode(mark)), mark);
}

TEST(Record, AnAssetWithoutItsBytesHoldsNothingOfThem) {
  for (const AssetState state :
       {AssetState::wanted, AssetState::held, AssetState::failed, AssetState::retired}) {
    AssetRecord record;
    record.state = state;
    record.url = "https://m.test/1.jpg";
    record.source_format = "huge";
    record.first_listed = record.retired_at = 7;
    record.absent_runs = 1;
    record.unlisted = true;
    record.attempts.resize(1);
    AssetRecord expected = record;
    if (state == AssetState::held) {
      expected.state = AssetState::wanted;
      expected.unlisted = false;  // so that it is asked for
    }
    record.digest = Digest{};
    record.held_url = "https://m.test/0.jpg";
    record.etag = "\"e\"";
    record.last_modified = "then";
    record.fetched_at = 8;
    record.forget_bytes();
    EXPECT_EQ(record, expected) << name_of(state);
  }
}

TEST(RecordKeys, SortAsTheirValuesDo) {
  const std::vector<AssetKey> sorted = {{0, "a"},
                                        {1, "huge"},
                                        {1, "large"},
                                        {255, "a"},
                                        {256, "a"},
                                        {std::uint64_t{1} << 40, "z"},
                                        {~std::uint64_t{0}, "a"}};
  for (std::size_t i = 0; i + 1 < sorted.size(); ++i) {
    EXPECT_LT(encode_key(sorted[i]), encode_key(sorted[i + 1]));
    EXPECT_EQ(decode_asset_key(encode_key(sorted[i])), sorted[i]);
    EXPECT_EQ(decode_media_key(encode_key(sorted[i].media)), sorted[i].media);
  }
}

TEST(RecordKeys, OfAnotherShapeAreRefused) {
  EXPECT_FALSE(decode_media_key("1234567"));
  EXPECT_FALSE(decode_media_key("123456789"));
  EXPECT_FALSE(decode_asset_key("12345678"));
  EXPECT_FALSE(decode_asset_key("12345678" + std::string(256, 'x')));
  EXPECT_FALSE(decode_derivative_key("12345678"));
  Dice dice(4);
  const DerivativeKey key{dice.digest(), 0x0102030405060708};
  EXPECT_EQ(decode_derivative_key(encode_key(key)), key);
}

}  // namespace
}  // namespace medimirror
