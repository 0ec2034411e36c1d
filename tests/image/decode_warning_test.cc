#include "image/decode_warning.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace medimirror {
namespace {

struct Row {
  std::string name;
  std::vector<std::string> warnings;
  RejectionReason refused{};
  std::string note, irregularity = "";
};

TEST(JudgeWarnings, TellsDamageFromOddity) {
  const RejectionReason damaged = RejectionReason::damaged, truncated = RejectionReason::truncated;
  const Row rows[] = {
      {"nothing", {}, {}, ""},
      {"end", {"gifload_buffer: truncated frame"}, truncated, ""},
      {"checksum", {"IDAT: CRC error"}, damaged, ""},
      {"behind an oddity", {"ignoring icc profile", "webp: corrupt frame"}, damaged, ""},
      {"every AVIF", {"heifload: ignoring nclx profile"}, {}, ""},
      {"profile", {"ignoring icc profile"}, {}, "ignoring icc profile"},
      {"text of a PNG", {"zTXt: truncated"}, {}, "", "zTXt: truncated"},
      {"profile of a PNG", {"iCCP: too short", "iCCP: too short"}, {}, "", "iCCP: too short"},
      {"behind the pixels", {"IDAT: Extra compressed data"}, {}, "", "IDAT: Extra compressed data"},
      {"behind something irregular", {"iCCP: too short", "IDAT: CRC error"}, damaged, ""},
      {"transparency of a PNG", {"tRNS: CRC error"}, damaged, ""},
      {"two", {"ignoring icc profile", "something else"}, {}, "ignoring icc profile"},
  };
  for (const Row& row : rows) {
    const WarningVerdict verdict = judge_warnings(row.warnings);
    EXPECT_EQ(verdict.refused ? verdict.refused->reason : RejectionReason{}, row.refused) << row.name;
    EXPECT_EQ(verdict.note, row.note) << row.name;
    EXPECT_EQ(verdict.irregularity, row.irregularity) << row.name;
  }
}

TEST(JudgeError, TellsWhatIsNotKnownFromDamage) {
  const Rejection unknown =
      judge_error("heif: Unsupported feature: Unsupported item construction method (4.3001)");
  EXPECT_EQ(unknown.reason, RejectionReason::unsupported);
  EXPECT_TRUE(
      unknown.detail.ends_with(": Unsupported feature: Unsupported item construction method (4.3001)"));
  EXPECT_EQ(judge_error("heif: Invalid input: No 'ispe' property (2.118)").reason, RejectionReason::damaged);
  EXPECT_EQ(judge_error("webp: truncated").reason, RejectionReason::truncated);
}

}  // namespace
}  // namespace medimirror
