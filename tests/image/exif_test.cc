#include "image/exif.h"

#include <gtest/gtest.h>

#include <string>

namespace medimirror {
namespace {

using namespace std::string_literals;

const std::string kLittleHead = "II*\0\x08\0\0\0"s, kBigHead = "MM\0*\0\0\0\x08"s;
const std::string kLittle6 = "\x12\x01\x03\0\x01\0\0\0\x06\0\0\0"s,
                  kBig8 = "\x01\x12\0\x03\0\0\0\x01\0\x08\0\0"s;
const std::string kLittleOther = "\x0f\x01\x02\0\x04\0\0\0abc\0"s;

TEST(ExifOrientation, Table) {
  struct {
    const char* name;
    std::string tiff;
    int orientation;
  } const rows[] = {
      {"little", kLittleHead + "\x01\0"s + kLittle6, 6},
      {"big", kBigHead + "\0\x01"s + kBig8, 8},
      {"behind another", kLittleHead + "\x02\0"s + kLittleOther + kLittle6, 6},
      {"none", kLittleHead + "\x01\0"s + kLittleOther, 1},
      {"none at all", kLittleHead + "\0\0"s, 1},
      {"no TIFF", "hello, world", 1},
      {"empty", "", 1},
      {"directory far away", "II*\0\xff\xff\xff\xff"s + kLittle6, 1},
      {"cut in its entry", kLittleHead + "\x01\0\x12\x01\x03"s, 1},
      {"more entries promised than there are", kLittleHead + "\xff\xff"s + kLittleOther, 1},
      {"nine", kLittleHead + "\x01\0\x12\x01\x03\0\x01\0\0\0\x09\0\0\0"s, 1},
      {"zero", kLittleHead + "\x01\0\x12\x01\x03\0\x01\0\0\0\0\0\0\0"s, 1},
      {"of another type", kLittleHead + "\x01\0\x12\x01\x04\0\x01\0\0\0\x06\0\0\0"s, 1},
  };
  for (const auto& row : rows) EXPECT_EQ(exif_orientation(row.tiff), row.orientation) << row.name;
}

}  // namespace
}  // namespace medimirror
