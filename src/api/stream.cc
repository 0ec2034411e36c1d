#include "api/stream.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "base/log.h"
#include "base/units.h"

namespace medimirror {

namespace {

constexpr std::size_t kLineBytesMax = 1024 * 1024;
constexpr std::size_t kBacklogBytesMax = 256 * 1024 * 1024;

std::string_view path_of(Catalogue catalogue) {
  return catalogue == Catalogue::media ? "/media/stream" : "/products/stream";
}

// The service offers the pages but not this: no such endpoint, or not for this key.
bool refuses_endpoint(int status) {
  return status == 403 || status == 404 || status == 405 || status == 501;
}

}  // namespace

void LineBuffer::append(std::string_view bytes) {
  const std::size_t needed = arriving_size_ + bytes.size() + ReplyParser::kPadding;
  if (arriving_.size() < needed) arriving_.resize(std::max(needed, 2 * arriving_.size()));
  std::memcpy(arriving_.data() + arriving_size_, bytes.data(), bytes.size());
  arriving_size_ += bytes.size();
}

std::string_view LineBuffer::take_lines() {
  const std::string_view arrived(arriving_.data(), arriving_size_);
  const auto last = arrived.rfind('\n');
  if (last == std::string_view::npos) return {};
  const std::size_t whole = last + 1;
  served_.swap(arriving_);
  arriving_size_ = 0;
  append(arrived.substr(whole));
  return arrived.substr(0, whole);
}

StreamListing::StreamListing(Caller& caller, Catalogue catalogue, std::string filter_json,
                             IfRefused if_refused)
    : caller_(caller),
      catalogue_(catalogue),
      body_(fmt::format(R"({{"filter":{},"sorting":{{"id":"ASC"}}}})", filter_json)),
      if_refused_(if_refused) {
  ask(Millis(0));
}

void StreamListing::ask(Millis pause) {
  Call call;
  call.path = path_of(catalogue_);
  call.body = body_;
  call.on_body = [this](std::string_view bytes) {
    if (state_ != State::running || buffer_.size() > kBacklogBytesMax) return false;
    buffer_.append(bytes);
    return true;
  };
  caller_.ask(std::move(call), pause);
}

void StreamListing::advance(SteadyTime now) {
  if (state_ == State::running) caller_.advance(now);
}

bool StreamListing::handle(Completed& completed) {
  if (!caller_.handle(completed)) return false;
  if (auto outcome = caller_.take_outcome()) ended(std::move(*outcome));
  return true;
}

void StreamListing::ended(Outcome outcome) {
  if (state_ != State::running) return;
  const bool never_began = outcome.error && !outcome.broke_off;
  if (never_began && walk_ > 0)
    return cut(fmt::format("{}, and then {}", cut_reason_, outcome.error->what()));
  if (never_began && if_refused_ == IfRefused::report && refuses_endpoint(outcome.status)) {
    refused_ = true;
    log_info("the service refuses the stream ({}), its pages are asked instead", outcome.status);
    return;
  }
  if (never_began) throw Error(*outcome.error);
  end_ = std::move(outcome);
  if (buffer_.size() == 0) judge();
}

bool StreamListing::take(std::vector<ListedItem>& batch) {
  batch.clear();
  if (state_ != State::running) return false;
  std::string_view lines = buffer_.take_lines();
  while (!lines.empty() && state_ == State::running) {
    const auto* newline = static_cast<const char*>(std::memchr(lines.data(), '\n', lines.size()));
    const std::string_view text = lines.substr(0, static_cast<std::size_t>(newline - lines.data()));
    lines.remove_prefix(text.size() + 1);
    if (text.find_first_not_of(" \t\r") == std::string_view::npos) continue;  // a heartbeat says nothing
    if (text.size() > kLineBytesMax) {
      cut(fmt::format("after {} came a line of more than {}", progress(), format_bytes(kLineBytesMax)));
      break;
    }
    const StreamLine line = parser_.line(text, catalogue_);
    if (line.kind == StreamLine::Kind::error) {
      const auto error = parse_service_error(text);
      cut(fmt::format("the service broke off the listing after {} with \"{}\"", progress(),
                      error ? error->text() : std::string("an error")));
    } else if (line.kind == StreamLine::Kind::unreadable) {
      cut(fmt::format("after {} came a line that cannot be read", progress()));
    } else if (place(line)) {
      if (line.kind == StreamLine::Kind::item)
        batch.push_back(line.item);
      else
        ++malformed_;
    }
  }
  items_ += batch.size();
  if (state_ == State::running && buffer_.size() > kLineBytesMax)
    cut(fmt::format("after {} came a line of more than {}", progress(), format_bytes(kLineBytesMax)));
  if (state_ == State::running && end_) judge();
  return !batch.empty();
}

bool StreamListing::place(const StreamLine& line) {
  if (!total_) total_ = line.total;
  if (!total_) {
    cut("the first line does not say how many there are");
  } else if (line.total && line.total != total_) {
    cut(fmt::format("after {} the announced total became {}", progress(), format_count(*line.total)));
  } else if (line.index != next_index_ || next_index_ >= *total_) {
    cut(fmt::format("after {} came item number {}", progress(), line.index.value_or(0)));
  }
  if (state_ != State::running) return false;
  ++next_index_;
  return true;
}

void StreamListing::judge() {
  const Outcome end = std::move(*end_);
  end_.reset();
  if (end.status == 204) {
    if (walk_ > 0) return cut(fmt::format("{}, and asked again the service lists nothing", cut_reason_));
    total_ = 0;
    state_ = State::complete;
    return;
  }
  // Whole is whole, however the connection ended after that.
  const bool whole = total_ && next_index_ == *total_ && buffer_.size() == 0;
  if (!whole && end.error)
    return walk_again_or_cut(fmt::format("after {} {}", progress(), end.error->what()));
  if (buffer_.size() > 0)
    return walk_again_or_cut(fmt::format("the listing ends in the middle of a line, after {}", progress()));
  if (!total_) return walk_again_or_cut("the listing ends before its first line");
  if (!whole) return walk_again_or_cut(fmt::format("the listing ends after {}", progress()));
  if (auto reason = too_many_malformed(malformed_, next_index_)) return cut(std::move(*reason));
  cut_reason_.clear();
  state_ = State::complete;
}

void StreamListing::walk_again_or_cut(std::string reason) {
  if (walk_ >= caller_.options().restarts_max) return cut(std::move(reason));
  ++walk_;
  log_warning("{}; it is walked again from its start", reason);
  cut_reason_ = std::move(reason);
  buffer_.clear();
  total_.reset();
  next_index_ = malformed_ = 0;
  ask(caller_.options().retry.first_delay);
}

void StreamListing::cut(std::string reason) {
  state_ = State::cut;
  cut_reason_ = std::move(reason);
  log_warning("the listing is cut: {}", cut_reason_);
  buffer_.clear();
  caller_.drop();
}

std::string StreamListing::progress() const {
  if (!total_) return fmt::format("{} items", format_count(next_index_));
  return fmt::format("{} of {} items", format_count(next_index_), format_count(*total_));
}

}  // namespace medimirror
