// Role: many changes of the index, made durable a group at a time: for what may stop between any two of them and go on later.
// Threads: one. Between its first next() and commit() nothing else writes (index.h).
// Failure: throws as IndexGroup. What was not committed is dropped with it.
// Limits: kChangesPerGroup changes, so that neither memory nor the index file grows with how many there are.
#pragma once

#include <cstddef>
#include <optional>

#include "store/index.h"

namespace medimirror {

class GroupedWrites {
 public:
  static constexpr std::size_t kChangesPerGroup = 10'000;  // a group keeps the pages it changes in memory

  explicit GroupedWrites(Index& index) : index_(index) {}

  // The group of the next change (of one subject: what belongs together is one). Good until the next call.
  IndexGroup& next() {
    if (changes_ == kChangesPerGroup) commit();
    if (!group_) group_.emplace(index_.group());
    ++changes_;
    return *group_;
  }

  void commit() {
    if (group_) group_->commit();
    group_.reset();
    changes_ = 0;
  }

 private:
  Index& index_;
  std::optional<IndexGroup> group_;
  std::size_t changes_ = 0;
};

}  // namespace medimirror
