#include "store/grouped_writes.h"

#include <gtest/gtest.h>

#include "support/temporary_folder.h"

namespace medimirror {
namespace {

class GroupedWritesTest : public testing::Test {
 protected:
  TemporaryFolder folder_;
  std::unique_ptr<Index> index_ = Index::open(folder_ / "index", {.durable = false});
};

TEST_F(GroupedWritesTest, AFullGroupIsKeptBeforeTheNextChange) {
  GroupedWrites writes(*index_);
  for (MediaId id = 1; id <= GroupedWrites::kChangesPerGroup; ++id) writes.next().put_mark(id, {});
  EXPECT_EQ(index_->view().mark_count(), 0u);
  writes.next().put_mark(0, {});
  EXPECT_EQ(index_->view().mark_count(), GroupedWrites::kChangesPerGroup);
  writes.commit();
  EXPECT_EQ(index_->view().mark_count(), GroupedWrites::kChangesPerGroup + 1);
}

TEST_F(GroupedWritesTest, WhatIsNotCommittedIsDropped) {
  GroupedWrites(*index_).next().put_mark(1, {});
  EXPECT_EQ(index_->view().mark_count(), 0u);
}

TEST_F(GroupedWritesTest, WithoutAChangeNothingIsWritten) {
  GroupedWrites writes(*index_);
  writes.commit();
  IndexGroup group = index_->group();  // would wait for one that is still open
  group.put_mark(1, {});
  group.commit();
  writes.next().put_mark(2, {});
  writes.commit();
  EXPECT_EQ(index_->view().mark_count(), 2u);
}

}  // namespace
}  // namespace medimirror
