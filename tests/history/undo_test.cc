#include "history/undo.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <tuple>

#include "base/error.h"
#include "history/history.h"
#include "support/forwarding_store.h"
#include "tree/publish_fixture.h"

namespace medimirror {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

namespace fs = std::filesystem;

class Undo : public testing::Test, public PublishFixture {
 protected:
  fs::path store() const { return folder / "store"; }

  void end_run(RunNumber run) {
    publish();
    keep_history(store(), run, static_cast<UnixSeconds>(1000 * run), index->view());
  }
  UndoOptions undo_options() const { return {.store_folder = store(), .publish = options}; }
  UndoResult undo_to(std::optional<RunNumber> run) { return undo(undo_options(), run, *index, *blobs, 5000); }

  // Everything that rsync looks at, the lists included.
  std::map<std::string, std::pair<std::string, std::int64_t>> snapshot() const {
    std::map<std::string, std::pair<std::string, std::int64_t>> files;
    for (const auto& entry : fs::recursive_directory_iterator(options.media_folder)) {
      if (!entry.is_regular_file()) continue;
      struct stat info {};
      ::stat(entry.path().c_str(), &info);
      const std::string name = fs::relative(entry.path(), options.media_folder);
      const bool list = name == "manifest.jsonl" || name == "SHA256SUMS";
      files[name] = {read_file(entry.path()), list ? 0 : info.st_mtim.tv_sec};
    }
    return files;
  }
};

TEST_F(Undo, BringsBackWhatWasRemovedReplacedAndAdded) {
  hold(1, "huge", "a");
  hold(2, "huge", "b");
  hold(3, "huge", "c");
  end_run(1);
  const auto before = snapshot();
  retire(1, "huge");
  hold(2, "huge", "b2", ImageFormat::png);
  hold(4, "huge", "d");
  end_run(2);
  const auto after = snapshot();
  ASSERT_NE(before, after);

  const UndoResult result = undo_to(std::nullopt);
  EXPECT_TRUE(result.done);
  EXPECT_EQ(result.run, 1u);
  EXPECT_EQ(result.published.added, 1u);
  EXPECT_EQ(result.published.replaced, 1u);
  EXPECT_EQ(result.published.removed, 1u);
  EXPECT_EQ(snapshot(), before);
  // what the catalogue says is not forgotten
  EXPECT_EQ(index->view().asset({1, "huge"})->state, AssetState::retired);
  EXPECT_EQ(index->view().asset({2, "huge"})->digest, sha256("b2"));
  EXPECT_EQ(index->view().published_count(), 3u);

  // held: a sync leaves it alone
  const auto held = keep_tree_held(undo_options(), *index, *blobs);
  ASSERT_TRUE(held);
  EXPECT_TRUE(held->finished);
  EXPECT_EQ(snapshot(), before);

  // released: the next publish is the catalogue's again
  EXPECT_TRUE(release_tree(store(), *index, 6000));
  EXPECT_FALSE(release_tree(store(), *index, 6000));
  EXPECT_FALSE(keep_tree_held(undo_options(), *index, *blobs).has_value());
  publish();
  EXPECT_EQ(snapshot(), after);
  EXPECT_THAT(index->view().unpublished(std::nullopt, 10), IsEmpty());
}

TEST_F(Undo, GoesBackToANamedRunAndForthAgain) {
  std::vector<std::map<std::string, std::pair<std::string, std::int64_t>>> trees(1);
  for (RunNumber run = 1; run <= 4; ++run) {
    hold(run, "huge", "new " + std::to_string(run));
    if (run > 2) retire(run - 2, "huge");
    end_run(run);
    trees.push_back(snapshot());
  }
  for (const RunNumber run : {1u, 3u, 2u, 4u, 1u}) {
    EXPECT_TRUE(undo_to(run).done);
    EXPECT_EQ(snapshot(), trees[run]) << run;
  }
  EXPECT_THROW(undo_to(std::nullopt), Error);  // it is held: which one is meant must be said
}

TEST_F(Undo, BringsBackAnOtherLayout) {
  hold(1, "huge", "a");
  hold(2, "huge", "b");
  end_run(1);
  const auto before = snapshot();
  options.path = template_of("{id}/{format}.{ext}");
  mark(1, "huge");
  mark(2, "huge");
  end_run(2);
  ASSERT_NE(snapshot(), before);
  EXPECT_TRUE(undo_to(1).done);
  EXPECT_EQ(snapshot(), before);
}

TEST_F(Undo, ChangesNothingWhileABlobIsMissing) {
  const Digest a = hold(1, "huge", "a");
  hold(2, "huge", "b");
  end_run(1);
  hold(1, "huge", "a2");
  hold(2, "huge", "b2");
  end_run(2);
  const auto after = snapshot();
  blobs->remove(a);
  const UndoResult result = undo_to(1);
  EXPECT_FALSE(result.done);
  EXPECT_EQ(result.missing_count, 1u);
  EXPECT_THAT(result.missing, ElementsAre("huge/0/1.jpg"));
  EXPECT_EQ(snapshot(), after);
  EXPECT_FALSE(held_tree(index->view()).has_value());

  UndoOptions partial = undo_options();
  partial.partial = true;
  EXPECT_TRUE(undo(partial, 1, *index, *blobs, 5000).done);
  EXPECT_EQ(read_file(media("huge/0/1.jpg")), "a2");
  EXPECT_EQ(read_file(media("huge/0/2.jpg")), "b");
}

TEST_F(Undo, DryRunChangesNothing) {
  hold(1, "huge", "a");
  end_run(1);
  hold(1, "huge", "a2");
  end_run(2);
  const auto after = snapshot();
  UndoOptions dry = undo_options();
  dry.dry_run = true;
  const UndoResult result = undo(dry, std::nullopt, *index, *blobs, 5000);
  EXPECT_FALSE(result.done);
  EXPECT_EQ(result.published.replaced, 1u);
  EXPECT_EQ(snapshot(), after);
  EXPECT_FALSE(held_tree(index->view()).has_value());
}

TEST_F(Undo, SaysWhenThereIsNothingToGoBackTo) {
  hold(1, "huge", "a");
  end_run(5);
  for (const std::optional<RunNumber> run : {std::optional<RunNumber>(), std::optional<RunNumber>(4)}) {
    try {
      undo_to(run);
      FAIL();
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::usage);
      EXPECT_THAT(error.what(), HasSubstr("medimirror history"));
    }
  }
}

