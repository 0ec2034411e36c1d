#include "api/client.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "api/caller.h"
#include "api/query.h"
#include "api/stream.h"

namespace medimirror {

namespace {

// Owns the caller, and the walk over it: the stream, or the pages, or the pages once the stream was refused.
class ServiceListing final : public Listing {
 public:
  ServiceListing(const ApiOptions& options, Catalogue catalogue, std::string filter_json,
                 Transport& transport, const Clock& clock)
      : caller_(options, transport, clock), catalogue_(catalogue), filter_json_(std::move(filter_json)) {
    if (options.listing == ListingMode::query) {
      ask_pages();
      return;
    }
    const auto if_refused = options.listing == ListingMode::automatic ? StreamListing::IfRefused::report
                                                                      : StreamListing::IfRefused::fail;
    auto stream = std::make_unique<StreamListing>(caller_, catalogue_, filter_json_, if_refused);
    stream_ = stream.get();
    walk_ = std::move(stream);
  }

  void advance(SteadyTime now) override { walk_->advance(now); }
  bool handle(Completed& completed) override {
    const bool ours = walk_->handle(completed);
    if (stream_ && stream_->refused()) ask_pages();
    return ours;
  }
  SteadyTime wake_at() const override { return walk_->wake_at(); }
  bool take(std::vector<ListedItem>& batch) override { return walk_->take(batch); }
  State state() const override { return walk_->state(); }
  Mode mode() const override { return walk_->mode(); }
  const std::string& cut_reason() const override { return walk_->cut_reason(); }
  std::optional<std::uint64_t> total() const override { return walk_->total(); }
  std::uint64_t items() const override { return walk_->items(); }
  std::uint64_t malformed() const override { return walk_->malformed(); }
  std::uint64_t requests() const override { return walk_->requests(); }
  std::optional<UnixSeconds> server_date() const override { return walk_->server_date(); }

 private:
  void ask_pages() {
    stream_ = nullptr;
    walk_.reset();  // lets go of the caller first
    walk_ = std::make_unique<QueryListing>(caller_, catalogue_, filter_json_);
  }

  Caller caller_;
  const Catalogue catalogue_;
  const std::string filter_json_;
  std::unique_ptr<Listing> walk_;
  StreamListing* stream_ = nullptr;  // walk_, while it is a stream
};

}  // namespace

std::unique_ptr<Listing> list_media(const ApiOptions& options, const MediaFilter& filter,
                                    Transport& transport, const Clock& clock) {
  return std::make_unique<ServiceListing>(options, Catalogue::media, filter.to_json(), transport, clock);
}

std::unique_ptr<Listing> list_products(const ApiOptions& options, const std::string& filter_json,
                                       Transport& transport, const Clock& clock) {
  return std::make_unique<ServiceListing>(options, Catalogue::products, filter_json, transport, clock);
}

std::optional<std::string> find_media(const ApiOptions& options, MediaId id, Transport& transport,
                                      const Clock& clock) {
  Caller caller(options, transport, clock);
  Call call;
  call.method = Request::Method::get;
  call.path = fmt::format("/media/find?id={}", id);
  caller.ask(std::move(call));
  std::optional<Outcome> outcome;
  while (!(outcome = caller.take_outcome())) {
    caller.advance(clock.steady_now());
    const SteadyTime soon = clock.steady_now() + std::chrono::seconds(1);
    for (Completed& completed : transport.wait(std::min(soon, caller.wake_at()))) caller.handle(completed);
  }
  if (outcome->status == 404 || outcome->status == 410 || outcome->status == 204) return std::nullopt;
  if (outcome->error) throw Error(*outcome->error);
  std::string& body = outcome->response->body;
  const std::size_t size = body.size();
  body.append(ReplyParser::kPadding, '\0');
  const auto json = ReplyParser().member(std::string_view(body).substr(0, size), "mediaItem");
  if (!json)
    throw Error(ErrorKind::network,
                "the service answers with something that is not a media item: is api.base_url right?",
                "find a media item");
  return std::string(*json);
}

}  // namespace medimirror
