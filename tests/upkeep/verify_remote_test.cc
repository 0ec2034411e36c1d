#include "upkeep/verify_remote.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "support/fake_transport.h"
#include "upkeep/store_fixture.h"

namespace medimirror {
namespace {

std::string url_of(MediaId id) {
  return fmt::format("https://media.example/{}.jpg", id);
}

struct Remote {
  MirrorFixture mirror;
  ManualClock clock;
  FakeTransport transport{clock};
  StopFlag stop;
  RemoteOptions options;
  std::vector<std::pair<RemoteState, MediaId>> told;

  Remote() {
    options.share = 1;
    options.allowed_hosts = {"media.example"};
    mirror.change([](IndexGroup& group) {
      for (MediaId id = 1; id <= 6; ++id) {
        AssetRecord asset = *group.asset({id, "huge"});
        asset.held_url = asset.url = url_of(id);
        asset.etag = fmt::format("\"{}\"", id);
        group.put_asset({id, "huge"}, asset);
      }
    });
    transport.otherwise(status(304));
  }

  RemoteReport run() {
    told.clear();
    return verify_remote(options, mirror.open(), transport, clock, stop,
                         [&](RemoteState state, const AssetKey& key, const std::string&, const std::string&) {
                           told.emplace_back(state, key.media);
                         });
  }
};

TEST(VerifyRemote, NamesWhatIsStaleGoneAndUnclear) {
  Remote remote;
  remote.transport.on(url_of(2), status(200, "another picture"));
  remote.transport.on(url_of(3), status(200, MirrorFixture::bytes_of(3)));  // the host knows no conditions
  remote.transport.on(url_of(4), status(404));
  remote.transport.on(url_of(5), status(500));
  const RemoteReport report = remote.run();
  std::ranges::sort(remote.told);
  EXPECT_EQ(remote.told,
            (std::vector<std::pair<RemoteState, MediaId>>{
                {RemoteState::stale, 2}, {RemoteState::vanished, 4}, {RemoteState::unclear, 5}}));
  EXPECT_EQ(report.same, 3u);
  EXPECT_EQ(report.asked, 6u);
  EXPECT_TRUE(report.ended_early.empty());
}

TEST(VerifyRemote, AHostThatSaysNotNowIsLeftAlone) {
  for (const int code : {429, 503}) {
    Remote remote;
    remote.transport.on(url_of(1), status(code));
    EXPECT_FALSE(remote.run().ended_early.empty()) << code;
  }
}

TEST(VerifyRemote, FailuresInARowEndIt) {
  Remote remote;
  remote.transport.otherwise(status(500));
  remote.options.failures_max = 3;
  const RemoteReport report = remote.run();
  EXPECT_FALSE(report.ended_early.empty());
  EXPECT_EQ(report.same + report.stale + report.vanished, 0u);
}

TEST(VerifyRemote, TheBudgetAndTheSampleBoundTheRequests) {
  Remote remote;
  remote.options.requests_max = 2;
  EXPECT_EQ(remote.run().asked, 2u);
  remote.options.share = 0;
  EXPECT_EQ(remote.run().asked, 0u);
}

TEST(VerifyRemote, OtherHostsAndAssetsWithoutValidatorsAreNotAsked) {
  Remote remote;
  remote.mirror.change([](IndexGroup& group) {
    AssetRecord asset = *group.asset({1, "huge"});
    asset.held_url = "https://elsewhere.example/1.jpg";
    group.put_asset({1, "huge"}, asset);
    asset = *group.asset({2, "huge"});
    asset.etag.clear();
    group.put_asset({2, "huge"}, asset);
  });
  const RemoteReport report = remote.run();
  EXPECT_EQ(report.asked, 4u);
  EXPECT_EQ(report.unclear, 1u);
  EXPECT_EQ(report.without_validators, 1u);
}

}  // namespace
}  // namespace medimirror
