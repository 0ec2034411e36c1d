// What every BlobStore must do, as tests for any implementation:
//   INSTANTIATE_TEST_SUITE_P(Mine, BlobStoreContract, testing::Values(BlobStoreMaker{…}));
// The maker gets a folder of the test's own; two stores made with the same folder are the same store,
// reopened.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/file.h"
#include "base/sha256.h"
#include "store/blob_store.h"
#include "support/temporary_folder.h"

namespace medimirror {

using BlobStoreMaker = std::function<std::unique_ptr<BlobStore>(const std::filesystem::path& folder)>;

class BlobStoreContract : public testing::TestWithParam<BlobStoreMaker> {
 protected:
  std::unique_ptr<BlobStore> make() { return GetParam()(temporary_ / "store"); }

  static StagedBlob stage(BlobStore& store, std::string_view bytes, UnixSeconds mtime = 1'700'000'000) {
    return store.stage(sha256(bytes), bytes, mtime);
  }
  static Digest put(BlobStore& store, std::string_view bytes) {
    const StagedBlob blob = stage(store, bytes);
    store.commit({&blob, 1});
    return blob.digest;
  }
  static std::vector<std::pair<Digest, std::uint64_t>> list(const BlobStore& store) {
    std::vector<std::pair<Digest, std::uint64_t>> found;
    store.each([&](const Digest& digest, std::uint64_t bytes) {
      found.emplace_back(digest, bytes);
      return true;
    });
    return found;
  }

  TemporaryFolder temporary_;
};

TEST_P(BlobStoreContract, StartsEmpty) {
  const auto store = make();
  EXPECT_FALSE(store->has(sha256("a")));
  EXPECT_EQ(store->read(sha256("a")), std::nullopt);
  EXPECT_TRUE(list(*store).empty());
  store->remove(sha256("a"));
  store->sweep();
  store->commit({});
  EXPECT_GT(store->space().bytes_free, 0u);
  EXPECT_GT(store->space().files_free, 0u);
}

TEST_P(BlobStoreContract, KeepsAGroup) {
  const std::string large(3'000'000, 'x');
  std::vector<StagedBlob> group;
  {
    const auto store = make();
    for (const std::string& bytes : {std::string("a"), std::string(), large})
      group.push_back(stage(*store, bytes));
    EXPECT_EQ(group[2].digest, sha256(large));
    EXPECT_EQ(group[2].bytes, large.size());
    store->commit(group);
    EXPECT_EQ(store->read(sha256(large)), large);
  }
  const auto store = make();
  EXPECT_TRUE(store->has(sha256("a")));
  EXPECT_EQ(store->read(sha256("a")), "a");
  EXPECT_EQ(store->read(sha256("")), "");
  EXPECT_EQ(list(*store).size(), 3u);
}

TEST_P(BlobStoreContract, StagedIsNotThereYet) {
  const auto store = make();
  const StagedBlob blob = stage(*store, "a");
  EXPECT_FALSE(store->has(blob.digest));
  EXPECT_EQ(store->read(blob.digest), std::nullopt);
  EXPECT_TRUE(list(*store).empty());
}

TEST_P(BlobStoreContract, WhatADeadRunStagedIsSwept) {
  stage(*make(), "a");
  const auto store = make();
  store->sweep();
  EXPECT_TRUE(list(*store).empty());
  EXPECT_EQ(store->read(put(*store, "a")), "a");
}

TEST_P(BlobStoreContract, DiscardedIsGone) {
  const auto store = make();
  const StagedBlob blob = stage(*store, "a");
  store->discard(blob);
  EXPECT_TRUE(list(*store).empty());
  EXPECT_EQ(store->read(put(*store, "a")), "a");
}

TEST_P(BlobStoreContract, EqualBytesAreOneBlob) {
  const auto store = make();
  const std::vector<StagedBlob> twice = {stage(*store, "a"), stage(*store, "b"), stage(*store, "a")};
  store->commit(twice);
  const std::vector<StagedBlob> again = {stage(*store, "a"), stage(*store, "c")};
  store->commit(again);
  EXPECT_EQ(list(*store).size(), 3u);
  EXPECT_EQ(store->read(sha256("a")), "a");
}

TEST_P(BlobStoreContract, ListsInDigestOrderAndStopsWhenTold) {
  const auto store = make();
  std::vector<StagedBlob> group;
  for (int i = 0; i < 150; ++i) group.push_back(stage(*store, std::string(static_cast<std::size_t>(i), 'x')));
  store->commit(group);
  const auto found = list(*store);
  EXPECT_EQ(found.size(), 150u);
  EXPECT_TRUE(std::is_sorted(found.begin(), found.end()));
  for (const auto& [digest, bytes] : found) EXPECT_EQ(digest, sha256(std::string(bytes, 'x')));
  int calls = 0;
  store->each([&](const Digest&, std::uint64_t) { return ++calls < 5; });
  EXPECT_EQ(calls, 5);
}

TEST_P(BlobStoreContract, RemovedIsGone) {
  const auto store = make();
  const Digest digest = put(*store, "a");
  store->remove(digest);
  EXPECT_FALSE(store->has(digest));
  EXPECT_TRUE(list(*store).empty());
  EXPECT_EQ(store->read(put(*store, "a")), "a");
}

TEST_P(BlobStoreContract, StagesFromManyThreadsWhileOneCommits) {
  const auto store = make();
  constexpr int kThreads = 4, kEach = 50;
  std::mutex mutex;
  std::vector<StagedBlob> staged;
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < kThreads; ++t)
      threads.emplace_back([&, t] {
        for (int i = 0; i < kEach; ++i) {
          const StagedBlob blob = stage(*store, std::to_string(t) + "/" + std::to_string(i));
          const std::lock_guard lock(mutex);
          staged.push_back(blob);
        }
      });
    for (int i = 0; i < 20; ++i) {
      std::vector<StagedBlob> group;
      {
        const std::lock_guard lock(mutex);
        group.swap(staged);
      }
      store->commit(group);
    }
  }
  store->commit(staged);
  EXPECT_EQ(list(*store).size(), std::size_t{kThreads * kEach});
}

}  // namespace medimirror
