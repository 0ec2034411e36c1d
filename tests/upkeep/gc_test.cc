// What counts stays, what does not goes, and a kill in between costs nothing.
#include "upkeep/gc.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "fetch/adopted_names.h"
#include "history/history.h"
#include "store/setting_names.h"
#include "upkeep/store_fixture.h"

namespace medimirror {
namespace {

namespace fs = std::filesystem;
using M = MirrorFixture;

constexpr UnixSeconds kDay = 86'400;

void retire(M& mirror, MediaId id, UnixSeconds days_ago, bool publish = true) {
  const UnixSeconds at = mirror.clock().unix_now() - days_ago * kDay;
  mirror.change([&](IndexGroup& group) {
    AssetRecord asset = *group.asset({id, "huge"});
    asset.state = AssetState::retired;
    asset.retired_at = at;
    group.put_asset({id, "huge"}, asset);
    group.mark_unpublished({id, "huge"});
  });
  if (publish) mirror.publish();
}

bool holds(M& mirror, const Digest& digest) {
  const bool recorded = mirror.open().view().blob(digest).has_value();
  mirror.close();
  EXPECT_EQ(recorded, fs::exists(mirror.blob(digest))) << digest.hex();
  return recorded;
}

TEST(Gc, LeavesAMirrorThatNeedsAllOfIt) {
  M mirror;
  const GcReport report = mirror.gc_with(mirror.gc_options());
  EXPECT_EQ(report.blobs.files, 0u);
  EXPECT_EQ(report.kept_blobs, 12u);
  EXPECT_EQ(mirror.verify_at(VerifyDepth::content), M::Found{});
}

TEST(Gc, AClockThatIsYearsAheadEndsNoGracePeriod) {
  M mirror;
  retire(mirror, 3, 3651);  // yesterday: the fixture's clock is ten years ahead
  mirror.change([&](IndexGroup& group) {
    group.put_setting(kCursorSetting, std::to_string(mirror.clock().unix_now() - 3650 * kDay));
  });
  retire(mirror, 2, 3651);
  EXPECT_EQ(mirror.gc_with(mirror.gc_options()).assets, 0u);
  EXPECT_TRUE(holds(mirror, M::digest_of(2)));
  EXPECT_TRUE(holds(mirror, M::digest_of(3)));
}

TEST(Gc, DropsWhatIsRetiredPastTheGracePeriod) {
  M mirror;
  retire(mirror, 2, 13);
  retire(mirror, 3, 15);
  const GcReport report = mirror.gc_with(mirror.gc_options());
  EXPECT_EQ(report.assets, 1u);
  EXPECT_EQ(report.media, 1u);
  EXPECT_EQ(report.derivatives, 1u);
  EXPECT_EQ(report.blobs.files, 2u);
  EXPECT_EQ(report.blobs.bytes, M::bytes_of(3).size() + M::thumb_bytes_of(3).size());
  EXPECT_TRUE(holds(mirror, M::digest_of(2)));
  EXPECT_TRUE(holds(mirror, M::thumb_of(2)));
  EXPECT_FALSE(holds(mirror, M::digest_of(3)));
  EXPECT_FALSE(holds(mirror, M::thumb_of(3)));
  EXPECT_EQ(mirror.open().view().asset({3, "huge"}), std::nullopt);
  EXPECT_EQ(mirror.verify_at(VerifyDepth::content), M::Found{});
}

TEST(Gc, KeepsWhatIsStillPublished) {
  M mirror;
  retire(mirror, 3, 100, false);  // the publish that takes it out has not been yet
  const GcReport report = mirror.gc_with(mirror.gc_options());
  EXPECT_EQ(report.assets, 0u);
  EXPECT_EQ(report.blobs.files, 0u);
  mirror.publish();
  EXPECT_EQ(mirror.gc_with(mirror.gc_options()).blobs.files, 2u);
  EXPECT_EQ(mirror.verify_at(VerifyDepth::content), M::Found{});
}

TEST(Gc, KeepsWhatAKeptRunPublished) {
  M mirror;
  const UnixSeconds now = mirror.clock().unix_now();
  keep_history(mirror.store(), 1, now - 20 * kDay, mirror.open().view());
  mirror.close();
  retire(mirror, 3, 100);
  keep_history(mirror.store(), 2, now - 2 * kDay, mirror.open().view());
  mirror.close();
  GcOptions options = mirror.gc_options();
  EXPECT_EQ(mirror.gc_with(options).blobs.files, 0u);  // run 1's tree was in force until two days ago
  options.keep = std::chrono::hours(24);
  EXPECT_EQ(mirror.gc_with(options).blobs.files, 2u);
}

TEST(Gc, DropsDerivativesOfOtherRecipes) {
  M mirror;
  retire(mirror, 1, 0);
  GcOptions options = mirror.gc_options();
  options.recipes.clear();
  const GcReport report = mirror.gc_with(options);
  EXPECT_EQ(report.derivatives, 6u);
  EXPECT_EQ(report.blobs.files, 1u);  // of the others the thumbs are published still
  EXPECT_TRUE(holds(mirror, M::thumb_of(2)));
  EXPECT_FALSE(holds(mirror, M::thumb_of(1)));
}

TEST(Gc, KeepsAPictureThatAnotherAssetHoldsToo) {
  M mirror;
  mirror.change([](IndexGroup& group) { group.put_asset({50, "huge"}, *group.asset({3, "huge"})); });
  retire(mirror, 3, 100);
  mirror.gc_with(mirror.gc_options());
  EXPECT_TRUE(holds(mirror, M::digest_of(3)));
  EXPECT_TRUE(holds(mirror, M::thumb_of(3)));
}

TEST(Gc, RemovesWhatKilledRunsLeft) {
  M mirror;
  const Digest unknown = sha256("left");
  put_in_place_of(mirror.blob(unknown), "left");
  put_in_place_of(mirror.store() / "tmp" / "123-4", "staged");
  mirror.change([](IndexGroup& group) { group.put_blob(sha256("record without a file"), {}); });
  const GcReport report = mirror.gc_with(mirror.gc_options());
  EXPECT_EQ(report.blobs.files, 1u);
  EXPECT_EQ(report.staged.files, 1u);
  EXPECT_EQ(report.records, 1u);
  EXPECT_FALSE(fs::exists(mirror.blob(unknown)));
  EXPECT_FALSE(fs::exists(mirror.store() / "tmp" / "123-4"));
  EXPECT_EQ(mirror.verify_at(VerifyDepth::content), M::Found{});
}

TEST(Gc, DryRunOnlyPrices) {
  M mirror;
  retire(mirror, 3, 100);
  GcOptions options = mirror.gc_options();
  options.dry_run = true;
  const GcReport report = mirror.gc_with(options);
  EXPECT_EQ(report.blobs.files, 2u);
  EXPECT_TRUE(holds(mirror, M::digest_of(3)));
  EXPECT_TRUE(mirror.open().view().asset({3, "huge"}).has_value());
}

TEST(Gc, LeavesForeignFilesAlone) {
  M mirror;
  const fs::path file = mirror.store() / "blobs" / "ab" / "notes.txt";
  put_in_place_of(file, "mine");
  mirror.gc_with(mirror.gc_options());
  EXPECT_TRUE(fs::exists(file));
}

TEST(Gc, TouchesNothingWithoutAWholeIndex) {
  M mirror;
  mirror.close();
  fs::remove_all(mirror.store() / "index");
  EXPECT_THROW(mirror.gc_with(mirror.gc_options()), Error);
  EXPECT_TRUE(fs::exists(mirror.blob(M::digest_of(3))));
  EXPECT_FALSE(fs::exists(mirror.store() / "index"));
}

// Killed when it has priced, and the files of the group went without the next: the next gc takes the rest.
TEST(Gc, GoesOnWhereAKilledOneStopped) {
  M mirror;
  retire(mirror, 3, 100);
  retire(mirror, 4, 100);
  // as after a kill between the index's group and the files
  mirror.change([](IndexGroup& group) { group.remove_blob(M::digest_of(3)); });
  // and, on a full disk, between the files and the index's group
  fs::remove(mirror.blob(M::thumb_of(4)));
  mirror.change([](IndexGroup& group) {
    for (MediaId id : {3, 4}) {
      group.remove_asset({id, "huge"});
      group.remove_derivative({M::digest_of(id), M::recipe().key()});
    }
  });
  for (const auto& [kind, subject] : mirror.verify_at(VerifyDepth::content))
    EXPECT_TRUE(kind == "unknown_blob" || kind == "unused_record") << kind << ' ' << subject;
  mirror.gc_with(mirror.gc_options());
  for (MediaId id : {3, 4}) {
    EXPECT_FALSE(holds(mirror, M::digest_of(id)));
    EXPECT_FALSE(holds(mirror, M::thumb_of(id)));
  }
  EXPECT_EQ(mirror.verify_at(VerifyDepth::content), M::Found{});
}

// ---------------------------------------------------------------- what was adopted

// As adopt leaves a picture that no asset asks for yet: blob, record, and a name that leads to it.
Digest adopt_one(M& mirror, const std::string& bytes) {
  const Digest digest = mirror.keep_unnamed(bytes);
  write_adopted_names(mirror.store(), {{hash_of_name("id 77 huge"), digest}});
  return digest;
}

void end_a_complete_sync(M& mirror, UnixSeconds started) {
  mirror.change([&](IndexGroup& group) { group.put_run(5, {started, started + 1, 0, true, "{}"}); });
}

TEST(Gc, WhatWasAdoptedWaitsForTheFirstCompleteSync) {
  M mirror;
  end_a_complete_sync(mirror, mirror.clock().unix_now() - kDay);  // before it was adopted
  const Digest adopted = adopt_one(mirror, "adopted picture");
  const Digest nameless = mirror.keep_unnamed("a picture that no name leads to");
  GcOptions options = mirror.gc_options();
  options.keep = std::chrono::seconds(0);
  const GcReport report = mirror.gc_with(options);
  EXPECT_TRUE(holds(mirror, adopted));
  EXPECT_FALSE(holds(mirror, nameless));
  EXPECT_EQ(report.blobs.files, 1u);

  // a sync has looked for it and the grace period is over
  end_a_complete_sync(mirror, mirror.clock().unix_now() + 10);
  mirror.gc_with(options);
  EXPECT_FALSE(holds(mirror, adopted));
}

TEST(Gc, WhatWasAdoptedHasTheGracePeriodToo) {
  M mirror;
  const Digest adopted = adopt_one(mirror, "adopted picture");
  end_a_complete_sync(mirror, mirror.clock().unix_now() + 10);
  mirror.gc_with(mirror.gc_options());
  EXPECT_TRUE(holds(mirror, adopted));
}

// ---------------------------------------------------------------- quarantine

TEST(Gc, GivesBackWhatRepairSetAsideLongAgo) {
  M mirror;
  overwrite(mirror.blob(M::digest_of(1)), "bad bytes");
  mirror.repair_all();
  const fs::path bad = mirror.store() / "quarantine" / M::digest_of(1).hex();
  ASSERT_TRUE(fs::exists(bad));

  GcReport report = mirror.gc_with(mirror.gc_options());  // not yet
  EXPECT_EQ(report.quarantined.files, 0u);
  EXPECT_TRUE(fs::exists(bad));

  GcOptions options = mirror.gc_options();
  options.keep = std::chrono::seconds(0);
  options.dry_run = true;
  report = mirror.gc_with(options);
  EXPECT_GE(report.quarantined.files, 1u);
  EXPECT_GE(report.quarantined.bytes, 9u);
  EXPECT_TRUE(fs::exists(bad));
  options.dry_run = false;
  EXPECT_EQ(mirror.gc_with(options).quarantined.files, report.quarantined.files);
  EXPECT_FALSE(fs::exists(bad));
  EXPECT_TRUE(fs::is_empty(mirror.store() / "quarantine"));
}

TEST(Gc, NeverGivesBackTheLastCopyOfBytesThatHashRight) {
  M mirror;
  const fs::path quarantine = mirror.store() / "quarantine";
  fs::create_directories(quarantine / "media/huge");
  const auto put = [&](const fs::path& path, const std::string& bytes) {
    replace_file(path, bytes);
    return path;
  };
  // right bytes, and the blob is gone: under its own name, and as a published file
  fs::remove(mirror.blob(M::digest_of(2)));
  fs::remove(mirror.blob(M::digest_of(3)));
  const fs::path last = put(quarantine / (M::digest_of(2).hex() + ".2"), M::bytes_of(2));
  const fs::path file = put(quarantine / "media/huge/3.jpg", M::bytes_of(3));
  // right bytes whose blob there is but holds others
  overwrite(mirror.blob(M::digest_of(5)), M::bytes_of(6));
  const fs::path beside_damage = put(quarantine / M::digest_of(5).hex(), M::bytes_of(5));
  // the store has these; these are wrong; these are nobody's
  const fs::path twin = put(quarantine / M::digest_of(4).hex(), M::bytes_of(4));
  const fs::path wrong = put(quarantine / M::digest_of(1).hex(), "wrong");
  const fs::path foreign = put(quarantine / "media/huge/notes.txt", "notes");
  GcOptions options = mirror.gc_options();
  options.keep = std::chrono::seconds(0);
  const GcReport report = mirror.gc_with(options);
  EXPECT_EQ(report.last_copies, 3u);
  EXPECT_EQ(report.quarantined.files, 3u);
  for (const fs::path& path : {last, file, beside_damage}) EXPECT_TRUE(fs::exists(path)) << path;
  for (const fs::path& path : {twin, wrong, foreign}) EXPECT_FALSE(fs::exists(path)) << path;
}

TEST(Gc, AStopBeforeAnythingIsRemovedChangesNothing) {
  M mirror;
  const Digest unnamed = mirror.keep_unnamed("nothing asks for it");
  mirror.stop().request();
  try {
    mirror.gc_with(mirror.gc_options());
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::interrupted);
  }
  EXPECT_TRUE(fs::exists(mirror.blob(unnamed)));
}

}  // namespace
}  // namespace medimirror
