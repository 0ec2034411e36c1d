#include "tree/publisher.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/inotify.h>

#include <optional>

#include "base/error.h"
#include "tree/manifest.h"
#include "tree/publish_fixture.h"

namespace medimirror {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
using testing::UnorderedElementsAre;

namespace fs = std::filesystem;

class Publish : public testing::Test, public PublishFixture {
 protected:
  // What every publish must leave behind, whatever happened before it.
  void expect_consistent() {
    const IndexView view = index->view();
    std::set<std::string> published;
    std::vector<std::string> manifest, sums;
    std::vector<ManifestEntry> entries;
    view.each_published([&](const AssetKey& key, const PublishedRecord& record) {
      published.insert(record.path);
      EXPECT_EQ(sha256(read_file(media(record.path))), record.digest) << record.path;
      entries.push_back({record.path, record.digest, record.bytes, record.mtime, key.media, key.format});
      return true;
    });
    std::ranges::sort(entries, {}, &ManifestEntry::path);
    for (const ManifestEntry& entry : entries) {
      manifest.push_back(manifest_line(entry));
      manifest.back().pop_back();
      sums.push_back(entry.digest.hex() + "  " + entry.path);
    }
    EXPECT_EQ(lines_of(media("manifest.jsonl")), manifest);
    EXPECT_EQ(lines_of(media("SHA256SUMS")), sums);
    std::set<std::string> files;
    for (const std::string& path : tree())
      if (path.back() != '/') files.insert(path);
    EXPECT_EQ(files, published);
    EXPECT_FALSE(fs::exists(folder / "reports" / "changes.txt.unfinished"));
    EXPECT_THAT(view.unpublished(std::nullopt, 10), IsEmpty());
  }
};

TEST_F(Publish, AddsReplacesAndRemoves) {
  hold(659214, "huge", "a");
  hold(659215, "huge", "b", ImageFormat::png);
  PublishResult result = publish();
  EXPECT_EQ(result.added, 2u);
  EXPECT_EQ(result.linked, 2u);
  EXPECT_EQ(result.files, 2u);
  EXPECT_THAT(tree(),
              UnorderedElementsAre("huge/", "huge/659/", "huge/659/659214.jpg", "huge/659/659215.png"));
  expect_consistent();
  EXPECT_THAT(lines_of(options.changes_file),
              ElementsAre("# added 2, changed 0, removed 0", "# added", "huge/659/659214.jpg",
                          "huge/659/659215.png", "# lists", "manifest.jsonl", "SHA256SUMS"));

  hold(659214, "huge", "a2");
  retire(659215, "huge");
  result = publish();
  EXPECT_EQ(result.added, 0u);
  EXPECT_EQ(result.replaced, 1u);
  EXPECT_EQ(result.removed, 1u);
  EXPECT_EQ(result.files, 1u);
  EXPECT_EQ(read_file(media("huge/659/659214.jpg")), "a2");
  EXPECT_THAT(tree(), UnorderedElementsAre("huge/", "huge/659/", "huge/659/659214.jpg"));
  expect_consistent();
  EXPECT_THAT(lines_of(options.changes_file),
              ElementsAre("# added 0, changed 1, removed 1", "# changed", "huge/659/659214.jpg", "# removed",
                          "huge/659/659215.png", "# lists", "manifest.jsonl", "SHA256SUMS"));
}

TEST_F(Publish, RemovesFoldersLeftEmptyButNeverMedia) {
  hold(1, "huge", "a");
  publish();
  retire(1, "huge");
  publish();
  EXPECT_THAT(tree(), IsEmpty());
  EXPECT_TRUE(fs::exists(options.media_folder));
  expect_consistent();
}

TEST_F(Publish, FilesAndFoldersCanBeReadByAWebServerWhateverTheUmask) {
  const mode_t before = ::umask(077);
  hold(1, "huge", "a");
  publish();
  ::umask(before);
  struct stat info {};
  for (const char* path : {"", "huge", "huge/0"}) {
    ASSERT_EQ(::stat(media(path).c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 0777, 0755u) << path;
  }
  ASSERT_EQ(::stat(media("huge/0/1.jpg").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0444u);
  EXPECT_EQ(info.st_mtime, 1'700'000'000);
  EXPECT_EQ(info.st_nlink, 2u);
}

// Everything that can be seen of the tree from outside.
std::string fingerprint(const fs::path& folder) {
  return run_command("find " + folder.native() + " -printf '%P %i %s %T@ %C@ %m\\n' | sort").second;
}

TEST_F(Publish, ASecondTimeTouchesNothing) {
  hold(1, "huge", "a");
  hold(2, "huge", "b");
  publish();
  EXPECT_EQ(publish().added, 0u);
  EXPECT_THAT(lines_of(options.changes_file), ElementsAre("# nothing changed"));
  const std::string before = fingerprint(folder / "media"), reports = fingerprint(folder / "reports");
  const PublishResult result = publish();
  EXPECT_EQ(result.added + result.replaced + result.removed, 0u);
  EXPECT_EQ(result.files, 2u);
  EXPECT_EQ(fingerprint(folder / "media"), before);
  EXPECT_EQ(fingerprint(folder / "reports"), reports);
  expect_consistent();
}

TEST_F(Publish, AMarkedButUnchangedAssetIsSettled) {
  hold(1, "huge", "a");
  publish();
  const std::string before = fingerprint(folder / "media");
  mark(1, "huge");
  mark(9, "huge");  // an asset of which nothing is known
  const PublishPlan planned = plan();
  EXPECT_EQ(planned.settled, 2u);
  EXPECT_FALSE(planned.changes_something());
  publish();
  EXPECT_EQ(fingerprint(folder / "media"), before);
  expect_consistent();
}

TEST_F(Publish, ThePlanSaysWhatWillHappenAndDoesNothing) {
  hold(1, "huge", "a");
  hold(2, "huge", "b");
  publish();
  hold(1, "huge", "a2");
  retire(2, "huge");
  hold(3, "huge", "c");
  const std::string before = fingerprint(folder / "media"), reports = fingerprint(folder / "reports");
  {
    const PublishPlan planned = plan();
    EXPECT_EQ(planned.added, 1u);
    EXPECT_EQ(planned.replaced, 1u);
    EXPECT_EQ(planned.removed, 1u);
    EXPECT_EQ(planned.published_before, 2u);
    std::vector<std::pair<MediaId, PublishChange::Kind>> changes;
    planned.each_change(
        [&](const PublishChange& change) { changes.emplace_back(change.key.media, change.kind); });
    using Kind = PublishChange::Kind;
    EXPECT_THAT(changes, ElementsAre(std::pair(1, Kind::replace), std::pair(2, Kind::remove),
                                     std::pair(3, Kind::add)));
  }
  EXPECT_EQ(fingerprint(folder / "media"), before);
  EXPECT_EQ(fingerprint(folder / "reports"), reports);
}

TEST_F(Publish, ANewExtensionMovesTheFile) {
  hold(1, "huge", "a", ImageFormat::jpeg);
  publish();
  hold(1, "huge", "b", ImageFormat::png);
  const PublishResult result = publish();
  EXPECT_EQ(result.replaced, 1u);
  EXPECT_THAT(tree(), UnorderedElementsAre("huge/", "huge/0/", "huge/0/1.png"));
  expect_consistent();
  EXPECT_THAT(lines_of(options.changes_file),
              ElementsAre("# added 0, changed 1, removed 0", "# changed", "huge/0/1.png", "# removed",
                          "huge/0/1.jpg", "# lists", "manifest.jsonl", "SHA256SUMS"));
}

TEST_F(Publish, FailedAssetsKeepTheirOlderPicture) {
  hold(1, "huge", "a");
  publish();
  {
    IndexGroup group = index->group();
    AssetRecord asset = *group.asset({1, "huge"});
    asset.state = AssetState::failed;
    group.put_asset({1, "huge"}, asset);
    group.mark_unpublished({1, "huge"});
    group.commit();
  }
  EXPECT_EQ(publish().removed, 0u);
  EXPECT_TRUE(fs::exists(media("huge/0/1.jpg")));
}

TEST_F(Publish, DerivativesComeAndGoWithTheirPictureAndTheirRecipe) {
  Recipe thumb;
  thumb.name = "thumb";
  thumb.width = 450;
  thumb.format = ImageFormat::webp;
  options.recipes = {thumb};
  const auto derive = [&](const Digest& source, std::string_view bytes) {
    IndexGroup group = index->group();
    group.put_derivative({source, thumb.key()}, keep(group, bytes, ImageFormat::webp));
    group.commit();
  };
  derive(hold(1, "huge", "a"), "thumb of a");
  hold(2, "huge", "b");    // its derivative could not be made
  hold(1, "medium", "m");  // not what derivatives are made of
  EXPECT_EQ(publish().added, 4u);
  EXPECT_EQ(read_file(media("thumb/0/1.webp")), "thumb of a");
  EXPECT_FALSE(fs::exists(media("thumb/0/2.webp")));
  EXPECT_EQ(index->view().published({1, "thumb"})->path, "thumb/0/1.webp");
  expect_consistent();

  derive(hold(1, "huge", "a2"), "thumb of a2");
  EXPECT_EQ(publish().replaced, 2u);
  EXPECT_EQ(read_file(media("thumb/0/1.webp")), "thumb of a2");

  options.recipes.clear();
  mark(1, "huge");
  EXPECT_EQ(publish().removed, 1u);
  EXPECT_THAT(tree(), testing::Not(testing::Contains("thumb/")));
  expect_consistent();

  options.recipes = {thumb};
  mark(1, "huge");
  EXPECT_EQ(publish().added, 1u);
  retire(1, "huge");
  EXPECT_EQ(publish().removed, 2u);
  expect_consistent();
}

TEST_F(Publish, TwoKeysThatAskForOnePathAreAClash) {
  options.path = template_of("{id}.{ext}");
  hold(1, "huge", "a");
  hold(1, "large", "b");
  hold(2, "huge", "c");
  PublishResult result = publish();
  EXPECT_EQ(result.added, 2u);
  ASSERT_THAT(result.clashes, SizeIs(1));
  EXPECT_THAT(result.clashes[0], HasSubstr("\"huge\" and \"large\" both ask for the path 1.jpg"));
  EXPECT_EQ(read_file(media("1.jpg")), "a");
  // it is told again, until it is settled
  EXPECT_THAT(publish().clashes, SizeIs(1));

  // a lower key that comes later gets the path
  hold(1, "a_lower_one", "d");
  result = publish();
  EXPECT_THAT(result.clashes, SizeIs(2));
  EXPECT_EQ(read_file(media("1.jpg")), "d");
  EXPECT_FALSE(index->view().published({1, "huge"}));

  options.path = template_of("{id}-{format}.{ext}");
  mark(1, "huge");
  mark(2, "huge");
  result = publish();
  EXPECT_THAT(result.clashes, IsEmpty());
  EXPECT_EQ(result.files, 4u);
  expect_consistent();
}

TEST_F(Publish, ANewTemplateMovesEverythingEvenWhereAFileBecomesAFolder) {
  options.path = template_of("{id}");
  hold(1, "huge", "a");
  hold(2, "huge", "b");
  publish();
  for (const char* next :
       {"{id}/{format}/x.{ext}", "{id}", "{format}/{id/1000}/{id}.{ext}", "{id}/{format}.{ext}"}) {
    options.path = template_of(next);
    mark(1, "huge");
    mark(2, "huge");
    const PublishResult result = publish();
    EXPECT_EQ(result.replaced, 2u) << next;
    EXPECT_THAT(result.clashes, IsEmpty()) << next;
    expect_consistent();
  }
  EXPECT_THAT(tree(), UnorderedElementsAre("1/", "1/huge.jpg", "2/", "2/huge.jpg"));
}

TEST_F(Publish, WhatTheUserPutInTheWayIsReportedAndLeft) {
  hold(1, "huge", "a");
  hold(2, "huge", "b");
  fs::create_directories(media("huge/0/1.jpg/own"));
  PublishResult result = publish();
  EXPECT_EQ(result.added, 1u);
  EXPECT_EQ(result.files, 1u);
  ASSERT_THAT(result.clashes, SizeIs(1));
  EXPECT_THAT(result.clashes[0], HasSubstr("stands in the way of huge/0/1.jpg"));
  EXPECT_TRUE(fs::exists(media("huge/0/1.jpg/own")));
  EXPECT_THAT(publish().clashes, SizeIs(1));
  fs::remove_all(media("huge/0/1.jpg"));
  EXPECT_EQ(publish().added, 1u);
  expect_consistent();

  // the same under a picture that is published already, and in the place of a folder
  fs::remove(media("huge/0/1.jpg"));
  fs::create_directories(media("huge/0/1.jpg"));
  replace_file(media("large"), "the user's");
  hold(1, "huge", "a2");
  hold(1, "large", "l");
  result = publish();
  EXPECT_EQ(result.files, 1u);
  EXPECT_THAT(result.clashes, SizeIs(2));
  EXPECT_EQ(read_file(media("large")), "the user's");
  EXPECT_FALSE(index->view().published({1, "huge"}));
  EXPECT_THAT(lines_of(media("SHA256SUMS")), SizeIs(1));
  fs::remove(media("huge/0/1.jpg"));
  fs::remove(media("large"));
  EXPECT_EQ(publish().added, 2u);
  expect_consistent();
}

TEST_F(Publish, TheUsersOwnFilesStay) {
  hold(1, "huge", "a");
  publish();
  replace_file(media("huge/0/notes.txt"), "mine");
  replace_file(media("index.html"), "mine");
  retire(1, "huge");
  publish();
  EXPECT_THAT(tree(), UnorderedElementsAre("huge/", "huge/0/", "huge/0/notes.txt", "index.html"));
}

TEST_F(Publish, AManifestThatIsGoneOrDisagreesIsMadeAnew) {
  hold(1, "huge", "a");
  hold(2, "huge", "b");
  publish();
  fs::remove(media("manifest.jsonl"));
  publish();
  expect_consistent();
  fs::remove(media("SHA256SUMS"));
  publish();
  expect_consistent();
  for (const char* text : {"", "rubbish\n", "{\"path\":\"zz\"}\n"}) {
    replace_file(media("manifest.jsonl"), text);
    hold(3, "huge", std::string("c") + text);
    publish();
    expect_consistent();
  }
}

TEST_F(Publish, ATreeThatWasLostIsMadeAnew) {
  hold(1, "huge", "a");
  hold(2, "huge", "b");
  publish();
  fs::remove_all(options.media_folder);
  for (const MediaId id : {1, 2}) mark(id, "huge");
  options.anew = true;
  EXPECT_EQ(publish().linked, 2u);
  expect_consistent();
}

TEST_F(Publish, RemovalsCanBeWithheld) {
  options.path = template_of("{id}.{ext}");
  hold(1, "huge", "a");
  hold(2, "huge", "b");
  publish();
  retire(1, "huge");
  hold(2, "a_lower_one", "c");  // takes the path of the one that is to go
  retire(2, "huge");
  options.remove = false;
  EXPECT_EQ(publish().files, 2u);
  EXPECT_EQ(read_file(media("1.jpg")), "a");
  EXPECT_EQ(read_file(media("2.jpg")), "c");
  EXPECT_THAT(index->view().unpublished(std::nullopt, 10), ElementsAre(AssetKey{1, "huge"}));
  options.remove = true;
  EXPECT_EQ(publish().removed, 1u);
  expect_consistent();
}

TEST_F(Publish, BytesWithoutARecordAreDamageOfTheIndex) {
  {
    IndexGroup group = index->group();
    AssetRecord asset;
    asset.state = AssetState::held;
    asset.digest = sha256("unknown");
    group.put_asset({1, "huge"}, asset);
    group.mark_unpublished({1, "huge"});
    group.commit();
  }
  try {
    plan();
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::index);
    EXPECT_THAT(error.what(), HasSubstr("medimirror rebuild"));
  }
}

// ---------------------------------------------------------------- the order of things

class Watcher {
 public:
  Watcher() : fd_(::inotify_init1(IN_NONBLOCK | IN_CLOEXEC)) {}
  void watch(const fs::path& folder) {
    ::inotify_add_watch(fd_.get(), folder.c_str(), IN_CREATE | IN_MOVED_TO | IN_DELETE);
  }
  std::vector<std::string> events() {
    std::vector<std::string> found;
    alignas(inotify_event) char buffer[65536];
    for (ssize_t count; (count = ::read(fd_.get(), buffer, sizeof buffer)) > 0;)
      for (ssize_t at = 0; at < count;) {
        const auto* event = reinterpret_cast<const inotify_event*>(buffer + at);
        const std::string name = event->name;
        if (name.front() != '.') found.push_back((event->mask & IN_DELETE ? "- " : "+ ") + name);
        at += static_cast<ssize_t>(sizeof *event + event->len);
      }
    return found;
  }

 private:
  UniqueFd fd_;
};

TEST_F(Publish, AddsAndReplacesThenRemovesThenWritesTheLists) {
  for (const MediaId id : {1, 2, 3}) hold(id, "huge", "old " + std::to_string(id));
  publish();
  retire(1, "huge");                           // removed: the lowest id, so order of ids would show
  hold(2, "huge", "new 2");                    // replaced
  hold(3, "huge", "new 3", ImageFormat::png);  // moved
  hold(4, "huge", "new 4");                    // added
  Watcher watcher;
  watcher.watch(media(""));
  watcher.watch(media("huge/0"));
  publish();
  EXPECT_THAT(watcher.events(), ElementsAre("+ 2.jpg", "+ 3.png", "+ 4.jpg", "- 1.jpg", "- 3.jpg",
                                            "+ SHA256SUMS", "+ manifest.jsonl"));
  expect_consistent();
}

// ---------------------------------------------------------------- what others make of the tree

class PublishForOthers : public Publish {
 protected:
  void SetUp() override {
    if (run_command("rsync --version").first != 0) GTEST_SKIP() << "rsync is not installed";
    for (const MediaId id : {1, 2, 3, 4}) hold(id, "huge", "old " + std::to_string(id));
    publish();
  }
  std::string rsync(const std::string& arguments) {
    const auto [status, output] =
        run_command("rsync -aH --itemize-changes " + arguments + " " + options.media_folder.native() + "/ " +
                    (folder / "copy").native() + "/");
    EXPECT_EQ(status, 0) << output;
    return output;
  }
  void expect_copy_equal() {
    EXPECT_EQ(
        run_command("diff -r " + options.media_folder.native() + " " + (folder / "copy").native()).second,
        "");
  }
};

TEST_F(PublishForOthers, RsyncFindsNothingToDoOnTheSecondRun) {
  EXPECT_NE(rsync(""), "");
  for (const MediaId id : {1, 2, 3, 4}) mark(id, "huge");
  publish();
  EXPECT_EQ(rsync("--delete"), "");
}

TEST_F(PublishForOthers, RsyncTakesTheListOfChanges) {
  rsync("");
  retire(1, "huge");
  hold(2, "huge", "new 2");
  hold(3, "huge", "new 3", ImageFormat::png);
  hold(12345, "huge", "added");  // the lists change their size, as they may not change their second
  publish();
  rsync("--delete-missing-args --files-from=" + options.changes_file.native());
  expect_copy_equal();
  publish();
  EXPECT_EQ(rsync("--delete-missing-args --files-from=" + options.changes_file.native()), "");
}

TEST_F(PublishForOthers, Sha256sumChecksTheTree) {
  const auto [status, output] =
      run_command("cd " + options.media_folder.native() + " && sha256sum --strict --quiet -c SHA256SUMS");
  EXPECT_EQ(status, 0) << output;
}

}  // namespace
}  // namespace medimirror
