#include "api/stream.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "api/line_mend.h"
#include "base/log.h"
#include "base/units.h"

namespace medimirror {

namespace {

constexpr std::size_t kLineBytesMax = 1024 * 1024;
constexpr std::size_t kWaitingBytesMax = 2 * kLineBytesMax;  // then the service has to wait; a line must fit
constexpr std::size_t kBatchBytes = 1024 * 1024;
constexpr std::uint64_t kBlankBytesMax = 64 * 1024 * 1024;
constexpr std::uint64_t kSkippedBytesMax =
    256 * 1024 * 1024;  // of lines that are too long: such a stream has no end
constexpr std::uint64_t kLinesBeyondTotalMax = 10'000;
constexpr std::size_t kKeptBytesMax = 8 * 1024 * 1024;  // of a buffer that once had to be large

std::string_view path_of(Catalogue catalogue) {
  return catalogue == Catalogue::media ? "/media/stream" : "/products/stream";
}

// The service may offer the pages though not this: no such endpoint, not for this key, or more than it can do at once.
bool may_offer_pages(const Outcome& outcome) {
  switch (outcome.status) {
    case 403:
    case 404:
    case 405:
    case 500:
    case 501:
    case 502:
    case 504:
      return true;
    default:
      return outcome.too_slow;
  }
}

}  // namespace

void LineBuffer::append(std::string_view bytes) {
  if (skipping_) {
    const auto newline = bytes.find('\n');
    skipped_ += std::min(newline, bytes.size());
    if (newline == std::string_view::npos) return;
    skipping_ = false;
    bytes.remove_prefix(newline + 1);
  }
  const std::size_t needed = arriving_size_ + bytes.size() + ReplyParser::kPadding;
  if (arriving_.size() < needed) arriving_.resize(needed + needed / 2);
  std::memcpy(arriving_.data() + arriving_size_, bytes.data(), bytes.size());
  arriving_size_ += bytes.size();
}

std::string_view LineBuffer::take_lines() {
  const std::string_view arrived(arriving_.data(), arriving_size_);
  const auto last = arrived.rfind('\n');
  if (last == std::string_view::npos) return {};
  const std::size_t whole = last + 1;
  served_.swap(arriving_);
  if (arriving_.size() > kKeptBytesMax) arriving_ = std::string();
  arriving_size_ = 0;
  append(arrived.substr(whole));
  return arrived.substr(0, whole);
}

std::string_view LineBuffer::take_rest() {
  const std::string_view rest(arriving_.data(), arriving_size_);
  served_.swap(arriving_);
  arriving_size_ = 0;
  return rest;
}

void LineBuffer::skip_line() {
  skipped_ += arriving_size_;
  arriving_size_ = 0;
  skipping_ = true;
}

void LineBuffer::clear() {
  arriving_size_ = 0;
  skipped_ = 0;
  skipping_ = false;
}

StreamListing::StreamListing(Caller& caller, Catalogue catalogue, const std::string& filter_json,
                             PagesInstead pages_instead)
    : caller_(caller),
      catalogue_(catalogue),
      body_(fmt::format(R"({{"filter":{},"sorting":{{"id":"ASC"}}}})", filter_json)),
      pages_instead_(pages_instead) {
  ask(Millis(0));
}

void StreamListing::ask(Millis pause) {
  Call call;
  call.path = path_of(catalogue_);
  call.body = body_;
  call.on_body = [this](std::string_view bytes) {
    if (state_ != State::running || buffer_.skipped() > kSkippedBytesMax) return false;
    buffer_.append(bytes);
    return true;
  };
  call.may_hand_over = [this] { return buffer_.size() + lines_.size() < kWaitingBytesMax; };
  caller_.ask(std::move(call), pause);
}

void StreamListing::advance(SteadyTime now) {
  if (state_ != State::running || wants_pages_) return;
  if (auto late = caller_.out_of_time(now)) {
    const std::string so_far = cut_reason_.empty() ? std::string() : "; before, " + cut_reason_;
    return end(State::cut, fmt::format("after {} {}{}", progress(), *late, so_far));
  }
  caller_.advance(now);
  if (auto outcome = caller_.take_outcome()) ended(std::move(*outcome));
}

bool StreamListing::handle(Completed& completed) {
  if (!caller_.handle(completed)) return false;
  if (auto outcome = caller_.take_outcome()) ended(std::move(*outcome));
  return true;
}

std::optional<Waiting> StreamListing::waiting() const {
  std::optional<Waiting> waiting = caller_.waiting();
  if (waiting && walk_ > 0 && rows_ == 0)
    waiting->why =
        fmt::format("the listing is walked again from its start ({}); {}", cut_reason_, waiting->why);
  return waiting;
}

void StreamListing::ended(Outcome outcome) {
  if (state_ != State::running) return;
  const bool never_began = outcome.error && !outcome.broke_off;
  if (!never_began) {
    end_ = std::move(outcome);
    torn_ = buffer_.skipping();
    if (buffer_.size() == 0 && lines_.empty()) judge();
  } else if (walk_ > 0) {
    hand_over_or_cut(fmt::format("{}, and then {}", cut_reason_, outcome.error->what()));
  } else if (pages_instead_ == PagesInstead::yes && may_offer_pages(outcome)) {
    wants_pages_ = true;
    log_warning("the pages are asked instead of the stream: {}", outcome.error->what());
  } else {
    throw Error(*outcome.error);
  }
}

// ---- lines

bool StreamListing::take(std::vector<ListedItem>& batch) {
  batch.clear();
  mended_.clear();
  if (state_ != State::running || wants_pages_) return false;
  read_some(batch);
  if (state_ != State::running || wants_pages_) return !batch.empty();
  if (end_ && lines_.empty() && batch.empty()) take_rest(batch);
  items_ += batch.size();
  if (!obey_limits()) return !batch.empty();
  if (end_ && lines_.empty() && batch.empty()) judge();
  return !batch.empty();
}

// Lines until there are enough items, or none left.
void StreamListing::read_some(std::vector<ListedItem>& batch) {
  const int walk = walk_;
  std::size_t read = 0;
  while (read < kBatchBytes || batch.empty()) {
    if (lines_.empty()) lines_ = read == 0 || batch.empty() ? buffer_.take_lines() : std::string_view();
    if (lines_.empty()) break;
    const auto* newline = static_cast<const char*>(std::memchr(lines_.data(), '\n', lines_.size()));
    const std::string_view text = lines_.substr(0, static_cast<std::size_t>(newline - lines_.data()));
    lines_.remove_prefix(text.size() + 1);
    read += text.size() + 1;
    read_line(text, batch);
    if (walk_ != walk || state_ != State::running || wants_pages_) return;
  }
  if (!lines_.empty() || buffer_.size() <= kLineBytesMax) return;
  buffer_.skip_line();
  lose_line(fmt::format("a line of more than {}", format_bytes(kLineBytesMax)));
}

bool StreamListing::obey_limits() {
  std::string reason;
  if (rows_ + bad_.count() > 2 * total_.value_or(0) + kLinesBeyondTotalMax)
    reason = fmt::format("the listing does not end: after {} still more came", progress());
  else if (std::max(rows_, total_.value_or(0)) > kListedItemsMax)
    reason = fmt::format("the service announces more than {}, which is no catalogue: ask it why ({})",
                         format_count(kListedItemsMax), progress());
  else if (disordered_ && rows_ > kUnorderedItemsMax)
    reason = fmt::format(
        "the items are out of order, and of such a listing {} are taken at most: ask the service why",
        format_count(kUnorderedItemsMax));
  if (reason.empty()) return true;
  end(State::cut, std::move(reason));
  return false;
}

void StreamListing::read_line(std::string_view text, std::vector<ListedItem>& batch) {
  if (rows_ == 0 && bad_.empty() && text.starts_with(kByteOrderMark))
    text.remove_prefix(kByteOrderMark.size());
  if (text.find_first_not_of(" \t\r") == std::string_view::npos) return read_blank(text.size() + 1);
  blank_bytes_ = 0;
  blank_since_.reset();
  if (text.size() > kLineBytesMax)
    return lose_line(fmt::format("a line of more than {}", format_bytes(kLineBytesMax)));
  // simdjson reads past a byte order mark, or does not, depending on its version
  const StreamLine line = text.starts_with(kByteOrderMark) ? StreamLine{} : parser_.line(text, catalogue_);
  if (line.kind == StreamLine::Kind::error) {
    const std::string words = words_of(text);
    lose_line(words.empty() ? "an error in place of an item"
                            : fmt::format("the error \"{}\" in place of an item", words));
  } else if (line.kind != StreamLine::Kind::unreadable) {
    place(line, batch);
  } else if (!rescue(text, batch)) {
    const std::string words = words_of(without_bad_bytes(text));
    lose_line("a line that cannot be read" + (words.empty() ? words : fmt::format(": \"{}\"", words)));
  }
}

// A heartbeat says nothing; what says nothing for long is no listing.
void StreamListing::read_blank(std::size_t bytes) {
  blank_bytes_ += bytes;
  const SteadyTime now = caller_.clock().steady_now();
  if (!blank_since_) blank_since_ = now;
  const Millis limit = caller_.options().answer_ms_max;
  if (blank_bytes_ <= kBlankBytesMax && now - *blank_since_ <= limit) return;
  if (rows_ > 0 && total_ && next_index_ >= *total_) {  // whole is whole, whatever comes behind it
    caller_.drop();
    return judge_whole();
  }
  walk_again_or_cut(fmt::format(
      "after {} nothing but blank lines came, {} of them or for more than {} (api.answer_timeout)",
      progress(), format_bytes(kBlankBytesMax), format_duration(limit)));
}

// What can be taken of a line that is no JSON: all of it without its bad bytes, else the rows that stand in it.
bool StreamListing::rescue(std::string_view text, std::vector<ListedItem>& batch) {
  static constexpr int kTriesMax = 16;
  std::string& clean = mended_.emplace_back(without_bad_bytes(text));
  const std::size_t size = clean.size();
  clean.append(ReplyParser::kPadding, '\0');
  const std::string_view line = std::string_view(clean).substr(0, size);
  bool found = false;
  int tries = 0;
  for (std::size_t at = line.find('{'); at != std::string_view::npos && tries < kTriesMax;) {
    const std::size_t length = whole_object(line.substr(at));
    StreamLine row;
    if (length > 0 && length <= kLineBytesMax) row = parser_.line(line.substr(at, length), catalogue_);
    if (row.kind != StreamLine::Kind::item && row.kind != StreamLine::Kind::malformed) {
      ++tries;
      at = find_framed_object(line, at + 1);
      continue;
    }
    if (!found) note("came a line that could be read in part only");
    found = true;
    place(row, batch);
    at = line.find('{', at + length);
  }
  return found;
}

void StreamListing::lose_line(std::string words) {
  note("came " + std::move(words));
  ++lost_lines_;
}

void StreamListing::note(std::string_view what) {
  bad_.add(fmt::format("after {} {}", progress(), what));
}

void StreamListing::place(const StreamLine& line, std::vector<ListedItem>& batch) {
  if (line.total && total_ && *line.total != *total_)
    note(fmt::format("the announced total became {}", format_count(*line.total)));
  if (line.total) total_ = line.total;
  if (!total_ && rows_ == 0) note("came no word of how many there are");
  place_by_index(line);
  ++rows_;
  lost_lines_ = 0;
  if (line.kind != StreamLine::Kind::item) {
    ++malformed_;
    return;
  }
  disordered_ = disordered_ || line.item.id < last_id_;
  last_id_ = line.item.id;
  batch.push_back(line.item);
}

void StreamListing::place_by_index(const StreamLine& line) {
  if (!line.index) {
    note("came an item without its number");
    ++next_index_;
  } else if (total_ && *line.index >= *total_) {
    note(fmt::format("came item number {}, which is beyond the total", *line.index));
  } else if (*line.index < next_index_) {
    note(fmt::format("item number {} came again", *line.index));
  } else {
    // a line that was lost stood for an item, or stood between two of them
    if (*line.index - next_index_ > lost_lines_)
      note(fmt::format(
          "came item number {}: {} missing", *line.index,
          format_count(*line.index - next_index_) + (*line.index - next_index_ == 1 ? " is" : " are")));
    next_index_ = *line.index + 1;
  }
}

// ---- the end

// A last line without its newline: an error, perhaps a row, or nothing.
void StreamListing::take_rest(std::vector<ListedItem>& batch) {
  if (buffer_.size() == 0) return;
  const std::string_view text = buffer_.take_rest();
  const StreamLine line = text.size() > kLineBytesMax ? StreamLine{} : parser_.line(text, catalogue_);
  if (line.kind == StreamLine::Kind::item) {
    place(line, batch);
    note("the last line did not end");
    torn_ = true;
    return;
  }
  if (text.find_first_not_of(" \t\r") == std::string_view::npos) return;
  const std::string words = words_of(without_bad_bytes(text));
  if (!words.empty()) lose_line(fmt::format("\"{}\"", words));
  torn_ = true;
}

void StreamListing::judge() {
  const Outcome end_of_it = std::move(*end_);
  end_.reset();
  if (end_of_it.status == 204 && !end_of_it.error) {
    if (walk_ > 0)
      return end(State::cut, fmt::format("{}, and asked again the service lists nothing", cut_reason_));
    total_ = 0;
    state_ = State::complete;
    return;
  }
  // Whole is whole, however the connection ended after that.
  const std::uint64_t reached = std::max(next_index_ + (torn_ ? 0 : lost_lines_), rows_);
  if (rows_ > 0 && reached >= total_.value_or(0)) return judge_whole();

  const std::string bad = bad_.empty() ? std::string() : "; " + bad_.sentence();
  if (end_of_it.error)
    return walk_again_or_cut(fmt::format("after {} {}{}", progress(), end_of_it.error->what(), bad));
  if (torn_)
    return walk_again_or_cut(
        fmt::format("the listing ends in the middle of a line, after {}{}", progress(), bad));
  if (rows_ == 0) return walk_again_or_cut("the listing ends before its first item" + bad);
  const std::string reason = fmt::format("the listing ends after {}{}", progress(), bad);
  if (!may_have_shifted(*total_ - reached, *total_)) return walk_again_or_cut(reason);
  end(bad_.empty() ? State::shifted : State::holed, reason);
}

void StreamListing::judge_whole() {
  if (!bad_.empty()) return end(State::holed, bad_.sentence());
  if (auto reason = too_many_malformed(malformed_, rows_)) return end(State::holed, std::move(*reason));
  cut_reason_.clear();
  state_ = State::complete;
}

void StreamListing::walk_again_or_cut(std::string reason) {
  if (walk_ >= caller_.options().restarts_max) return hand_over_or_cut(std::move(reason));
  ++walk_;
  log_warning("{}; it is walked again from its start", reason);
  cut_reason_ = std::move(reason);
  let_go();
  bad_.clear();
  total_.reset();
  torn_ = false;
  next_index_ = rows_ = lost_lines_ = malformed_ = blank_bytes_ = 0;
  blank_since_.reset();
  last_id_ = 0;
  disordered_ = false;
  ask(caller_.options().retry.first_delay);
}

void StreamListing::hand_over_or_cut(std::string reason) {
  if (pages_instead_ == PagesInstead::no) return end(State::cut, std::move(reason));
  wants_pages_ = true;
  cut_reason_ = std::move(reason);
  log_warning("{}; the pages are asked instead of the stream", cut_reason_);
  let_go();
  caller_.drop();
}

void StreamListing::let_go() {
  buffer_.clear();
  lines_ = {};
}

void StreamListing::end(State state, std::string reason) {
  state_ = state;
  cut_reason_ = std::move(reason);
  log_warning("{}", ending_of(*this));
  let_go();
  caller_.drop();
}

std::string StreamListing::progress() const {
  if (!total_) return fmt::format("{} items", format_count(rows_));
  return fmt::format("{} of {} items", format_count(rows_), format_count(*total_));
}

}  // namespace medimirror
