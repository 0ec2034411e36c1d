#include "http/gzip.h"

#include <gtest/gtest.h>

namespace medimirror {
namespace {

// "compressed text"
const std::string kMember(
    "\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\x4b\xce\xcf\x2d\x28\x4a\x2d\x2e\x4e\x4d\x51\x28\x49\xad\x28"
    "\x01\x00"
    "\xc2\x18\xd8\xd8\x0f\x00\x00\x00",
    35);
const std::string kText = "compressed text";

TEST(StreamUnpacker, HandsOnWhatIsMeantHoweverItIsTorn) {
  struct Row {
    std::string sent, text;
    bool damaged = false;
  };
  std::string broken = kMember;
  broken[12] = '\xff';
  const Row rows[] = {
      {"", ""},
      {"{\"meta\"", "{\"meta\""},
      {"\x1f plain", "\x1f plain"},
      {kMember, kText},
      {kMember + kMember + kMember, kText + kText + kText},
      {kMember.substr(0, 30), kText},
      {kMember + broken, kText, true},
      {kMember + "tail", kText, true},
  };
  for (const Row& row : rows)
    for (std::size_t step = 1; step <= row.sent.size() + 1; ++step) {
      StreamUnpacker unpacker;
      std::string text;
      bool on = true;
      for (std::size_t at = 0; at < row.sent.size() && on; at += step)
        on = unpacker.feed(std::string_view(row.sent).substr(at, step), [&](std::string_view piece) {
          text += piece;
          return true;
        });
      EXPECT_EQ(on, !row.damaged) << step;
      EXPECT_EQ(unpacker.damaged(), row.damaged) << step;
      EXPECT_EQ(text.substr(0, row.text.size()), row.text) << step;
      if (!row.damaged) {
        EXPECT_EQ(text.size(), row.text.size()) << step;
      }
    }
}

TEST(StreamUnpacker, StopsWhenItsReaderWantsNoMore) {
  StreamUnpacker unpacker;
  EXPECT_FALSE(unpacker.feed(kMember, [](std::string_view) { return false; }));
  EXPECT_FALSE(unpacker.damaged());
}

}  // namespace
}  // namespace medimirror
