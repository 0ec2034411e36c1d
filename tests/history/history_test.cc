#include "history/history.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <set>

#include "base/error.h"
#include "tree/publish_fixture.h"

namespace medimirror {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

namespace fs = std::filesystem;

using Entries = std::map<std::string, std::string>;

// ---------------------------------------------------------------- one list

class HistoryList : public testing::Test {
 protected:
  fs::path file(int number) const { return folder / std::to_string(number); }

  bool write(int number, const Entries& entries, const std::vector<fs::path>& chain) {
    const RunNumber base = chain.empty() ? 0 : std::stoull(chain.front().filename().native());
    return write_list(
        file(number), {static_cast<RunNumber>(number), base, 1000 + number, entries.size()},
        [&](const ListEntry& say) {
          for (const auto& [key, value] : entries) say(key, value);
        },
        chain);
  }
  static Entries read(const std::vector<fs::path>& chain) {
    Entries entries;
    for (ListReader reader(chain); reader.next();) entries.emplace(reader.key(), reader.value());
    return entries;
  }

  TemporaryFolder folder;
};

Entries numbered(int from, int to, const std::string& value) {
  Entries entries;
  for (int i = from; i < to; ++i)
    entries.emplace("key " + std::to_string(100'000 + i), value + std::to_string(i));
  return entries;
}

TEST_F(HistoryList, WholeAndDifferencesReadTheSame) {
  const Entries first = numbered(0, 5000, "a");
  ASSERT_TRUE(write(1, first, {}));
  EXPECT_EQ(read({file(1)}), first);

  Entries second = first;
  second.erase("key 100003");
  second["key 100004"] = "other";
  second["key 999999"] = "new";
  second["a"] = "";
  ASSERT_TRUE(write(2, second, {file(1)}));
  EXPECT_EQ(read_list_header(file(2))->base, 1u);
  EXPECT_LT(fs::file_size(file(2)), 300u);
  EXPECT_EQ(read({file(2), file(1)}), second);

  Entries third = second;
  third.erase("a");
  third["key 100003"] = "back";
  third["key 100004"] = "a4";
  ASSERT_TRUE(write(3, third, {file(2), file(1)}));
  EXPECT_EQ(read({file(3), file(2), file(1)}), third);
  EXPECT_EQ(read({file(2), file(1)}), second);

  Entries stated;
  each_stated_entry(file(3), [&](std::string_view key, std::string_view value) {
    stated.emplace(std::string(key), std::string(value));
  });
  EXPECT_EQ(stated, (Entries{{"key 100003", "back"}, {"key 100004", "a4"}}));
}

TEST_F(HistoryList, WhatDoesNotDifferIsNotWritten) {
  const Entries entries = numbered(0, 100, "a");
  ASSERT_TRUE(write(1, entries, {}));
  EXPECT_FALSE(write(2, entries, {file(1)}));
  EXPECT_FALSE(fs::exists(file(2)));
  EXPECT_EQ(std::distance(fs::directory_iterator(folder.path()), fs::directory_iterator()), 1);
}

TEST_F(HistoryList, AChainStaysShortAndSmallerThanItsWholeList) {
  // values that do not compress, so that sizes mean something
  const auto noise = [](int seed, int i) {
    return sha256(std::to_string(seed) + " " + std::to_string(i)).hex();
  };
  std::vector<fs::path> chain;
  Entries entries;
  for (int i = 0; i < 5000; ++i) entries["key " + std::to_string(i)] = noise(0, i);
  std::size_t wholes = 0;
  for (int run = 1; run <= 80; ++run) {
    for (int i = 0; i < 200; ++i) entries["key " + std::to_string(run * 37 % 4800 + i)] = noise(run, i);
    ASSERT_TRUE(write(run, entries, chain));
    if (read_list_header(file(run))->base == 0) {
      chain.clear();
      ++wholes;
    }
    chain.insert(chain.begin(), file(run));
    ASSERT_LE(chain.size(), kChainMax);
    std::uint64_t differences = 0;
    for (std::size_t i = 0; i + 1 < chain.size(); ++i) differences += fs::file_size(chain[i]);
    ASSERT_LE(differences, std::max<std::uint64_t>(fs::file_size(chain.back()) / 2, 64 * 1024) + 3000) << run;
    ASSERT_EQ(read(chain), entries);
  }
  EXPECT_GE(wholes, 3u);
  EXPECT_LE(wholes, 20u);
}

TEST_F(HistoryList, EveryCutAndEveryFlippedByteIsNoticed) {
  ASSERT_TRUE(write(1, numbered(0, 50, "value "), {}));
  const std::string good = read_file(file(1));
  const Entries entries = read({file(1)});
  for (std::size_t length = 0; length < good.size(); ++length) {
    replace_file(file(2), std::string_view(good).substr(0, length));
    EXPECT_THROW(read({file(2)}), Error) << length;
  }
  const std::size_t header = good.find('\n');
  for (std::size_t at = header + 1; at < good.size(); ++at) {
    std::string bad = good;
    bad[at] = static_cast<char>(bad[at] ^ 0x10);
    replace_file(file(2), bad);
    // zlib lets some bits of its own header pass; what is read must then be right
    try {
      EXPECT_EQ(read({file(2)}), entries) << at;
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::index);
    }
  }
}

// ---------------------------------------------------------------- runs

class History : public testing::Test, public PublishFixture {
 protected:
  fs::path store() const { return folder / "store"; }

  void end_run(RunNumber run, UnixSeconds at) {
    publish();
    keep_history(store(), run, at, index->view());
  }
  std::map<std::string, std::string> tree_of(RunNumber run) const {
    std::map<std::string, std::string> paths;
    for (KeptTree tree(store(), kept_tree_of(store(), run)->run); tree.next();)
      paths.emplace(tree.record().path, tree.record().digest.hex());
    return paths;
  }
  std::set<Digest> digests_since(UnixSeconds since) const {
    std::set<Digest> digests;
    each_kept_digest(store(), since, [&](const Digest& digest) { digests.insert(digest); });
    return digests;
  }
};

TEST_F(History, ARunThatAPersonNamesIsThereOrToldWhichAre) {
  const auto refusal = [&](RunNumber run) -> std::string {
    try {
      named_tree(store(), index->view(), run);
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::usage);
      return error.what();
    }
    return "";
  };
  EXPECT_THAT(refusal(1), HasSubstr("there was no run yet"));
  hold(1, "huge", "a");
  end_run(3, 100);
  EXPECT_THAT(refusal(4), HasSubstr("there is no run 4: there are runs 1 to 3"));
  IndexGroup group = index->group();
  group.put_run(5, {});  // two that changed nothing
  group.commit();
  EXPECT_EQ(named_tree(store(), index->view(), 3).run, 3u);
  EXPECT_EQ(named_tree(store(), index->view(), 5).run, 3u);
  EXPECT_THAT(refusal(6), HasSubstr("there is no run 6: there are runs 1 to 5"));
  EXPECT_THAT(refusal(0), HasSubstr("there is no run 0"));
  EXPECT_THAT(refusal(2), HasSubstr("the tree of run 2 is not kept any more: those of run 3 and later are"));
}

TEST_F(History, ARunThatChangedNothingRefersToTheOneBefore) {
  hold(1, "huge", "a");
  end_run(1, 100);
  end_run(2, 200);
  hold(2, "huge", "b");
  end_run(3, 300);
  const auto lists = kept_lists(store(), KeptKind::tree);
  ASSERT_THAT(lists, SizeIs(2));
  EXPECT_EQ(lists[0].run, 1u);
  EXPECT_EQ(lists[1].run, 3u);
  EXPECT_EQ(lists[1].base, 1u);
  EXPECT_EQ(lists[1].entries, 2u);
  EXPECT_EQ(kept_tree_of(store(), 2)->run, 1u);
  EXPECT_FALSE(kept_tree_of(store(), 0).has_value());
  EXPECT_THAT(tree_of(2), ElementsAre(std::pair{"huge/0/1.jpg", sha256("a").hex()}));
  EXPECT_THAT(tree_of(3), SizeIs(2));
}

TEST_F(History, SaysWhatTwoRunsDifferIn) {
  hold(1, "huge", "a");
  hold(2, "huge", "b");
  end_run(1, 100);
  hold(1, "huge", "a2");
  retire(2, "huge");
  hold(3, "huge", "c");
  end_run(2, 200);
  std::vector<std::string> said;
  diff_trees(store(), 1, 2, [&](const TreeDifference& difference) {
    const std::string sign = !difference.before ? "+" : !difference.after ? "-" : "~";
    said.push_back(sign + std::to_string(difference.key.media));
  });
  EXPECT_THAT(said, ElementsAre("~1", "-2", "+3"));
}

TEST_F(History, NamesTheDigestsOfTreesThatWereInForceSince) {
  const Digest a = hold(1, "huge", "a");
  end_run(1, 100);
  const Digest b = hold(1, "huge", "b");
  end_run(2, 200);
  const Digest c = hold(1, "huge", "c");
  end_run(3, 300);
  EXPECT_EQ(digests_since(0), (std::set{a, b, c}));
  EXPECT_EQ(digests_since(199), (std::set{a, b, c}));
  EXPECT_EQ(digests_since(200), (std::set{b, c}));
  EXPECT_EQ(digests_since(250), (std::set{b, c}));
  EXPECT_EQ(digests_since(1000), (std::set{c}));
}

TEST_F(History, NeverPassesOverADamagedTree) {
  hold(1, "huge", "a");
  end_run(1, 100);
  hold(1, "huge", "b");
  end_run(2, 200);
  replace_file(store() / "runs" / "0000000001.tree", "rubbish");
  EXPECT_THROW(digests_since(0), Error);
  // a run after it is kept whole
  hold(1, "huge", "c");
  end_run(3, 300);
  EXPECT_EQ(kept_lists(store(), KeptKind::tree).back().base, 0u);
  EXPECT_EQ(tree_of(3).begin()->second, sha256("c").hex());
}

TEST_F(History, ForgetsOldRunsAndKeepsWhatLaterOnesBuildOn) {
  for (MediaId id = 1; id <= 200; ++id) hold(id, "huge", "a" + std::to_string(id));
  end_run(1, 100);
  hold(1, "huge", "b");
  end_run(2, 200);
  hold(2, "huge", "c");
  end_run(3, 300);
  const auto second = tree_of(2), third = tree_of(3);
  EXPECT_EQ(forget_history(store(), 150), 0u);  // run 1 was in force then
  forget_history(store(), 250);
  const auto lists = kept_lists(store(), KeptKind::tree);
  ASSERT_THAT(lists, SizeIs(2));
  EXPECT_EQ(lists[0].base, 0u);
  EXPECT_EQ(lists[1].base, 2u);
  EXPECT_EQ(tree_of(2), second);
  EXPECT_EQ(tree_of(3), third);
  forget_history(store(), 10'000);
  EXPECT_THAT(kept_lists(store(), KeptKind::tree), SizeIs(1));
  EXPECT_THAT(kept_lists(store(), KeptKind::catalogue), SizeIs(1));
  EXPECT_EQ(tree_of(3), third);
}

TEST_F(History, KeepsARunTwiceAsTheLastTime) {
  hold(1, "huge", "a");
  end_run(1, 100);
  hold(2, "huge", "b");
  end_run(2, 200);
  hold(3, "huge", "c");
  end_run(2, 210);
  EXPECT_THAT(tree_of(2), SizeIs(3));
}

}  // namespace
}  // namespace medimirror
