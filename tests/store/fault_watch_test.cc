// What LMDB does with a page that was written over ends with the sentence that says what to do.
#include "store/fault_watch.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <cstring>

namespace medimirror {
namespace {

// Sanitizers have handlers of their own for these.
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)

void read_from(volatile const char* address) {
  std::exit(*address + 2);
}

TEST(FaultWatchDeathTest, AFaultFarFromZeroIsTheIndex) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(
      {
        const FaultWatch watch("/mirror/store/index");
        read_from(
            static_cast<const char*>(::mmap(nullptr, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)));
      },
      testing::ExitedWithCode(1), "/mirror/store/index is damaged.*run medimirror rebuild");
}

#if defined(__x86_64__)
TEST(FaultWatchDeathTest, AnAddressThatCannotBeIsTheIndex) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(
      {
        const FaultWatch watch("/mirror/store/index");
        std::uint64_t garbage = 0xDEAD'BEEF'DEAD'BEEF;
        const char* address = nullptr;
        std::memcpy(&address, &garbage, sizeof address);
        read_from(address);
      },
      testing::ExitedWithCode(1), "run medimirror rebuild");
}
#endif

TEST(FaultWatchDeathTest, AFaultAtZeroIsOurs) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(
      {
        const FaultWatch watch("/mirror/store/index");
        read_from(nullptr);
      },
      testing::KilledBySignal(SIGSEGV), "");
}

TEST(FaultWatchDeathTest, OneThatWasSentIsNone) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(
      {
        const FaultWatch watch("/mirror/store/index");
        ::kill(::getpid(), SIGSEGV);
        std::exit(2);
      },
      testing::KilledBySignal(SIGSEGV), "");
}

TEST(FaultWatchDeathTest, WithoutAnIndexThereIsNothingToSay) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(
      {
        { const FaultWatch watch("/mirror/store/index"); }
        read_from(
            static_cast<const char*>(::mmap(nullptr, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)));
      },
      testing::KilledBySignal(SIGSEGV), "");
}

#endif

}  // namespace
}  // namespace medimirror
