#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <thread>

#include "base/error.h"
#include "base/log.h"
#include "base/run_clock.h"
#include "cli/commands.h"
#include "cli/publish_options.h"
#include "cli/service_options.h"
#include "cli/signals.h"
#include "image/header.h"
#include "report/headline.h"
#include "report/progress.h"
#include "run/report_stage.h"
#include "run/sync.h"

namespace medimirror {

namespace {

ProgressStyle progress_style(const SyncFlags& flags) {
  if (flags.progress == "none") return ProgressStyle::none;
  if (flags.progress == "plain") return ProgressStyle::plain;
  if (flags.progress == "json") return ProgressStyle::json;
  if (!log_enabled(LogLevel::warning)) return ProgressStyle::none;  // --quiet
  // a line that is overprinted and lines of the diary (-v) do not go together
  const bool live = isatty(STDERR_FILENO) && !log_enabled(LogLevel::info);
  return live ? ProgressStyle::terminal : ProgressStyle::plain;
}

std::vector<MediaKind> kinds_of(const Config& config) {
  std::vector<MediaKind> kinds;
  for (const std::string& type : config.select.filter.types)
    if (const auto kind = parse_media_kind(type)) kinds.push_back(*kind);
  if (kinds.empty()) kinds = {MediaKind::photo, MediaKind::frontal};
  return kinds;
}

RetryOptions retry_options(const Config& config) {
  RetryOptions retry;
  retry.attempts_max = config.media.attempts;
  return retry;
}

// What a second request may mend: an error page, a body that was cut without anybody noticing. What is whole and not
// taken would be the same the second time. A walk over the container costs microseconds.
bool could_be_a_picture(std::string_view body) {
  const std::variant<ImageInfo, Rejection> verdict = inspect_header(body);
  const auto* refused = std::get_if<Rejection>(&verdict);
  return refused == nullptr || refused->reason == RejectionReason::too_large ||
         refused->reason == RejectionReason::unsupported;
}

Downloader::Options downloader_options(const Config& config) {
  Downloader::Options options;
  options.allowed_hosts = config.media.allowed_hosts;
  options.allow_private_addresses = config.media.allow_private_addresses;
  options.limits = config.media.limits;
  options.bytes_max = config.media.bytes_max;
  options.retry = retry_options(config);
  options.waiting_max = 4 * config.media.connections;
  options.plausible = could_be_a_picture;
  return options;
}

ImageWorker::Options image_options(const Config& config) {
  ImageWorker::Options options;
  options.validate =
      config.image.validate == ImageSettings::Validate::pixels ? Validate::pixels : Validate::header;
  options.recipes = config.derivatives;
  options.derivative_source = config.select.formats.front();
  options.decoder = decoder_options(config);
  return options;
}

PipelineOptions pipeline_options(const Config& config) {
  PipelineOptions options;
  options.downloader = downloader_options(config);
  options.image = image_options(config);
  options.writer.reserve_bytes = config.publish.reserve;
  options.image_threads = config.image.decoders != 0
                              ? config.image.decoders
                              : std::max<std::size_t>(1, std::thread::hardware_concurrency());
  options.room_bytes = static_cast<std::int64_t>(config.media.memory);
  options.seed = std::random_device{}();
  return options;
}

// What fsync costs can only be measured without it. Not in the help or the README, because nobody should want it
// otherwise.
bool durable() {
  if (std::getenv("MEDIMIRROR_BENCH_NOT_DURABLE") == nullptr) return true;
  fmt::print(
      stderr,
      "medimirror: WARNING: MEDIMIRROR_BENCH_NOT_DURABLE is set: nothing of this run is made safe against "
      "a crash or a power cut, which is for measuring alone; unset it for every mirror that is to be kept\n");
  return false;
}

SyncOptions sync_options(const Config& config, const SyncFlags& flags) {
  SyncOptions options{
      .store_folder = config.store_dir,
      .reports_folder = config.reports_dir(),
      .api = api_options(config),
      .filter = config.select.filter,
      .full_listing_every = config.api.full_listing_every,
      .selection = {},
      .products = {.list = config.products.list,
                   .codes_file = config.select.codes_file,
                   .codes_column = config.select.codes_column,
                   .full_listing_every = config.api.full_listing_every},
      .transport = transport_options(config),
      .pipeline = pipeline_options(config),
      .publish = publish_options(config),
      .views = view_set(config),
      .retire = {},
      .replace = {},
  };
  options.selection.kinds = kinds_of(config);
  options.selection.formats = config.select.formats;
  options.selection.fallback = config.select.fallback;
  const std::optional<Url> base = parse_url(config.media.base_url);
  if (!base || !base->is_http())
    throw Error(ErrorKind::config,
                fmt::format("media.base_url: \"{}\" is not an http(s) URL", config.media.base_url));
  options.selection.media_base = *base;
  options.retire.max_delete = config.publish.max_delete;
  options.replace = {config.publish.max_replace, flags.max_replace};
  options.retire.confirmations = config.publish.confirm_removal;
  options.retire.derivative_source = config.select.formats.front();
  for (const Recipe& recipe : config.derivatives) options.retire.derivative_names.push_back(recipe.name);
  if (flags.full) options.listed = SyncOptions::Listed::in_full;
  if (flags.retry_failed) options.listed = SyncOptions::Listed::not_at_all;
  options.dry_run = flags.dry_run;
  options.durable = options.publish.durable = durable();
  return options;
}

}  // namespace

ExitStatus sync_command(const Config& config, const SyncFlags& flags) {
  if (!flags.retry_failed) require_api_key(config);
  const SyncOptions options = sync_options(config, flags);
  StopFlag stop;
  const SignalWatch signals(stop);
  const SystemClock system;
  const RunClock clock(system);
  const std::unique_ptr<Progress> progress =
      make_progress(progress_style(flags), STDERR_FILENO, clock.steady_now());
  RunReport report;
  try {
    report = run_sync(options, clock, *progress, stop);
  } catch (const Error& error) {
    // a store that cannot be locked or opened: there is no run, and who asked for JSON still gets JSON
    report.command = "sync";
    report_error(error, report);
    if (!flags.json) throw;
  }
  if (flags.json) {
    fmt::print("{}\n", to_json(report));
  } else {
    fmt::print("{}", to_text(report));
  }
  // not all is well, though nothing went wrong
  if (report.held && !log_enabled(LogLevel::warning))
    fmt::print(stderr, "medimirror: {}\n", headline(report));
  if (!report.error.empty()) fmt::print(stderr, "medimirror: {}\n", report.error);
  return static_cast<ExitStatus>(report.exit_code);
}

}  // namespace medimirror
