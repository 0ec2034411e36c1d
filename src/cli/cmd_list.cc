#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>

#include "api/client.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/foreign_text.h"
#include "base/run_clock.h"
#include "base/stop.h"
#include "base/units.h"
#include "cli/commands.h"
#include "cli/service_options.h"
#include "cli/signals.h"
#include "http/curl_transport.h"
#include "report/progress.h"
#include "run/listing_drive.h"

namespace medimirror {

namespace {

void print_item(const MediaItem& item, const ListFlags& flags) {
  std::vector<std::string_view> keys;
  for (const MediaFormat& format : item.formats) keys.push_back(format.key);
  if (item.kind == MediaKind::link) {
    fmt::print("{}\tlink\t{}\t{}\n", item.id, item.link_type, plain_line(item.link_url));
    return;
  }
  fmt::print("{}\t{}\t{}\t{}\n", item.id, name_of(item.kind), item.photo_type, fmt::join(keys, " "));
  if (!flags.all_formats) return;
  for (const MediaFormat& format : item.formats) fmt::print("\t{}\t{}\n", format.key, plain_line(format.url));
}

void print_batch(const std::vector<ListedItem>& batch, const ListFlags& flags) {
  for (const ListedItem& listed : batch) {
    if (flags.json) {
      fmt::print("{}\n", plain_line(listed.json));
    } else if (const std::optional<MediaItem> item = listed.media()) {
      print_item(*item, flags);
    }
  }
}

// Standard output is the listing's: what is waited for goes to the other one, and nothing else does.
class WaitsAlone final : public Progress {
 public:
  explicit WaitsAlone(SteadyTime start) : plain_(make_progress(ProgressStyle::plain, STDERR_FILENO, start)) {}
  void update(const ProgressSnapshot& snapshot, SteadyTime now) override {
    if (!snapshot.waits.empty()) plain_->update(snapshot, now);
  }
  void say(std::string_view sentence) override { plain_->say(sentence); }
  void finish(SteadyTime) override {}

 private:
  std::unique_ptr<Progress> plain_;
};

}  // namespace

ExitStatus list_command(const Config& config, const ListFlags& flags) {
  require_api_key(config);
  StopFlag stop;
  const SignalWatch signals(stop);
  const SystemClock system;
  const RunClock clock(system);
  const std::unique_ptr<Transport> transport = make_curl_transport(transport_options(config));
  const std::unique_ptr<Listing> listing =
      list_media(api_options(config), config.select.filter, *transport, clock);

  WaitsAlone progress(clock.steady_now());
  drive(*listing, {*transport, clock, progress, stop},
        [&](const std::vector<ListedItem>& batch) { print_batch(batch, flags); });
  std::fflush(stdout);
  if (listing->state() == Listing::State::running) return ExitStatus::interrupted;
  if (listing->state() != Listing::State::complete)
    throw Error(ErrorKind::unavailable,
                fmt::format("{} items; {}", format_count(listing->items()), ending_of(*listing)));
  fmt::print(stderr, "{} items\n", listing->items());
  return ExitStatus::done;
}

}  // namespace medimirror
