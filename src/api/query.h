// Role: a listing by pages (media/query, products/query), in the order of the id.
// Complete: each page was full but the last, no total shrank on the way, and as many different rows came as
// announced (a medium that is photo and frontal has two), almost all with an id that can be used. Pages that shift (items left while we paged) or repeat
// are walked again from the first, restarts_max times, else the listing is cut. One item that leaves and one that
// enters between the same two pages cannot be told from none: the item missed then comes back with the next run,
// within the grace period.
// The service says 10000 for "10000 or more". From there on the catalogue is walked in windows of time,
// halved until each holds fewer: of createdAt for media (and once what has no createdAt), of updatedSince for
// products, oldest first, so that an item touched meanwhile moves ahead of us. Windows overlap by a second
// each way, because it is not said whether their ends belong to them: items may come twice. What cannot be
// split is a cut, never a silent 10000.
// Failure: before the first page the run's (Caller's Error); later 401 and 403 are too, everything else is a
// cut.
// Limits: one page in memory and one in flight; at most 10000 rows of one window.
#pragma once

#include <deque>
#include <string>
#include <unordered_set>
#include <vector>

#include "api/caller.h"
#include "api/listing.h"
#include "api/reply_parser.h"

namespace medimirror {

class QueryListing final : public Listing {
 public:
  QueryListing(Caller& caller, Catalogue catalogue, std::string filter_json);
  ~QueryListing() override { caller_.drop(); }

  void advance(SteadyTime now) override;
  bool handle(Completed& completed) override;
  SteadyTime wake_at() const override { return caller_.wake_at(); }
  bool take(std::vector<ListedItem>& batch) override;
  State state() const override { return arrived_.empty() ? verdict_ : State::running; }
  Mode mode() const override { return Mode::query; }
  const std::string& cut_reason() const override { return cut_reason_; }
  std::optional<std::uint64_t> total() const override { return windowed_ ? std::nullopt : window_total_; }
  std::uint64_t items() const override { return items_; }
  std::uint64_t malformed() const override { return malformed_; }
  std::uint64_t requests() const override { return caller_.requests(); }
  std::optional<UnixSeconds> server_date() const override { return caller_.first_date(); }

 private:
  struct Window {
    enum class Kind { whole, dated, undated };
    Kind kind = Kind::whole;
    std::optional<UnixSeconds> from, until;  // of dated; the first has no from, the last no until
  };
  struct Arrived {
    std::string body;  // the items' views point into it
    std::vector<ListedItem> items;
  };

  void ask();
  void ended(Outcome outcome);
  void take_page(Response response);
  void count_page(const ReplyPage& page);
  void split();
  void next_window();
  void walk_again_or_cut(std::string reason);
  void cut(std::string reason);
  std::string filter_of(const Window& window) const;
  std::string_view date_filter() const;

  Caller& caller_;
  const Catalogue catalogue_;
  const std::string filter_json_;
  ReplyParser parser_;

  std::vector<Window> windows_;  // the last one is walked, those before it wait
  std::uint64_t page_no_ = 0;
  std::optional<std::uint64_t> window_total_;
  std::unordered_set<std::uint64_t> window_rows_;  // the different ones that came
  std::uint64_t window_malformed_ = 0;
  int walk_ = 0;  // of this window
  bool began_ = false;
  bool windowed_ = false;

  std::deque<Arrived> arrived_;
  Arrived served_;
  State verdict_ = State::running;  // once the pages that arrived are taken
  std::string cut_reason_;
  std::uint64_t items_ = 0, malformed_ = 0, rows_ = 0;  // rows: of all pages that came
};

}  // namespace medimirror