// Killed after the hold was noted and the journal sealed: some files are there, the index knows none of it.
TEST_F(Undo, AnUndoThatDiedIsFinishedByTheNextSync) {
  for (MediaId id = 1; id <= 20; ++id) hold(id, "huge", "a" + std::to_string(id));
  end_run(1);
  const auto before = snapshot();
  for (MediaId id = 1; id <= 20; ++id)
    id % 2 == 0 ? retire(id, "huge") : void(hold(id, "huge", "b" + std::to_string(id)));
  end_run(2);

  class DyingStore final : public ForwardingStore {
   public:
    DyingStore(LocalBlobStore& real, int places) : ForwardingStore(real), places_(places) {}
    Placement place(const Digest& digest, const std::string& target) override {
      if (places_-- == 0) throw Error(ErrorKind::disk, "killed");
      return ForwardingStore::place(digest, target);
    }

   private:
    int places_;
  };
  DyingStore dying(*blobs, 7);
  EXPECT_THROW(undo(undo_options(), 1, *index, dying, 5000), Error);
  ASSERT_TRUE(held_tree(index->view()));
  EXPECT_FALSE(held_tree(index->view())->finished);
  EXPECT_NE(snapshot(), before);

  const auto held = keep_tree_held(undo_options(), *index, *blobs);
  ASSERT_TRUE(held);
  EXPECT_TRUE(held->finished);
  EXPECT_EQ(snapshot(), before);
  EXPECT_FALSE(fs::exists(folder / "reports" / "changes.txt.unfinished"));
}

}  // namespace
}  // namespace medimirror
