#include "base/parallel.h"

#include <gtest/gtest.h>

#include <stdexcept>

namespace medimirror {
namespace {

TEST(Parallel, EachNumberIsWorkedOnOnce) {
  for (const std::size_t count : {0U, 1U, 5U, 1000U}) {
    std::vector<std::atomic<int>> times(count);
    for_each_in_parallel(count, 4, [&](std::size_t i) { ++times[i]; });
    EXPECT_TRUE(std::ranges::all_of(times, [](const std::atomic<int>& each) { return each == 1; })) << count;
  }
}

TEST(Parallel, TheFirstFailureStopsTheRestAndIsThrown) {
  std::atomic<int> worked{0};
  EXPECT_THROW(for_each_in_parallel(1'000'000, 4,
                                    [&](std::size_t i) {
                                      if (i == 10) throw std::runtime_error("no");
                                      ++worked;
                                    }),
               std::runtime_error);
  EXPECT_LT(worked, 999'999);
}

}  // namespace
}  // namespace medimirror
