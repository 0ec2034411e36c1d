#include "api/query.h"

#include <fmt/format.h>

#include <iterator>
#include <utility>

#include "base/log.h"
#include "base/units.h"

namespace medimirror {

namespace {

constexpr std::uint64_t kTotalCap = 10'000;
constexpr UnixSeconds kDay = 86'400;

std::string_view path_of(Catalogue catalogue) {
  return catalogue == Catalogue::media ? "/media/query" : "/products/query";
}

}  // namespace

QueryListing::QueryListing(Caller& caller, Catalogue catalogue, std::string filter_json)
    : caller_(caller), catalogue_(catalogue), filter_json_(std::move(filter_json)), windows_{Window{}} {
  ask();
}

std::string_view QueryListing::date_filter() const {
  return catalogue_ == Catalogue::media ? "createdAt" : "updatedSince";
}

std::string QueryListing::filter_of(const Window& window) const {
  if (window.kind == Window::Kind::whole) return filter_json_;
  if (window.kind == Window::Kind::undated)
    return fmt::format(R"({{"and":[{},{{"not":{{"{}":{{"from":0}}}}}}]}})", filter_json_, date_filter());
  std::string range;
  if (window.from) range = fmt::format(R"("from":{})", *window.from - 1);
  if (window.until) range += fmt::format(R"({}"until":{})", range.empty() ? "" : ",", *window.until + 1);
  return fmt::format(R"({{"and":[{},{{"{}":{{{}}}}}]}})", filter_json_, date_filter(), range);
}

void QueryListing::ask() {
  Call call;
  call.path = path_of(catalogue_);
  call.body = fmt::format(R"({{"filter":{},"sorting":{{"id":"ASC"}},"page":{{"no":{},"size":{}}}}})",
                          filter_of(windows_.back()), page_no_, caller_.options().page_size);
  caller_.ask(std::move(call));
}

void QueryListing::advance(SteadyTime now) {
  if (verdict_ == State::running) caller_.advance(now);
}

bool QueryListing::handle(Completed& completed) {
  if (!caller_.handle(completed)) return false;
  if (auto outcome = caller_.take_outcome()) ended(std::move(*outcome));
  return true;
}

void QueryListing::ended(Outcome outcome) {
  if (verdict_ != State::running) return;
  if (!outcome.error) return take_page(std::move(*outcome.response));
  if (!began_ || outcome.error->kind() == ErrorKind::auth) throw Error(*outcome.error);
  cut(outcome.error->what());
}

void QueryListing::take_page(Response response) {
  Arrived arrived{std::move(response.body), {}};
  const std::size_t size = arrived.body.size();
  arrived.body.append(ReplyParser::kPadding, '\0');
  // in its place before views into it are made: a short string moves its bytes when it moves
  arrived_.push_back(std::move(arrived));
  ReplyPage page;
  const std::string_view text = std::string_view(arrived_.back().body).substr(0, size);
  if (response.status != 204 && !parser_.page(text, catalogue_, page)) {
    const auto error = parse_service_error(text);
    std::string reason = error ? fmt::format("the service answers \"{}\"", error->text())
                               : "the service answers with something that is not a page of a listing";
    arrived_.pop_back();
    if (!began_) throw Error(ErrorKind::network, reason + ": is api.base_url right?", "list by pages");
    return cut(std::move(reason));
  }
  began_ = true;
  if (page.total >= kTotalCap) {
    arrived_.pop_back();
    return split();
  }
  for (const ReplyPage::Entry& entry : page.entries) arrived_.back().items.push_back(entry.item);
  if (page.entries.empty()) arrived_.pop_back();
  malformed_ += page.malformed;
  rows_ += page.entries.size() + page.malformed;
  count_page(page);
}

void QueryListing::count_page(const ReplyPage& page) {
  const std::size_t page_size = caller_.options().page_size;
  if (window_total_ && page.total < *window_total_)
    return walk_again_or_cut(fmt::format("while the pages were asked the total went from {} to {}",
                                         format_count(*window_total_), format_count(page.total)));
  window_total_ = page.total;
  const std::size_t known = window_rows_.size();
  // Rows, not ids: a medium that is both photo and frontal has two, and the service's total counts both.
  for (const ReplyPage::Entry& entry : page.entries)
    window_rows_.insert(entry.key ^ entry.item.fingerprint.low);
  window_malformed_ += page.malformed;
  const std::uint64_t came = page.entries.size() + page.malformed;
  if (page.malformed == 0 && came > 0 && window_rows_.size() == known)
    return walk_again_or_cut(fmt::format("page {} repeats the pages before it", page_no_));
  if ((page_no_ + 1) * page_size < page.total) {
    if (came < page_size)
      return walk_again_or_cut(
          fmt::format("page {} holds {} items instead of {}", page_no_, came, page_size));
    ++page_no_;
    return ask();
  }
  if (window_rows_.size() + window_malformed_ < page.total)
    return walk_again_or_cut(fmt::format("the service announced {} items and its pages held {}",
                                         format_count(page.total),
                                         format_count(window_rows_.size() + window_malformed_)));
  windows_.pop_back();
  next_window();
}

void QueryListing::split() {
  const Window window = windows_.back();
  windows_.pop_back();
  if (window.kind == Window::Kind::undated)
    return cut(
        "10 000 items or more have no date, so that the service's pages cannot list them all: use "
        "listing = \"stream\", or narrow the selection");
  const UnixSeconds low = window.from.value_or(0);
  const UnixSeconds high = window.until.value_or(caller_.clock().unix_now() + kDay);
  if (high <= low)
    return cut(
        fmt::format("10 000 items or more bear the same time, {}, so that the service's pages cannot list "
                    "them all: use listing = \"stream\", or narrow the selection",
                    format_utc(low)));
  if (window.kind == Window::Kind::whole) {
    windowed_ = true;
    log_info("the service lists no more than 10 000 items by pages: they are asked in windows of {}",
             date_filter());
    windows_.push_back({Window::Kind::undated, {}, {}});
  }
  const UnixSeconds middle = low + (high - low) / 2;
  windows_.push_back({Window::Kind::dated, middle + 1, window.until});
  windows_.push_back({Window::Kind::dated, window.from, middle});
  next_window();
}

void QueryListing::next_window() {
  page_no_ = 0;
  walk_ = 0;
  window_rows_.clear();
  window_malformed_ = 0;
  if (windows_.empty()) {
    if (auto reason = too_many_malformed(malformed_, rows_)) return cut(std::move(*reason));
    verdict_ = State::complete;
    return;
  }
  window_total_.reset();
  ask();
}

void QueryListing::walk_again_or_cut(std::string reason) {
  if (walk_ >= caller_.options().restarts_max) return cut(std::move(reason));
  log_warning("{}; the pages are walked again from the first", reason);
  const int walk = walk_ + 1;
  next_window();
  walk_ = walk;
}

void QueryListing::cut(std::string reason) {
  verdict_ = State::cut;
  cut_reason_ = std::move(reason);
  log_warning("the listing is cut: {}", cut_reason_);
  caller_.drop();
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
