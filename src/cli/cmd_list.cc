#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstdio>

#include "api/client.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/stop.h"
#include "cli/commands.h"
#include "cli/service_options.h"
#include "cli/signals.h"
#include "http/curl_transport.h"

namespace medimirror {

namespace {

void print_item(const MediaItem& item, const ListFlags& flags) {
  std::vector<std::string_view> keys;
  for (const MediaFormat& format : item.formats) keys.push_back(format.key);
  if (item.kind == MediaKind::link) {
    fmt::print("{}\tlink\t{}\t{}\n", item.id, item.link_type, item.link_url);
    return;
  }
  fmt::print("{}\t{}\t{}\t{}\n", item.id, name_of(item.kind), item.photo_type, fmt::join(keys, " "));
  if (!flags.all_formats) return;
  for (const MediaFormat& format : item.formats) fmt::print("\t{}\t{}\n", format.key, format.url);
}

void print_batch(const std::vector<ListedItem>& batch, const ListFlags& flags) {
  for (const ListedItem& listed : batch) {
    if (flags.json) {
      fmt::print("{}\n", listed.json);
    } else if (const std::optional<MediaItem> item = parse_media_item(listed.json)) {
      print_item(*item, flags);
    }
  }
}

}  // namespace

ExitStatus list_command(const Config& config, const ListFlags& flags) {
  require_api_key(config);
  StopFlag stop;
  const SignalWatch signals(stop);
  const SystemClock clock;
  const std::unique_ptr<Transport> transport = make_curl_transport(transport_options(config));
  const std::unique_ptr<Listing> listing =
      list_media(api_options(config), config.select.filter, *transport, clock);

  std::vector<ListedItem> batch;
  for (;;) {
    listing->advance(clock.steady_now());
    while (listing->take(batch)) print_batch(batch, flags);
    if (listing->state() != Listing::State::running) break;
    if (stop.requested()) return ExitStatus::interrupted;
    const SteadyTime now = clock.steady_now();
    for (Completed& completed : transport->wait(std::clamp(listing->wake_at(), now, now + Millis(250))))
      listing->handle(completed);
  }
  std::fflush(stdout);
  if (listing->state() == Listing::State::cut)
    throw Error(ErrorKind::unavailable, fmt::format("the listing was cut short after {} items: {}",
                                                    listing->items(), listing->cut_reason()));
  fmt::print(stderr, "{} items\n", listing->items());
  return ExitStatus::done;
}

}  // namespace medimirror
