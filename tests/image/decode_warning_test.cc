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
  std::string note;
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
      {"two", {"ignoring icc profile", "something else"}, {}, "ignoring icc profile"},
  };
  for (const Row& row : rows) {
    const WarningVerdict verdict = judge_warnings(row.warnings);
    EXPECT_EQ(verdict.refused ? verdict.refused->reason : RejectionReason{}, row.refused) << row.name;
    EXPECT_EQ(verdict.note, row.note) << row.name;
  }
}

}  // namespace
}  // namespace medimirror
