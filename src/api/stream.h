// Role: a listing by lines (media/stream, products/stream), taken apart as they arrive; says whether it was
// complete. Complete: meta.total lines, their index running 0 … total-1, the last one ended by a newline, almost all
// with an id that can be used; or a 204. Nothing else.
// Place: api/client makes it; advance(), handle() and take() as in listing.h.
// Failure: a stream that cannot even start is the run's failure (Caller's Error), unless `may_be_refused` and
// the service refuses this endpoint: then refused() and the pages are to be asked. One that started never
// throws: it is walked again from its start at most restarts_max times when the connection broke, else it is
// cut.
// Limits: 1 MB a line; what arrived and was not taken.
#pragma once

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
  std::string_view take_lines();  // all whole lines, with their newlines; valid until the next take_lines()
  std::size_t size() const { return arriving_size_; }  // not taken
  void clear() { arriving_size_ = 0; }

 private:
  std::string arriving_, served_;  // longer than what they hold, by ReplyParser::kPadding at least
  std::size_t arriving_size_ = 0;
};

class StreamListing final : public Listing {
 public:
  enum class IfRefused { fail, report };

  StreamListing(Caller& caller, Catalogue catalogue, std::string filter_json, IfRefused if_refused);
  ~StreamListing() override { caller_.drop(); }

  void advance(SteadyTime now) override;
  bool handle(Completed& completed) override;
  SteadyTime wake_at() const override { return caller_.wake_at(); }
  bool take(std::vector<ListedItem>& batch) override;
  State state() const override { return state_; }
  Mode mode() const override { return Mode::stream; }
  const std::string& cut_reason() const override { return cut_reason_; }
  std::optional<std::uint64_t> total() const override { return total_; }
  std::uint64_t items() const override { return items_; }
  std::uint64_t malformed() const override { return malformed_; }
  std::uint64_t requests() const override { return caller_.requests(); }
  std::optional<UnixSeconds> server_date() const override { return caller_.first_date(); }

  bool refused() const { return refused_; }

 private:
  void ask(Millis pause);
  void ended(Outcome outcome);
  void judge();  // the stream has ended and all its lines are taken
  void walk_again_or_cut(std::string reason);
  void cut(std::string reason);
  bool place(const StreamLine& line);  // false: cut
  std::string progress() const;

  Caller& caller_;
  const Catalogue catalogue_;
  const std::string body_;
  const IfRefused if_refused_;
  ReplyParser parser_;
  LineBuffer buffer_;

  State state_ = State::running;
  bool refused_ = false;
  std::string cut_reason_;
  std::optional<Outcome> end_;
  int walk_ = 0;
  std::optional<std::uint64_t> total_;
  std::uint64_t next_index_ = 0, items_ = 0, malformed_ = 0;
};

}  // namespace medimirror
