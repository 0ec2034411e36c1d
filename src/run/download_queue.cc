#include "run/download_queue.h"

#include <algorithm>

#include "fetch/plan.h"

namespace medimirror {

namespace {

constexpr std::size_t kChunk = 256;

}  // namespace

std::optional<Download> DownloadQueue::next(MediaId settled_below, bool nothing_under_way) {
  while (!chunk_.empty() || read_chunk(settled_below == kAllSettled, nothing_under_way)) {
    const AssetKey key = chunk_.back();
    if (key.media >= settled_below) return std::nullopt;
    chunk_.pop_back();
    cursor_ = key;
    const std::optional<AssetRecord> record = view_.asset(key);
    if (!record || !record->to_fetch() || tried_in_this_run(*record)) continue;
    ++handed_out_;
    Download download{key, record->url, {}};
    if (can_revalidate(*record)) download.validators = {record->etag, record->last_modified};
    return download;
  }
  return std::nullopt;
}

bool DownloadQueue::read_chunk(bool all_settled, bool nothing_under_way) {
  if (pass_ == Pass::over) return false;
  if (pass_ == Pass::settling) {
    if (!first_pass_written_) return false;
    pass_ = Pass::second;
    cursor_.reset();
  }
  chunk_ = view_.queued(cursor_, kChunk);
  if (!chunk_.empty()) {
    std::ranges::reverse(chunk_);  // taken from the back
    return true;
  }
  if (pass_ == Pass::second) {
    pass_ = Pass::over;
  } else if (all_settled && nothing_under_way) {
    pass_ = Pass::settling;
    writer_.push_barrier(kFirstPassBarrier);
  }
  return false;
}

bool DownloadQueue::tried_in_this_run(const AssetRecord& record) const {
  return record.state == AssetState::failed && !record.attempts.empty() && record.attempts.back().run == run_;
}

}  // namespace medimirror
