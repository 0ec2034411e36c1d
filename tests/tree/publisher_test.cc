#include "tree/publisher.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

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
      sums.push_back(sha256sums_line(entry));
      sums.back().pop_back();
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

}  // namespace
}  // namespace medimirror
