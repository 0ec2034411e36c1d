#include "api/client.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "api/caller.h"
#include "api/query.h"
#include "api/stream.h"
#include "base/log.h"
#include "base/units.h"

namespace medimirror {

namespace {

constexpr Millis kSayWaitsFrom{5'000};
constexpr Millis kFirstAnswerMax{30'000};
constexpr std::size_t kFirstSize = 10;

// Owns the caller, and the walk over it: the stream, or the pages, or the pages once the stream is given up.
class ServiceListing final : public Listing {
 public:
  ServiceListing(const ApiOptions& options, Catalogue catalogue, std::string filter_json,
                 Transport& transport, const Clock& clock)
      : caller_(options, transport, clock), catalogue_(catalogue), filter_json_(std::move(filter_json)) {
    if (options.listing == ListingMode::query) {
      ask_pages();
      return;
    }
    const auto pages_instead = options.listing == ListingMode::automatic ? StreamListing::PagesInstead::yes
                                                                         : StreamListing::PagesInstead::no;
    auto stream = std::make_unique<StreamListing>(caller_, catalogue_, filter_json_, pages_instead);
    stream_ = stream.get();
    walk_ = std::move(stream);
  }

  // Not in take(): what it handed out must live until here.
  void advance(SteadyTime now) override {
    if (stream_ && stream_->wants_pages()) ask_pages();
    walk_->advance(now);
  }
  bool handle(Completed& completed) override { return walk_->handle(completed); }
  SteadyTime wake_at() const override {
    return stream_ && stream_->wants_pages() ? SteadyTime::min() : walk_->wake_at();
  }
  std::optional<Waiting> waiting() const override { return walk_->waiting(); }
  bool take(std::vector<ListedItem>& batch) override { return walk_->take(batch); }
  std::size_t held_bytes() const override { return walk_->held_bytes(); }
  State state() const override { return walk_->state(); }
  Mode mode() const override { return walk_->mode(); }
  const std::string& cut_reason() const override { return walk_->cut_reason(); }
  std::optional<std::uint64_t> total() const override { return walk_->total(); }
  const BadPlaces& bad_places() const override {
    return walk_->bad_places().empty() ? bad_of_stream_ : walk_->bad_places();
  }
  std::uint64_t items() const override { return items_of_stream_ + walk_->items(); }
  std::uint64_t malformed() const override { return walk_->malformed(); }
  std::uint64_t requests() const override { return walk_->requests(); }
  std::optional<UnixSeconds> server_date() const override { return walk_->server_date(); }

 private:
  void ask_pages() {
    AfterStream after;
    if (stream_) {
      after = {stream_->cut_reason(), stream_->total()};
      bad_of_stream_ = stream_->bad_places();
      items_of_stream_ = stream_->items();
    }
    stream_ = nullptr;
    walk_.reset();  // lets go of the caller first
    walk_ = std::make_unique<QueryListing>(caller_, catalogue_, filter_json_, std::move(after));
  }

  Caller caller_;
  const Catalogue catalogue_;
  const std::string filter_json_;
  std::unique_ptr<Listing> walk_;
  StreamListing* stream_ = nullptr;  // walk_, while it is a stream
  BadPlaces bad_of_stream_;
  std::uint64_t items_of_stream_ = 0;
};

// Drives a walk or a caller until `ended`, saying what it waits for where that takes long.
template <typename Asker, typename Ended>
void drive_until(Asker& asker, Transport& transport, const Clock& clock, const Ended& ended) {
  bool said = false;
  for (;;) {
    asker.advance(clock.steady_now());
    if (ended()) return;
    const auto waiting = asker.waiting();
    if (waiting && waiting->next && *waiting->next - clock.steady_now() > kSayWaitsFrom &&
        !std::exchange(said, true))
      log_warning("{} is asked in {}: {}", waiting->who,
                  format_duration(std::chrono::duration_cast<Millis>(*waiting->next - clock.steady_now())),
                  waiting->why);
    const SteadyTime soon = clock.steady_now() + std::chrono::seconds(1);
    for (Completed& completed : transport.wait(std::min(soon, asker.wake_at()))) asker.handle(completed);
  }
}

Outcome outcome_of(Caller& caller, Call call, Transport& transport) {
  caller.ask(std::move(call));
  std::optional<Outcome> outcome;
  drive_until(caller, transport, caller.clock(),
              [&] { return (outcome = caller.take_outcome()).has_value(); });
  return std::move(*outcome);
}

// Each line of a stream says how many there are, where pages count no further than kTotalCap. Nothing: the pages are to be
// asked.
std::optional<FirstMedia> first_of_stream(Caller& caller, const MediaFilter& filter, Transport& transport) {
  StreamListing stream(caller, Catalogue::media, filter.to_json(), StreamListing::PagesInstead::yes);
  FirstMedia first;
  drive_until(stream, transport, caller.clock(), [&] {
    std::vector<ListedItem> batch;
    stream.take(batch);
    for (const ListedItem& listed : batch)
      if (std::optional<MediaItem> item = listed.media(); item && first.items.size() < kFirstSize)
        first.items.push_back(std::move(*item));
    return first.items.size() == kFirstSize || stream.wants_pages() ||
           stream.state() != Listing::State::running;
  });
  if (stream.wants_pages() && first.items.empty()) return std::nullopt;
  if (stream.state() == Listing::State::cut && first.items.empty())
    throw Error(ErrorKind::network, stream.cut_reason(), "list the first media");
  first.total = stream.total().value_or(first.items.size());
  return first;
}

}  // namespace

std::unique_ptr<Listing> list_media(const ApiOptions& options, const MediaFilter& filter,
                                    Transport& transport, const Clock& clock) {
  return std::make_unique<ServiceListing>(options, Catalogue::media, filter.to_json(), transport, clock);
}

std::unique_ptr<Listing> list_products(const ApiOptions& options, const std::string& filter_json,
                                       Transport& transport, const Clock& clock) {
  return std::make_unique<ServiceListing>(options, Catalogue::products, filter_json, transport, clock);
}

FirstMedia first_media(const ApiOptions& options, const MediaFilter& filter, Transport& transport,
                       const Clock& clock) {
  ApiOptions patient = options;  // but not for the time that a whole catalogue may take
  patient.answer_ms_max = std::min(options.answer_ms_max, kFirstAnswerMax);
  patient.restarts_max = 0;
  Caller caller(patient, transport, clock);
  if (options.listing != ListingMode::query)
    if (std::optional<FirstMedia> first = first_of_stream(caller, filter, transport))
      return std::move(*first);
  Call call;
  call.path = "/media/query";
  call.body = fmt::format(R"({{"filter":{},"sorting":{{"id":"ASC"}},"page":{{"no":0,"size":{}}}}})",
                          filter.to_json(), kFirstSize);
  Outcome outcome = outcome_of(caller, std::move(call), transport);
  FirstMedia first;
  if (outcome.error) throw Error(*outcome.error);
  if (outcome.status == 204) return first;
  std::string body = std::move(outcome.response->body).take_text();
  const std::size_t size = body.size();
  body.append(ReplyParser::kPadding, '\0');
  ReplyParser parser;
  ReplyPage page;
  if (!parser.page(std::string_view(body).substr(0, size), Catalogue::media, page)) {
    const std::string words = words_of(std::string_view(body).substr(0, size));
    throw Error(ErrorKind::network,
                fmt::format("the service answers with {}: is api.base_url right?",
                            words.empty() ? "something that is not a page of a listing"
                                          : fmt::format("\"{}\"", words)),
                "list the first media");
  }
  first.total = page.total;
  for (const ReplyPage::Entry& entry : page.entries)
    if (std::optional<MediaItem> item = entry.item.media()) first.items.push_back(std::move(*item));
  return first;
}

}  // namespace medimirror
