#include "tree/manifest.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>

#include "base/sha256.h"
#include "tree/manifest_merge.h"
#include "tree/publish_fixture.h"

namespace medimirror {
namespace {

using testing::ElementsAre;

ManifestEntry entry_of(const std::string& path) {
  return {path, sha256(path), 181234, 1785941124, 659214, "huge"};
}

std::string bare_line(const std::string& path) {
  std::string line = manifest_line(entry_of(path));
  line.pop_back();
  return line;
}

TEST(Manifest, LineIsTheContract) {
  EXPECT_EQ(manifest_line(entry_of("huge/659/659214.png")),
            R"({"path":"huge/659/659214.png","sha256":")" + sha256("huge/659/659214.png").hex() +
                R"(","bytes":181234,"mtime":1785941124,"media_id":659214,"format":"huge"})" + "\n");
}

TEST(Manifest, ReadsWhatItWrites) {
  ManifestEntry entry = entry_of("huge/659/659214.png");
  EXPECT_EQ(parse_manifest_line(manifest_line(entry)), entry);
  entry.mtime = -5;
  entry.format = "odd \"name\" \\ with\ncontrol\x01 and caf\xc3\xa9";
  EXPECT_EQ(parse_manifest_line(manifest_line(entry)), entry);
}

TEST(Manifest, RefusesWhatItDoesNotUnderstand) {
  const std::string good = manifest_line(entry_of("a"));
  ASSERT_TRUE(parse_manifest_line(good));
  const auto with = [&](std::string_view from, std::string_view to) {
    std::string line = good;
    const auto at = line.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    return line.replace(at, from.size(), to);
  };
  for (const std::string& line :
       {std::string(), std::string("{}"), std::string("[]"), std::string("null"),
        good.substr(0, good.size() / 2), with("\"a\"", "\"\""), with("\"a\"", "7"), with("181234", "-1"),
        with("181234", "1.5"), with("181234", "\"1\""), with("\"media_id\"", "\"media\""),
        with("\"sha256\":\"", "\"sha256\":\"zz"), good + good})
    EXPECT_FALSE(parse_manifest_line(line)) << line;
}

TEST(Manifest, APathThatLeadsOutOfTheTreeIsNoLineOfOurs) {
  for (const char* path : {"../../victim", "/etc/passwd", "huge/../../x", "huge//x", ".", ""}) {
    const std::string line = manifest_line({path, sha256("a"), 1, 2, 3, "huge"});
    EXPECT_FALSE(parse_manifest_line(line)) << path;
    EXPECT_FALSE(glance_at_manifest_line(std::string_view(line).substr(0, line.size() - 1))) << path;
  }
}

TEST(Manifest, GlanceAgreesWithParsing) {
  const std::string line = bare_line("huge/1.png");
  const auto glance = glance_at_manifest_line(line);
  ASSERT_TRUE(glance);
  EXPECT_EQ(glance->path, "huge/1.png");
  EXPECT_EQ(glance->sha256, sha256("huge/1.png").hex());
  for (std::size_t bytes = 0; bytes < line.size(); ++bytes)
    EXPECT_FALSE(glance_at_manifest_line(line.substr(0, bytes))) << bytes;
  EXPECT_FALSE(glance_at_manifest_line(bare_line("a\\b")));
}

class ManifestMerge : public testing::Test {
 protected:
  bool merge(const std::vector<std::string>& old, const std::vector<std::string>& changes,
             std::uint64_t expected) {
    std::string text;
    for (const std::string& line : old) text += line + "\n";
    replace_file(folder / "old", text);
    const UniqueFd fd = open_file(folder / "old", 0);
    LineReader base(fd.get(), "old");
    LineSorter sorter(folder.path());
    for (const std::string& line : changes) sorter.add(line);
    const auto sorted = sorter.sorted();
    return merge_manifest(folder.path(), base, *sorted, expected);
  }

  std::vector<std::string> paths() {
    std::vector<std::string> found;
    std::istringstream text(read_file(folder / "manifest.jsonl"));
    for (std::string line; std::getline(text, line);) found.push_back(parse_manifest_line(line)->path);
    return found;
  }

  TemporaryFolder folder;
};

TEST_F(ManifestMerge, AddsReplacesRemovesAndKeeps) {
  std::string changed = bare_line("b");
  changed.replace(changed.find("181234"), 6, "5");
  ASSERT_TRUE(merge(
      {bare_line("b"), bare_line("d"), bare_line("f")},
      {bare_line("g"), removal_line("d"), bare_line("a"), changed, removal_line("zz"), bare_line("c")}, 5));
  EXPECT_THAT(paths(), ElementsAre("a", "b", "c", "f", "g"));
  EXPECT_NE(read_file(folder / "manifest.jsonl").find(changed), std::string::npos);
  EXPECT_NE(read_file(folder / "SHA256SUMS").find(sha256("c").hex() + "  c\n"), std::string::npos);
}

