#include "http/body.h"

#include <gtest/gtest.h>

#include "http/gzip.h"
#include "support/temporary_folder.h"

namespace medimirror {
namespace {

constexpr std::int64_t kMega = 1 << 20;

struct BodyTest : testing::Test {
  TemporaryFolder folder;
  std::shared_ptr<Room> room = std::make_shared<Room>(RoomSize{10, 16 * kMega}, folder.path());

  static std::string bytes(std::size_t size) {
    std::string text(size, '\0');
    for (std::size_t i = 0; i < size; ++i) text[i] = static_cast<char>(i * 2'654'435'761U >> 13);
    return text;
  }
  Body filled(const std::string& text, std::size_t step = 60'000) const {
    Body body(room);
    for (std::size_t at = 0; at < text.size(); at += step)
      body.append(std::string_view(text).substr(at, step));
    body.close();
    return body;
  }
  static std::string in_pieces(const Body& body) {
    std::string all;
    body.each_piece([&](std::string_view piece) {
      all += piece;
      return true;
    });
    return all;
  }
  std::int64_t charged() const { return 16 * kMega - room->bytes_left(); }
};

TEST_F(BodyTest, IsWhatCameWhereverItLies) {
  for (const std::size_t size : {std::size_t{0}, std::size_t{1}, std::size_t{70'000}, Body::kInMemoryMax,
                                 Body::kInMemoryMax + 1, std::size_t{9'000'000}}) {
    const std::string text = bytes(size);
    const Body body = filled(text);
    EXPECT_EQ(body.size(), size);
    EXPECT_EQ(body.in_file(), size > Body::kInMemoryMax);
    EXPECT_TRUE(in_pieces(body) == text) << size;
    EXPECT_TRUE(body.head() == std::string_view(text).substr(0, 4096)) << size;
    if (size > 0) {
      EXPECT_TRUE(body.view() == text) << size;
    }
  }
  EXPECT_EQ(charged(), 0) << "all of it was given back";
}

TEST_F(BodyTest, ChargesWhatItHoldsAndInAFileNextToNothing) {
  const Body small = filled(bytes(1'000'000));
  EXPECT_GE(charged(), 1'000'000);
  EXPECT_LE(charged(), 2'100'000);
  const std::int64_t before = charged();
  const Body large = filled(bytes(9'000'000));
  EXPECT_LE(charged() - before, 4096);
}

TEST_F(BodyTest, GoesToAFileWhereThereIsNoMemory) {
  room->charge(16 * kMega - 600'000);
  const std::string text = bytes(3'000'000);
  const Body body = filled(text);
  EXPECT_TRUE(body.in_file());
  EXPECT_TRUE(in_pieces(body) == text);
}

TEST_F(BodyTest, HandsItsChargeOver) {
  Body body = filled(bytes(1'000'000));
  const std::int64_t held = body.detach();
  body = Body();
  EXPECT_EQ(charged(), held);
  room->give_back(held);
  EXPECT_EQ(charged(), 0);
}

TEST_F(BodyTest, OutlivesTheRun) {
  Body body = filled(bytes(9'000'000));
  room.reset();
  EXPECT_EQ(body.view().size(), 9'000'000u);
}

TEST_F(BodyTest, WhatIsPackedIsUnpackedUnderTheSameLimits) {
  const std::string member(
      "\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\x4b\xce\xcf\x2d\x28\x4a\x2d\x2e\x4e\x4d\x51\x28\x49\xad\x28"
      "\x01\x00\xc2\x18\xd8\xd8\x0f\x00\x00\x00",
      35);
  std::string many;
  for (int i = 0; i < 400'000; ++i) many += member;  // 14 MB of 6
  struct Row {
    std::string sent;
    std::uint64_t limit;
    std::size_t size;  // 0: no
  };
  const Row rows[] = {{member, 15, 15},
                      {member, 14, 0},
                      {member.substr(0, 34), 100, 0},
                      {member + "x", 100, 0},
                      {many, 6'000'000, 6'000'000},
                      {many, 5'999'999, 0}};
  for (const Row& row : rows) {
    Body unpacked(room);
    EXPECT_EQ(unpack_gzip(filled(row.sent), row.limit, unpacked), row.size > 0) << row.sent.size();
    EXPECT_LE(unpacked.size(), row.limit);
    if (row.size > 0) {
      EXPECT_EQ(unpacked.size(), row.size);
    }
  }
}

}  // namespace
}  // namespace medimirror
