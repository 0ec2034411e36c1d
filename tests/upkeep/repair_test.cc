// After a repair verify is clean, what was lost is wanted again, and no last copy is gone.
#include "upkeep/repair.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <functional>

#include "base/error.h"
#include "history/history.h"
#include "history/undo.h"
#include "upkeep/store_fixture.h"

namespace medimirror {
namespace {

namespace fs = std::filesystem;
using M = MirrorFixture;
using Found = M::Found;

struct Damage {
  std::string name;
  std::function<void(M&)> make;
  std::vector<MediaId> wanted;    // afterwards
  std::vector<std::string> kept;  // contents that quarantine must hold
};

void PrintTo(const Damage& damage, std::ostream* out) {
  *out << damage.name;
}

std::string flipped(MediaId id) {
  std::string bytes = M::bytes_of(id);
  bytes[bytes.size() / 2] = static_cast<char>(bytes[bytes.size() / 2] ^ 1);
  return bytes;
}

void swap_blobs(M& m, MediaId a, MediaId b) {
  const fs::path first = m.blob(M::digest_of(a)), second = m.blob(M::digest_of(b));
  fs::rename(first, m.store() / "x");
  fs::rename(second, first);
  fs::rename(m.store() / "x", second);
}

std::vector<Damage> damages() {
  return {
      {"flipped", [](M& m) { flip_a_bit(m.blob(M::digest_of(3))); }, {3}, {flipped(3)}},
      {"truncated", [](M& m) { overwrite(m.blob(M::digest_of(3)), "pic"); }, {3}, {"pic"}},
      {"emptied", [](M& m) { overwrite(m.blob(M::digest_of(3)), ""); }, {3}, {""}},
      {"deleted_everywhere",
       [](M& m) {
         fs::remove(m.blob(M::digest_of(3)));
         fs::remove(m.media() / M::path_of(3));
       },
       {3},
       {}},
      {"deleted_but_published", [](M& m) { fs::remove(m.blob(M::digest_of(3))); }, {}, {}},
      {"replaced_but_published", [](M& m) { put_in_place_of(m.blob(M::digest_of(3)), "bad"); }, {}, {"bad"}},
      {"swapped", [](M& m) { swap_blobs(m, 3, 4); }, {}, {}},
      {"swapped_and_not_published",
       [](M& m) {
         swap_blobs(m, 3, 4);
         fs::remove(m.media() / M::path_of(3));
         fs::remove(m.media() / M::path_of(4));
       },
       {},
       {}},
      {"derivative_flipped", [](M& m) { flip_a_bit(m.blob(M::thumb_of(3))); }, {}, {}},
      {"derivative_deleted",
       [](M& m) {
         fs::remove(m.blob(M::thumb_of(3)));
         fs::remove(m.media() / M::thumb_path_of(3));
       },
       {},
       {}},
      {"writable", [](M& m) { fs::permissions(m.blob(M::digest_of(3)), fs::perms(0600)); }, {}, {}},
      {"foreign",
       [](M& m) { put_in_place_of(m.store() / "blobs" / "ab" / "x", "somebody's"); },
       {},
       {"somebody's"}},
      {"extra",
       [](M& m) { put_in_place_of(m.media() / "huge" / "0" / "x", "somebody's"); },
       {},
       {"somebody's"}},
      {"asset_without_blob",
       [](M& m) {
         m.change([](IndexGroup& g) {
           AssetRecord asset = *g.asset({3, "huge"});
           asset.digest = sha256("never kept");
           g.put_asset({3, "huge"}, asset);
         });
       },
       {3},
       {}},
      {"published_missing", [](M& m) { fs::remove(m.media() / M::path_of(3)); }, {}, {}},
      {"published_replaced",
       [](M& m) { put_in_place_of(m.media() / M::path_of(3), "edited"); },
       {},
       {"edited"}},
      {"published_replaced_and_blob_gone",
       [](M& m) {
         put_in_place_of(m.media() / M::path_of(3), "edited");
         fs::remove(m.blob(M::digest_of(3)));
       },
       {3},
       {"edited"}},
      {"folder_in_the_way",
       [](M& m) {
         fs::remove(m.media() / M::path_of(3));
         fs::create_directory(m.media() / M::path_of(3));
       },
       {},
       {}},
      {"manifest", [](M& m) { overwrite(m.media() / "manifest.jsonl", "{}\n"); }, {}, {}},
      {"manifest_line_changed", [](M& m) { flip_a_bit(m.media() / "manifest.jsonl"); }, {}, {}},
      {"sums_gone", [](M& m) { fs::remove(m.media() / "SHA256SUMS"); }, {}, {}},
      {"unused_record",
       [](M& m) { m.change([](IndexGroup& g) { g.put_blob(sha256("gone"), {}); }); },
       {},
       {}},
      {"all_at_once",
       [](M& m) {
         flip_a_bit(m.blob(M::digest_of(1)));
         fs::remove(m.blob(M::digest_of(2)));
         swap_blobs(m, 3, 4);
         overwrite(m.blob(M::digest_of(5)), "");
         fs::remove(m.media() / M::path_of(6));
         overwrite(m.media() / "SHA256SUMS", "");
         put_in_place_of(m.store() / "blobs" / "x", "somebody's");
       },
       {1, 5},
       {flipped(1), "", "somebody's"}},
  };
}

std::vector<MediaId> wanted_in(M& mirror) {
  std::vector<MediaId> wanted;
  for (const AssetKey& key : mirror.open().view().queued(std::nullopt, 100)) wanted.push_back(key.media);
  mirror.close();
  return wanted;
}

bool quarantine_holds(M& mirror, const std::string& bytes) {
  const fs::path folder = mirror.store() / "quarantine";
  if (!fs::exists(folder)) return false;
  for (const auto& entry : fs::recursive_directory_iterator(folder))
    if (entry.is_regular_file() && read_file(entry.path()) == bytes) return true;
  return false;
}

// What is not wanted again is there, and right.
void expect_the_rest_intact(M& mirror, const std::vector<MediaId>& wanted) {
  for (MediaId id = 1; id <= 6; ++id) {
    const bool lost = std::ranges::find(wanted, id) != wanted.end();
    EXPECT_EQ(fs::exists(mirror.media() / M::path_of(id)), !lost) << id;
    if (!lost) {
      EXPECT_EQ(read_file(mirror.media() / M::path_of(id)), M::bytes_of(id)) << id;
    }
  }
}

class RepairOf : public testing::TestWithParam<Damage> {};

TEST_P(RepairOf, LeavesACleanMirror) {
  M mirror;
  GetParam().make(mirror);
  ASSERT_NE(mirror.verify_at(VerifyDepth::content), Found{});
  mirror.repair_all();
  EXPECT_EQ(wanted_in(mirror), GetParam().wanted);
  for (const auto& [kind, subject] : mirror.verify_at(VerifyDepth::content))
    EXPECT_EQ(kind, "unknown_blob") << subject;  // gc's work, and no damage
  expect_the_rest_intact(mirror, GetParam().wanted);
  for (const std::string& bytes : GetParam().kept) EXPECT_TRUE(quarantine_holds(mirror, bytes));
  EXPECT_EQ(mirror.repair_all(), std::vector<std::string>{});
}

TEST_P(RepairOf, DryRunChangesNothingAndNamesWhatIsDone) {
  M mirror;
  GetParam().make(mirror);
  const Found before = mirror.verify_at(VerifyDepth::content);
  RepairOptions options = mirror.repair_options();
  options.dry_run = true;
  const std::vector<std::string> planned = mirror.repair_with(options);
  EXPECT_EQ(mirror.verify_at(VerifyDepth::content), before);
  EXPECT_FALSE(fs::exists(mirror.store() / "quarantine"));
  EXPECT_EQ(mirror.repair_all(), planned);
}

// Killed before its k-th action, for every k: the next repair ends where an undisturbed one does.
TEST_P(RepairOf, GoesOnAfterAKill) {
  for (int kill_at = 0;; ++kill_at) {
    M mirror;
    GetParam().make(mirror);
    mirror.close();
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      int done = 0;
      const SystemClock clock;
      const StopFlag stop;
      try {
        repair(mirror.repair_options(), clock, stop, [&](const RepairAction&) {
          if (done++ == kill_at) ::_exit(9);
        });
      } catch (...) {
        ::_exit(1);
      }
      ::_exit(0);
    }
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) != 1);
    mirror.repair_all();
    EXPECT_EQ(wanted_in(mirror), GetParam().wanted) << "killed at " << kill_at;
    for (const auto& [kind, subject] : mirror.verify_at(VerifyDepth::content))
      EXPECT_EQ(kind, "unknown_blob") << subject << ", killed at " << kill_at;
    expect_the_rest_intact(mirror, GetParam().wanted);
    for (const std::string& bytes : GetParam().kept)
      EXPECT_TRUE(quarantine_holds(mirror, bytes)) << "killed at " << kill_at;
    if (WEXITSTATUS(status) == 0) break;
  }
}