TEST_F(ManifestMerge, SortsByPathNotByLine) {
  ASSERT_TRUE(
      merge({}, {bare_line("a/b"), bare_line("a.x"), bare_line("a"), bare_line("a-"), bare_line("a1")}, 5));
  const std::vector<std::string> found = paths();
  EXPECT_TRUE(std::ranges::is_sorted(found));
  EXPECT_THAT(found, ElementsAre("a", "a-", "a.x", "a/b", "a1"));
}

TEST_F(ManifestMerge, AnAdditionWinsOverARemovalOfItsPath) {
  ASSERT_TRUE(merge({bare_line("a")}, {removal_line("a"), bare_line("a")}, 1));
  EXPECT_THAT(paths(), ElementsAre("a"));
  LineSorter sorter(folder.path());
  for (const std::string& line : {removal_line("a"), bare_line("a"), removal_line("b")}) sorter.add(line);
  std::vector<std::string> removed;
  const auto sorted = sorter.sorted();
  each_removal(*sorted, [&](const std::string& path) { removed.push_back(path); });
  EXPECT_THAT(removed, ElementsAre("b"));
}

TEST_F(ManifestMerge, MergingTwiceIsMergingOnce) {
  const std::vector<std::string> changes{bare_line("a"), removal_line("b")};
  ASSERT_TRUE(merge({bare_line("b"), bare_line("c")}, changes, 2));
  ASSERT_TRUE(merge({bare_line("a"), bare_line("c")}, changes, 2));
  EXPECT_THAT(paths(), ElementsAre("a", "c"));
}

TEST_F(ManifestMerge, RefusesABaseThatIsNoSortedManifestAndChangesNothing) {
  ASSERT_TRUE(merge({}, {bare_line("x")}, 1));
  EXPECT_FALSE(merge({bare_line("b"), bare_line("a")}, {}, 2));
  EXPECT_FALSE(merge({bare_line("a"), bare_line("a")}, {}, 2));
  EXPECT_FALSE(merge({"rubbish"}, {}, 1));
  EXPECT_FALSE(merge({bare_line("a")}, {}, 2));
  EXPECT_THAT(paths(), ElementsAre("x"));
  for (const auto& entry : std::filesystem::directory_iterator(folder.path()))
    EXPECT_NE(entry.path().extension(), ".tmp") << entry.path();
}

// The memory of this process at its highest since the last call, in KB.
std::size_t peak_memory_kb() {
  const std::string status = read_file("/proc/self/status");
  const auto at = status.find("VmHWM:");
  const std::size_t peak = std::stoul(status.substr(at + 6));
  std::ofstream("/proc/self/clear_refs") << "5";
  return peak;
}

TEST_F(ManifestMerge, AHundredThousandLinesInFlatMemory) {
#ifdef __SANITIZE_ADDRESS__
  GTEST_SKIP() << "the address sanitizer keeps what is freed";
#endif
  {
    AtomicFile old(folder / "old");
    for (int number = 0; number < 100'000; ++number)
      old.write(manifest_line(entry_of(fmt::format("a/{:06}", number))));
    old.commit();
  }
  LineSorter sorter(folder.path(), 256 * 1024);
  for (int number = 99'999; number >= 0; number -= 10) sorter.add(bare_line(fmt::format("b/{:06}", number)));
  const UniqueFd fd = open_file(folder / "old", 0);
  LineReader base(fd.get(), "old");
  peak_memory_kb();
  const std::size_t before = peak_memory_kb();
  const auto sorted = sorter.sorted();
  ASSERT_TRUE(merge_manifest(folder.path(), base, *sorted, 110'000));
  EXPECT_GT(std::filesystem::file_size(folder / "manifest.jsonl"), 15'000'000u);
  EXPECT_LT(peak_memory_kb(), before + 6'000);
}

TEST(LineSorter, SpillsAndMerges) {
  const TemporaryFolder folder;
  LineSorter sorter(folder.path(), 4096);
  std::vector<std::string> expected;
  for (std::uint32_t number = 0; number < 5000; ++number) {
    expected.push_back(std::to_string(number * 2654435761u % 100'003));
    sorter.add(expected.back());
  }
  std::ranges::sort(expected);
  for (int time = 0; time < 2; ++time) {
    std::vector<std::string> found;
    const auto sorted = sorter.sorted();
    for (std::string_view line; sorted->next(line);) found.emplace_back(line);
    EXPECT_EQ(found, expected);
  }
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
}

TEST(LineReader, TakesLinesOfAnyLengthAndNoCutOne) {
  const TemporaryFolder folder;
  const std::string longest(300'000, 'x');
  replace_file(folder / "lines", "a\n\n" + longest + "\ncut");
  const UniqueFd fd = open_file(folder / "lines", 0);
  LineReader reader(fd.get(), "lines");
  std::vector<std::string> found;
  for (std::string_view line; reader.next(line);) found.emplace_back(line);
  EXPECT_THAT(found, ElementsAre("a", "", longest));
}

}  // namespace
}  // namespace medimirror
