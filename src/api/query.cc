#include "api/query.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "api/line_mend.h"
#include "base/log.h"
#include "base/units.h"

namespace medimirror {

namespace {

constexpr UnixSeconds kDay = 86'400;

std::string_view path_of(Catalogue catalogue) {
  return catalogue == Catalogue::media ? "/media/query" : "/products/query";
}

std::string_view date_filter_of(Catalogue catalogue) {
  return catalogue == Catalogue::media ? "createdAt" : "updatedSince";
}

// Perhaps of what stands on this page alone, and not of the service.
bool may_be_the_page(int status) {
  return status == 500 || status == 502 || status == 504;
}

}  // namespace

QueryListing::QueryListing(Caller& caller, Catalogue catalogue, std::string filter_json, AfterStream after)
    : caller_(caller),
      catalogue_(catalogue),
      filter_json_(std::move(filter_json)),
      after_(std::move(after)),
      latest_(caller.clock().unix_now() + kDay),
      windows_{Window{}} {
  ask();
}

// Both ends are always given: what one alone means is not documented.
std::string QueryListing::filter_of(const Window& window) const {
  if (window.kind == Window::Kind::whole) return filter_json_;
  const bool dated = window.kind == Window::Kind::dated;
  const UnixSeconds from = dated && window.from > 0 ? window.from - 1 : 0;
  const UnixSeconds until = dated && window.until < latest_ ? window.until + 1 : latest_;
  const std::string range =
      fmt::format(R"({{"{}":{{"from":{},"until":{}}}}})", date_filter_of(catalogue_), from, until);
  return dated ? fmt::format(R"({{"and":[{},{}]}})", filter_json_, range)
               : fmt::format(R"({{"and":[{},{{"not":{}}}]}})", filter_json_, range);
}

void QueryListing::ask() {
  Call call;
  call.path = path_of(catalogue_);
  call.body = fmt::format(R"({{"filter":{},"sorting":{{"id":"ASC"}},"page":{{"no":{},"size":{}}}}})",
                          filter_of(windows_.back()), page_no_, caller_.options().page_size);
  caller_.ask(std::move(call));
}

void QueryListing::advance(SteadyTime now) {
  if (verdict_ != State::running) return;
  if (auto late = caller_.out_of_time(now)) return end(State::cut, std::move(*late));
  caller_.advance(now);
  if (auto outcome = caller_.take_outcome()) ended(std::move(*outcome));
}

bool QueryListing::handle(Completed& completed) {
  if (!caller_.handle(completed)) return false;
  if (auto outcome = caller_.take_outcome()) ended(std::move(*outcome));
  return true;
}

void QueryListing::ended(Outcome outcome) {
  if (verdict_ != State::running) return;
  if (!outcome.error) return take_page(std::move(*outcome.response));
  if (may_be_the_page(outcome.status) && !page_lost_) return lose_page(outcome.error->what());
  give_up(*outcome.error);
}

void QueryListing::give_up(const Error& error) {
  if (began_ && error.kind() == ErrorKind::auth) throw Error(error);
  if (!began_ && after_.reason.empty()) throw Error(error);
  end(State::cut, began_ ? error.what() : fmt::format("{}, and then {}", after_.reason, error.what()));
}

void QueryListing::take_page(Response response) {
  Arrived arrived{std::move(response.body).take_text(), {}};
  std::size_t size = arrived.body.size();
  arrived.body.append(ReplyParser::kPadding, '\0');
  // in its place before views into it are made: a short string moves its bytes when it moves
  arrived_.push_back(std::move(arrived));
  std::string& body = arrived_.back().body;
  const auto parse = [&](ReplyPage& page) {
    return parser_.page(std::string_view(body).substr(0, size), catalogue_, page);
  };
  ReplyPage page;
  bool readable = response.status == 204 || parse(page);
  if (!readable) {
    body = without_bad_bytes(std::string_view(body).substr(0, size));
    size = body.size();
    body.append(ReplyParser::kPadding, '\0');
    readable = parse(page);
    if (readable) bad_.add(fmt::format("page {} could be read in part only", page_no_));
  }
  if (!readable) {
    const std::string words = words_of(std::string_view(body).substr(0, size));
    std::string reason = words.empty() ? "the service answers with something that is not a page of a listing"
                                       : fmt::format("the service answers \"{}\"", words);
    arrived_.pop_back();
    if (!page_lost_) return lose_page(std::move(reason));
    return give_up(
        Error(ErrorKind::network, began_ ? reason : reason + ": is api.base_url right?", "list by pages"));
  }
  began_ = true;
  page_lost_ = false;
  if (page.total >= kTotalCap) {
    arrived_.pop_back();
    return split();
  }
  for (const ReplyPage::Entry& entry : page.entries) arrived_.back().items.push_back(entry.item);
  if (page.entries.empty()) arrived_.pop_back();
  malformed_ += page.malformed;
  rows_ += page.entries.size() + page.malformed;
  if (rows_ > kUnorderedItemsMax)
    return end(State::cut,
               fmt::format("of a listing by pages {} items are taken at most: narrow the selection",
                           format_count(kUnorderedItemsMax)));
  count_page(page);
}

void QueryListing::count_page(const ReplyPage& page) {
  const std::size_t page_size = caller_.options().page_size;
  const std::uint64_t before = window_total_.value_or(page.total);
  window_total_ = page.total;
  const std::size_t known = window_rows_.size();
  // Rows, not ids: a medium that is both photo and frontal has two, and the service's total counts both.
  for (const ReplyPage::Entry& entry : page.entries) {
    const std::uint64_t row = entry.key ^ entry.item.fingerprint.low;
    if (window_rows_.insert(row).second && after_.total) seen_.push_back(row);
  }
  window_malformed_ += page.malformed;
  const std::uint64_t came = page.entries.size() + page.malformed;
  if (page.malformed == 0 && came > 0 && window_rows_.size() == known) {
    if (walk_ >= caller_.options().restarts_max)
      return end(State::cut, fmt::format("page {} repeats the pages before it", page_no_));
    return walk_again_or_on(fmt::format("page {} repeats the pages before it", page_no_), page.total);
  }
  if (page.total < before) return take_shrunk(before, page.total);
  if ((page_no_ + 1) * page_size < page.total && came < page_size)
    return walk_again_or_on(fmt::format("page {} holds {} items instead of {}", page_no_, came, page_size),
                            page.total);
  next_page(page.total);
}

// A few may have left meanwhile; a total that falls further is no total, and the page no page.
void QueryListing::take_shrunk(std::uint64_t before, std::uint64_t now) {
  std::string reason = fmt::format("while the pages were asked the total went from {} to {}",
                                   format_count(before), format_count(now));
  const bool may_restart = walk_ < caller_.options().restarts_max;
  if (may_restart || may_have_shifted(before - now, before)) return walk_again_or_on(std::move(reason), now);
  window_total_ = before;
  lose_page(std::move(reason));
}

void QueryListing::next_page(std::uint64_t total) {
  if ((page_no_ + 1) * caller_.options().page_size >= total) return end_window();
  ++page_no_;
  ask();
}

void QueryListing::lose_page(std::string words) {
  bad_.add(fmt::format("page {} is missing: {}", page_no_, words));
  window_lost_ = page_lost_ = true;
  if (window_total_) return next_page(*window_total_);
  ++page_no_;  // the next one may say how many there are
  ask();
}

void QueryListing::end_window() {
  const std::uint64_t came = window_rows_.size() + window_malformed_;
  if (came < *window_total_ && !window_lost_ && shifted_.empty())
    return walk_again_or_on(fmt::format("the service announced {} items and its pages held {}",
                                        format_count(*window_total_), format_count(came)),
                            *window_total_);
  announced_ += *window_total_;
  if (came < *window_total_) missing_ += *window_total_ - came;
  windows_.pop_back();
  next_window();
}

void QueryListing::split() {
  const Window window = windows_.back();
  windows_.pop_back();
  if (window.kind == Window::Kind::undated)
    return end(State::cut,
               "10 000 items or more have no date, so that the service's pages cannot list them all: use "
               "listing = \"stream\", or narrow the selection");
  const bool whole = window.kind == Window::Kind::whole;
  const UnixSeconds low = whole ? 0 : window.from, high = whole ? latest_ : window.until;
  if (high <= low)
    return end(
        State::cut,
        fmt::format("10 000 items or more bear the same time, {}, so that the service's pages cannot list "
                    "them all: use listing = \"stream\", or narrow the selection",
                    format_utc(low)));
  if (whole) {
    windowed_ = true;
    log_info("the service lists no more than 10 000 items by pages: they are asked in windows of {}",
             date_filter_of(catalogue_));
    windows_.push_back({Window::Kind::undated, 0, 0});
  }
  const UnixSeconds middle = low + (high - low) / 2;
  windows_.push_back({Window::Kind::dated, middle + 1, high});
  windows_.push_back({Window::Kind::dated, low, middle});
  next_window();
}

void QueryListing::next_window() {
  page_no_ = 0;
  walk_ = 0;
  window_rows_.clear();
  window_malformed_ = 0;
  window_lost_ = page_lost_ = false;
  if (windows_.empty()) return finish();
  window_total_.reset();
  ask();
}

void QueryListing::walk_again_or_on(std::string reason, std::uint64_t total) {
  if (walk_ < caller_.options().restarts_max) {
    log_warning("{}; the pages are walked again from the first", reason);
    const int walk = walk_ + 1;
    next_window();
    walk_ = walk;
    return;
  }
  // what stands on the pages behind is listed all the same
  if (shifted_.empty()) shifted_ = std::move(reason);
  next_page(total);
}

void QueryListing::finish() {
  if (!bad_.empty()) return end(State::holed, bad_.sentence());
  if (auto reason = too_many_malformed(malformed_, rows_)) return end(State::holed, std::move(*reason));
  if (!shifted_.empty())
    return end(may_have_shifted(missing_, announced_) ? State::shifted : State::holed, shifted_);
  std::ranges::sort(seen_);
  const auto different =
      static_cast<std::uint64_t>(std::distance(seen_.begin(), std::ranges::unique(seen_).begin()));
  const std::uint64_t missing =
      after_.total ? *after_.total - std::min(*after_.total, different + malformed_) : 0;
  if (windowed_ && missing > 0)
    return end(may_have_shifted(missing, *after_.total) ? State::shifted : State::holed,
               fmt::format("the stream announced {} items and the pages held {}", format_count(*after_.total),
                           format_count(different + malformed_)));
  verdict_ = State::complete;
}

void QueryListing::end(State state, std::string reason) {
  verdict_ = state;
  cut_reason_ = std::move(reason);
  log_warning("the pages do not make a complete listing: {}", cut_reason_);
  caller_.drop();
}

std::size_t QueryListing::held_bytes() const {
  std::size_t bytes = served_.body.capacity() + seen_.capacity() * sizeof seen_[0];
  for (const Arrived& arrived : arrived_) bytes += arrived.body.capacity();
  return bytes;
}

bool QueryListing::take(std::vector<ListedItem>& batch) {
  batch.clear();
  if (arrived_.empty()) return false;
  served_ = std::move(arrived_.front());
  arrived_.pop_front();
  batch = served_.items;
  items_ += batch.size();
  return true;
}

}  // namespace medimirror