INSTANTIATE_TEST_SUITE_P(Repair, RepairOf, testing::ValuesIn(damages()),
                         [](const auto& test) { return test.param.name; });

TEST(Repair, AForgottenAssetIsNotAskedForConditionally) {
  M mirror;
  mirror.change([](IndexGroup& group) {
    AssetRecord asset = *group.asset({3, "huge"});
    asset.etag = "\"x\"";
    asset.held_url = asset.url = "https://media.example/3.jpg";
    group.put_asset({3, "huge"}, asset);
  });
  flip_a_bit(mirror.blob(M::digest_of(3)));
  mirror.repair_all();
  const auto record = mirror.open().view().asset({3, "huge"});
  EXPECT_EQ(record->state, AssetState::wanted);
  EXPECT_EQ(record->digest, std::nullopt);
  EXPECT_TRUE(record->etag.empty() && record->held_url.empty() && record->last_modified.empty());
  EXPECT_EQ(record->url, "https://media.example/3.jpg");
}

TEST(Repair, WhatOneListingLackedIsAskedForAllTheSame) {
  M mirror;
  mirror.change([](IndexGroup& group) {
    AssetRecord asset = *group.asset({3, "huge"});
    asset.unlisted = true;
    group.put_asset({3, "huge"}, asset);
  });
  flip_a_bit(mirror.blob(M::digest_of(3)));
  mirror.repair_all();
  EXPECT_TRUE(mirror.open().view().asset({3, "huge"})->to_fetch());
  EXPECT_EQ(mirror.open().view().queue_count(), 1u);
}

