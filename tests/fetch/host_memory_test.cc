#include "fetch/host_memory.h"

#include <gtest/gtest.h>

namespace medimirror {
namespace {

TEST(HostMemory, IsTheSameAfterBeingTextAndLeavesNonsenseOut) {
  HostMemory memory;
  memory.pauses = {{"https://a.example", WallTime(Millis(1'780'000'000'000))}};
  memory.spacings = {{"https://a.example", std::chrono::microseconds(52'000)},
                     {"http://b.example:8080", std::chrono::microseconds(1)}};
  memory.bans = {{"https://b.example/m/7.jpg?size=huge", WallTime(Millis(1'780'000'000'001))}};
  const HostMemory again =
      parse_host_memory(format_pauses(memory), format_spacings(memory), format_bans(memory));
  EXPECT_EQ(again.pauses, memory.pauses);
  EXPECT_EQ(again.spacings, memory.spacings);
  EXPECT_EQ(again.bans, memory.bans);

  const char* nonsense =
      "\n12\nx https://a\n-5 https://a\n0 https://a\n99999999999999999999 https://a\n7https://a\n8 \n";
  const HostMemory none = parse_host_memory(nonsense, nonsense, nonsense);
  EXPECT_TRUE(none.pauses.empty() && none.spacings.empty() && none.bans.empty());
}

}  // namespace
}  // namespace medimirror
