// Role: a listing by pages (media/query, products/query), in the order of the id.
// Complete: each page was full but the last, no total shrank on the way, and as many different rows came as
// announced (a medium that is photo and frontal has two), almost all with an id that can be used. Pages that shift (items
// left while we paged) are walked again from the first, restarts_max times; then they are walked on to the end, and the
// listing is `shifted`. One item that leaves and one that enters between the same two pages cannot be told from none:
// the item missed then comes back with the next run, within the grace period.
// A page that cannot be read, or that the service fails to make, is a bad place (`holed`): the pages behind it are asked
// all the same. Two in a row, or pages that repeat, are a cut.
// The service says 10000 for "10000 or more". From there on the catalogue is walked in windows of time,
// halved until each holds fewer: of createdAt for media, of updatedSince for products, oldest first, so that an item
// touched meanwhile moves ahead of us. Windows overlap by a second each way, because it is not said whether their ends
// belong to them: items may come twice. What lies in none of them, most of all what has no date, is asked as the
// complement of the very range that they cover. What cannot be split is a cut, never a silent 10000. Where a stream
// announced the total before it broke off (AfterStream), windows are complete only when so many different rows came.
// Failure: before the first page the run's (Caller's Error), but after a stream that had begun; later 401 and 403 are
// too, everything else is a cut.
// Limits: those of listing.h; one page in memory and one in flight; at most 10000 rows of one window; 8 bytes for each row of all windows.
#pragma once

#include <deque>
#include <string>
#include <unordered_set>
#include <vector>

#include "api/caller.h"
#include "api/listing.h"
#include "api/reply_parser.h"

namespace medimirror {

// What is known of a stream that the pages stand in for. It did not begin: no reason.
struct AfterStream {
  std::string reason;
  std::optional<std::uint64_t> total;
};

class QueryListing final : public Listing {
 public:
  QueryListing(Caller& caller, Catalogue catalogue, std::string filter_json, AfterStream after = {});
  ~QueryListing() override { caller_.drop(); }

  void advance(SteadyTime now) override;
  bool handle(Completed& completed) override;
  SteadyTime wake_at() const override { return caller_.wake_at(); }
  std::optional<Waiting> waiting() const override { return caller_.waiting(); }
  bool take(std::vector<ListedItem>& batch) override;
  std::size_t held_bytes() const override;
  State state() const override { return arrived_.empty() ? verdict_ : State::running; }
  Mode mode() const override { return Mode::query; }
  const std::string& cut_reason() const override { return cut_reason_; }
  const BadPlaces& bad_places() const override { return bad_; }
  std::optional<std::uint64_t> total() const override { return windowed_ ? after_.total : window_total_; }
  std::uint64_t items() const override { return items_; }
  std::uint64_t malformed() const override { return malformed_; }
  std::uint64_t requests() const override { return caller_.requests(); }
  std::optional<UnixSeconds> server_date() const override { return caller_.first_date(); }

 private:
  struct Window {
    enum class Kind { whole, dated, undated };
    Kind kind = Kind::whole;
    UnixSeconds from = 0, until = 0;  // of dated
  };
  struct Arrived {
    std::string body;  // the items' views point into it
    std::vector<ListedItem> items;
  };

  void ask();
  void ended(Outcome outcome);
  void give_up(const Error& error);
  void take_page(Response response);
  void count_page(const ReplyPage& page);
  void take_shrunk(std::uint64_t before, std::uint64_t now);
  void next_page(std::uint64_t total);
  void lose_page(std::string words);
  void end_window();
  void split();
  void next_window();
  void walk_again_or_on(std::string reason, std::uint64_t total);
  void finish();
  void end(State state, std::string reason);
  std::string filter_of(const Window& window) const;

  Caller& caller_;
  const Catalogue catalogue_;
  const std::string filter_json_;
  const AfterStream after_;
  const UnixSeconds latest_;  // beyond all dates; every window ends there or before
  ReplyParser parser_;

  std::vector<Window> windows_;  // the last one is walked, those before it wait
  std::uint64_t page_no_ = 0;
  std::optional<std::uint64_t> window_total_;
  std::unordered_set<std::uint64_t> window_rows_;  // the different ones that came
  std::uint64_t window_malformed_ = 0;
  bool window_lost_ = false;  // a page of this window
  bool page_lost_ = false;    // the last one asked
  int walk_ = 0;              // of this window
  bool began_ = false;
  bool windowed_ = false;
  std::string shifted_;                        // why, once it did
  std::uint64_t announced_ = 0, missing_ = 0;  // over all windows that were walked to their end
  std::vector<std::uint64_t> seen_;            // the rows of all windows, where their total is known

  BadPlaces bad_;
  std::deque<Arrived> arrived_;
  Arrived served_;
  State verdict_ = State::running;  // once the pages that arrived are taken
  std::string cut_reason_;
  std::uint64_t items_ = 0, malformed_ = 0, rows_ = 0;  // rows: of all pages that came
};

}  // namespace medimirror