TEST(Repair, ARetiredAssetStaysRetired) {
  M mirror;
  mirror.change([](IndexGroup& group) {
    AssetRecord asset = *group.asset({3, "huge"});
    asset.state = AssetState::retired;
    group.put_asset({3, "huge"}, asset);
    group.mark_unpublished({3, "huge"});
  });
  mirror.publish();
  fs::remove(mirror.blob(M::digest_of(3)));
  mirror.repair_all();
  EXPECT_EQ(mirror.open().view().asset({3, "huge"})->state, AssetState::retired);
  EXPECT_EQ(mirror.open().view().queue_count(), 0u);
}

TEST(Repair, ALostDerivativeMakesTheNextSyncLookAgain) {
  M mirror;
  mirror.change([](IndexGroup& group) {
    group.put_setting("recipes", "as configured");
    group.put_setting("layout", "as configured");
  });
  flip_a_bit(mirror.blob(M::thumb_of(3)));
  mirror.repair_all();
  const IndexView view = mirror.open().view();
  EXPECT_NE(view.setting("recipes"), "as configured");
  EXPECT_NE(view.setting("layout"), "as configured");
  EXPECT_EQ(view.derivative({M::digest_of(3), M::recipe().key()}), std::nullopt);
}

// Undo keeps media/ other than the catalogue wants it; a repair must not take that back.
TEST(Repair, ATreeThatUndoHoldsStaysHeld) {
  M mirror;
  keep_history(mirror.store(), 1, 1000, mirror.open().view());
  mirror.hold(7);
  mirror.publish();
  keep_history(mirror.store(), 2, 2000, mirror.open().view());
  {
    const std::unique_ptr<LocalBlobStore> blobs = make_local_blob_store({mirror.store(), false});
    const UndoOptions options{.store_folder = mirror.store(), .publish = mirror.repair_options().publish};
    ASSERT_TRUE(undo(options, 1, mirror.open(), *blobs, 3000).done);
  }
  mirror.close();
  ASSERT_FALSE(fs::exists(mirror.media() / M::path_of(7)));
  flip_a_bit(mirror.blob(M::digest_of(3)));
  fs::remove(mirror.media() / M::path_of(4));
  mirror.repair_all();
  EXPECT_EQ(wanted_in(mirror), std::vector<MediaId>{3});
  EXPECT_FALSE(fs::exists(mirror.media() / M::path_of(7)));
  EXPECT_FALSE(fs::exists(mirror.media() / M::path_of(3)));
  EXPECT_EQ(read_file(mirror.media() / M::path_of(4)), M::bytes_of(4));
  EXPECT_EQ(mirror.verify_at(VerifyDepth::content), Found{});
}

TEST(Repair, AFileSystemThatIsNotThereIsNotACatalogueThatWasLost) {
  M mirror;
  fs::rename(mirror.store() / "blobs", mirror.store() / "elsewhere");
  fs::remove_all(mirror.media());
  RepairOptions options = mirror.repair_options();
  options.max_loss = {50, true};
  try {
    mirror.repair_with(options);
    FAIL() << "must throw";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::safety_limit);
  }
  EXPECT_EQ(mirror.open().view().queue_count(), 0u) << "nothing was forgotten";
  fs::remove_all(mirror.store() / "blobs");
  fs::rename(mirror.store() / "elsewhere", mirror.store() / "blobs");
  mirror.repair_with(options);
  EXPECT_EQ(mirror.open().view().queue_count(), 0u) << "and all is served from the blobs again";
}

TEST(Repair, ADamagedIndexIsLeftToRebuild) {
  M mirror;
  mirror.close();
  const fs::path file = mirror.store() / "index" / "data.mdb";
  std::string bytes = read_file(file);
  std::fill(bytes.begin() + 2 * 4096, bytes.end(), '\xff');
  overwrite(file, bytes);
  try {
    mirror.repair_all();
    FAIL() << "it was taken for whole";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::index);
    EXPECT_NE(std::string(error.what()).find("rebuild"), std::string::npos);
  }
}

}  // namespace
}  // namespace medimirror
