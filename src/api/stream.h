// Role: a listing by lines (media/stream, products/stream), taken apart as they arrive; says how it ended.
// Complete: meta.total lines, their index running 0 … total-1, the last one ended by a newline, almost all
// with an id that can be used; or a 204. Nothing else.
// One bad place costs what stands there and nothing behind it: an error among the rows, a line that cannot be read or
// is too long, a number that is missing or comes again, another total. It is noted and reading goes on; what can still
// be read of a bad line (a row with a raw control character, two rows on one line) is handed out. The listing is then
// `holed`. One that is walked to its end and short by a few rows is `shifted`.
// Place: api/client makes it; advance(), handle() and take() as in listing.h.
// Failure: a stream that cannot even start is the run's failure (Caller's Error). One that started never throws: when it
// breaks off it is walked again from its start at most restarts_max times, then it is cut. With PagesInstead::yes a
// service that refuses this endpoint, does not begin to answer or breaks off again and again makes wants_pages() true:
// then the pages are to be asked.
// Limits: those of listing.h; 2 MB wait to be taken, and the service with them; so much of nothing but blank lines as silence
// may last (answer_ms_max).
#pragma once

#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "api/caller.h"
#include "api/listing.h"
#include "api/reply_parser.h"

namespace medimirror {

// Bytes as they arrive -> whole lines, with room behind them for the parser. No copy but the one in.
class LineBuffer {
 public:
  void append(std::string_view bytes);
  std::string_view take_lines();  // all whole lines, with their newlines; valid until the next take
  std::string_view take_rest();   // what has no newline; valid until the next take
  void skip_line();               // drops what has no newline yet, and the rest of that line as it comes
  std::size_t size() const { return arriving_size_; }  // not taken
  bool skipping() const { return skipping_; }          // the line being dropped has not ended
  std::uint64_t skipped() const { return skipped_; }   // bytes
  std::size_t held_bytes() const { return arriving_.capacity() + served_.capacity(); }
  void clear();

 private:
  std::string arriving_, served_;  // longer than what they hold, by ReplyParser::kPadding at least
  std::size_t arriving_size_ = 0;
  std::uint64_t skipped_ = 0;
  bool skipping_ = false;
};

class StreamListing final : public Listing {
 public:
  enum class PagesInstead { no, yes };

  StreamListing(Caller& caller, Catalogue catalogue, const std::string& filter_json,
                PagesInstead pages_instead);
  ~StreamListing() override { caller_.drop(); }

  void advance(SteadyTime now) override;
  bool handle(Completed& completed) override;
  SteadyTime wake_at() const override { return caller_.wake_at(); }
  std::optional<Waiting> waiting() const override;
  bool take(std::vector<ListedItem>& batch) override;
  std::size_t held_bytes() const override { return buffer_.held_bytes(); }
  State state() const override { return state_; }
  Mode mode() const override { return Mode::stream; }
  const std::string& cut_reason() const override { return cut_reason_; }
  const BadPlaces& bad_places() const override { return bad_; }
  std::optional<std::uint64_t> total() const override { return total_; }
  std::uint64_t items() const override { return items_; }
  std::uint64_t malformed() const override { return malformed_; }
  std::uint64_t requests() const override { return caller_.requests(); }
  std::optional<UnixSeconds> server_date() const override { return caller_.first_date(); }

  // Then cut_reason() says how the stream broke off, and is empty where it did not begin.
  bool wants_pages() const { return wants_pages_; }

 private:
  void ask(Millis pause);
  void ended(Outcome outcome);
  void judge();  // the stream has ended and all its lines are taken
  void judge_whole();
  void take_rest(std::vector<ListedItem>& batch);
  void walk_again_or_cut(std::string reason);
  void hand_over_or_cut(std::string reason);
  void let_go();  // of what arrived
  void end(State state, std::string reason);

  void read_some(std::vector<ListedItem>& batch);
  bool obey_limits();
  void read_line(std::string_view text, std::vector<ListedItem>& batch);
  void read_blank(std::size_t bytes);
  bool rescue(std::string_view text, std::vector<ListedItem>& batch);
  void lose_line(std::string words);
  void place(const StreamLine& line, std::vector<ListedItem>& batch);
  void place_by_index(const StreamLine& line);
  void note(std::string_view what);  // "came a line that cannot be read"
  std::string progress() const;

  Caller& caller_;
  const Catalogue catalogue_;
  const std::string body_;
  const PagesInstead pages_instead_;
  ReplyParser parser_;
  LineBuffer buffer_;
  std::string_view lines_;          // of the buffer, still to be read
  std::deque<std::string> mended_;  // items of the last batch point into them

  State state_ = State::running;
  bool wants_pages_ = false;
  std::string cut_reason_;
  std::optional<Outcome> end_;
  bool torn_ = false;  // the last line of this walk did not end
  int walk_ = 0;

  // of this walk
  BadPlaces bad_;
  std::optional<std::uint64_t> total_;
  std::uint64_t next_index_ = 0;
  std::uint64_t rows_ = 0;        // lines that said something
  std::uint64_t lost_lines_ = 0;  // since the last of them: what stood there has no number
  std::uint64_t malformed_ = 0;
  std::uint64_t blank_bytes_ = 0;  // since a line said something
  std::optional<SteadyTime> blank_since_;
  MediaId last_id_ = 0;
  bool disordered_ = false;

  std::uint64_t items_ = 0;  // of all walks
};

}  // namespace medimirror
