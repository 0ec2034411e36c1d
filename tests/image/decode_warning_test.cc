#include "image/decode_warning.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace medimirror {
namespace {

struct Row {
  std::string name;
  std::vector<std::string> warnings;
  std::uint32_t scans;
  RejectionReason refused{};
  std::string note;
};

TEST(JudgeWarnings, TellsDamageFromOddity) {
  const RejectionReason damaged = RejectionReason::damaged, truncated = RejectionReason::truncated;
  const std::string one = "read gave 1 warnings";
  const Row rows[] = {
      {"nothing", {}, 1, {}, ""},
      {"end", {one, "VipsJpeg: Premature end of JPEG file"}, 1, truncated, ""},
      {"segment", {one, "VipsJpeg: Corrupt JPEG data: premature end of data segment"}, 1, damaged, ""},
      {"code", {one, "VipsJpeg: Corrupt JPEG data: bad Huffman code"}, 1, damaged, ""},
      {"marker", {one, "VipsJpeg: Corrupt JPEG data: found marker 0xd9 instead of RST3"}, 1, damaged, ""},
      {"one stray",
       {one, "VipsJpeg: Corrupt JPEG data: 1 extraneous bytes before marker 0xd9"},
       1,
       {},
       "VipsJpeg: Corrupt JPEG data: 1 extraneous bytes before marker 0xd9"},
      {"two strays",
       {one, "Corrupt JPEG data: 2 extraneous bytes before marker 0xd9"},
       1,
       {},
       "Corrupt JPEG data: 2 extraneous bytes before marker 0xd9"},
      {"three strays", {one, "Corrupt JPEG data: 3 extraneous bytes before marker 0xd9"}, 1, damaged, ""},
      {"twelve strays", {one, "Corrupt JPEG data: 12 extraneous bytes before marker 0xd9"}, 1, damaged, ""},
      {"stray at restart", {one, "Corrupt JPEG data: 1 extraneous bytes before marker 0xd3"}, 1, damaged, ""},
      {"odd scan",
       {one, "VipsJpeg: Invalid SOS parameters for sequential JPEG"},
       1,
       {},
       "VipsJpeg: Invalid SOS parameters for sequential JPEG"},
      {"odd scans",
       {"read gave 3 warnings", "Invalid SOS parameters for sequential JPEG"},
       3,
       {},
       "Invalid SOS parameters for sequential JPEG"},
      {"odd scan, and something hidden", {"read gave 2 warnings", "Invalid SOS parameters"}, 1, damaged, ""},
      {"transform",
       {one, "VipsJpeg: Unknown Adobe color transform code 7"},
       1,
       {},
       "VipsJpeg: Unknown Adobe color transform code 7"},
      {"transform, and something hidden",
       {"read gave 2 warnings", "Unknown Adobe color transform code 7"},
       1,
       damaged,
       ""},
      {"every AVIF", {"heifload: ignoring nclx profile"}, 0, {}, ""},
      {"profile", {"ignoring icc profile"}, 0, {}, "ignoring icc profile"},
  };
  for (const Row& row : rows) {
    const WarningVerdict verdict = judge_warnings(row.warnings, row.scans);
    EXPECT_EQ(verdict.refused ? verdict.refused->reason : RejectionReason{}, row.refused) << row.name;
    EXPECT_EQ(verdict.note, row.note) << row.name;
  }
}

}  // namespace
}  // namespace medimirror
