// Role: what to fetch next: follows the listing through the index, which is the queue (store/index.h: the table `queue`).
// Place: the loop asks it whenever the downloader wants more, and passes on what the writer tells.
// Rules: only where the index holds all that the listing says about an item is that item asked for. Once all is listed, a
// second pass over the queue finds what an unordered listing named behind the cursor, and what got a new URL while the old
// one was under way; it starts when nothing is under way and the writer has everything, since until then the queue still
// holds what was tried.
// Threads: the loop's only.
// Limits: keys of one chunk of the queue.
#pragma once

#include <limits>
#include <optional>
#include <vector>

#include "fetch/downloader.h"
#include "run/writer.h"
#include "store/index.h"

namespace medimirror {

inline constexpr MediaId kAllSettled = std::numeric_limits<MediaId>::max();

class DownloadQueue {
 public:
  DownloadQueue(const IndexView& view, RunNumber run, Writer& writer)
      : view_(view), run_(run), writer_(writer) {}

  void hear(const Feedback::News& news) { first_pass_written_ = news.barrier >= kFirstPassBarrier; }

  // Nothing: none for now. `settled_below`: of the items below it, the index knows what they are now.
  // `nothing_under_way`: neither on the wire nor on its way to the index.
  std::optional<Download> next(MediaId settled_below, bool nothing_under_way);

  bool done() const { return pass_ == Pass::over && chunk_.empty(); }
  std::uint64_t handed_out() const { return handed_out_; }

 private:
  bool read_chunk(bool all_settled, bool nothing_under_way);
  bool tried_in_this_run(const AssetRecord& record) const;

  const IndexView& view_;
  const RunNumber run_;
  Writer& writer_;
  std::vector<AssetKey> chunk_;  // of the queue, last first
  std::optional<AssetKey> cursor_;
  enum class Pass { first, settling, second, over } pass_ = Pass::first;
  bool first_pass_written_ = false;
  std::uint64_t handed_out_ = 0;
};

}  // namespace medimirror
