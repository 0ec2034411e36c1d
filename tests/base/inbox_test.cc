#include "base/inbox.h"

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <numeric>
#include <thread>
#include <vector>

namespace medimirror {
namespace {

TEST(InboxTest, TakesInOrderAndAllAtOnce) {
  Inbox<int> inbox(10);
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(inbox.push(i));
  EXPECT_EQ(inbox.take(), 0);
  const std::deque<int> rest = inbox.take_all();
  EXPECT_EQ(rest, (std::deque<int>{1, 2, 3, 4}));
}

TEST(InboxTest, MessagesAreMoved) {
  Inbox<std::unique_ptr<int>> inbox(1);
  inbox.push(std::make_unique<int>(7));
  EXPECT_EQ(**inbox.take(), 7);
}

TEST(InboxTest, AfterCloseWhatIsLeftIsHandedOutAndNothingGoesIn) {
  Inbox<int> inbox(10);
  inbox.push(1);
  inbox.close();
  EXPECT_FALSE(inbox.push(2));
  EXPECT_EQ(inbox.take(), 1);
  EXPECT_EQ(inbox.take(), std::nullopt);
  EXPECT_TRUE(inbox.take_all().empty());
}

TEST(InboxTest, CloseWakesWhoWaitsForRoomAndWhoWaitsForMessages) {
  Inbox<int> full(1), empty(1);
  full.push(1);
  std::jthread pusher([&] { EXPECT_FALSE(full.push(2)); });
  std::jthread taker([&] { EXPECT_EQ(empty.take(), std::nullopt); });
  full.close();
  empty.close();
}

TEST(InboxTest, GatheringEndsWithEnoughFullClosedHurriedOrAtItsTime) {
  const SteadyTime never = std::chrono::steady_clock::now() + std::chrono::hours(1);
  Inbox<int> inbox(4);
  std::jthread pusher([&] {
    inbox.push(1);
    inbox.push(2);
  });
  EXPECT_EQ(inbox.gather(never, 2), (std::deque<int>{1, 2}));
  pusher.join();

  std::jthread filler([&] {
    for (int i = 0; i < 4; ++i) inbox.push(i);
  });
  EXPECT_EQ(inbox.gather(never, 1000), (std::deque<int>{0, 1, 2, 3}));
  filler.join();

  inbox.push(3);
  inbox.hurry();
  EXPECT_EQ(inbox.gather(never, 4), std::deque<int>{3});

  inbox.push(4);
  EXPECT_EQ(inbox.gather(std::chrono::steady_clock::now(), 4), std::deque<int>{4});

  inbox.push(5);
  std::jthread closer([&] { inbox.close(); });
  EXPECT_EQ(inbox.gather(never, 4), std::deque<int>{5});
  EXPECT_TRUE(inbox.gather(never, 4).empty());
}

TEST(InboxTest, NothingIsLostBetweenManyThreads) {
  constexpr int kPushers = 4, kMessages = 20'000;
  Inbox<int> inbox(16);
  long long sum = 0;
  bool gathers = false;
  std::jthread taker([&] {
    for (;;) {
      const std::deque<int> messages =
          gathers ? inbox.gather(std::chrono::steady_clock::now() + Millis(1), 8) : inbox.take_all();
      if (messages.empty()) return;
      gathers = !gathers;
      sum = std::accumulate(messages.begin(), messages.end(), sum);
    }
  });
  {
    std::vector<std::jthread> pushers;
    for (int p = 0; p < kPushers; ++p)
      pushers.emplace_back([&] {
        for (int i = 1; i <= kMessages; ++i) inbox.push(i);
      });
  }
  inbox.close();
  taker.join();
  EXPECT_EQ(sum, static_cast<long long>(kPushers) * kMessages * (kMessages + 1) / 2);
}

}  // namespace
}  // namespace medimirror
