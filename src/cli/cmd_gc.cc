#include <fmt/format.h>

#include <cstdio>
#include <nlohmann/json.hpp>

#include "base/clock.h"
#include "base/error.h"
#include "base/stop.h"
#include "base/units.h"
#include "cli/commands.h"
#include "cli/open_mirror.h"
#include "cli/publish_options.h"
#include "cli/signals.h"
#include "upkeep/gc.h"

namespace medimirror {

namespace {

GcOptions gc_options(const Config& config, const GcFlags& flags) {
  GcOptions options;
  options.store_folder = config.store_dir;
  options.changes_file = publish_options(config).changes_file;
  options.recipes = config.derivatives;
  options.dry_run = flags.dry_run;
  options.keep = std::chrono::days(config.publish.grace_days);
  if (flags.keep.empty()) return options;
  const auto keep = parse_duration(flags.keep);
  if (!keep)
    throw Error(ErrorKind::usage,
                fmt::format("--keep: \"{}\" is not a span of time such as 14d", flags.keep));
  options.keep = *keep;
  return options;
}

std::string in_days(std::chrono::seconds span) {
  const auto days = std::chrono::duration_cast<std::chrono::days>(span);
  return days == span ? fmt::format("{} days", days.count()) : format_duration(span);
}

void print_price(const GcReport& report, const GcOptions& options) {
  fmt::print("{} {} blobs ({}) that nothing needs, {} that a killed run left ({})\n",
             options.dry_run ? "would remove" : "removing", format_count(report.blobs.files),
             format_bytes(report.blobs.bytes), format_count(report.staged.files),
             format_bytes(report.staged.bytes));
  fmt::print(
      "{} {} assets retired for more than {}, {} derivatives of other recipes or of pictures that are gone\n",
      options.dry_run ? "would forget" : "forgetting", format_count(report.assets), in_days(options.keep),
      format_count(report.derivatives));
  if (report.quarantined.files > 0)
    fmt::print("{} {} that repair set aside more than {} ago ({})\n",
               options.dry_run ? "would remove" : "removing",
               report.quarantined.files == 1 ? "1 file" : format_count(report.quarantined.files) + " files",
               in_days(options.keep), format_bytes(report.quarantined.bytes));
  if (report.last_copies > 0)
    fmt::print("{} in store/quarantine are the only copy of bytes that hash right, and stay there\n",
               format_count(report.last_copies));
  fmt::print("{} blobs stay\n", format_count(report.kept_blobs));
  std::fflush(stdout);
}

void print_json(const GcReport& report, const GcOptions& options) {
  nlohmann::ordered_json json;
  json["dry_run"] = options.dry_run;
  json["blobs"] = {{"files", report.blobs.files}, {"bytes", report.blobs.bytes}};
  json["staged"] = {{"files", report.staged.files}, {"bytes", report.staged.bytes}};
  json["quarantined"] = {{"files", report.quarantined.files}, {"bytes", report.quarantined.bytes}};
  json["last_copies_in_quarantine"] = report.last_copies;
  json["history_bytes"] = report.history_bytes;
  json["assets"] = report.assets;
  json["media"] = report.media;
  json["derivatives"] = report.derivatives;
  json["records"] = report.records;
  json["kept_blobs"] = report.kept_blobs;
  json["complete"] = !report.interrupted;
  fmt::print("{}\n", json.dump());
}

}  // namespace

ExitStatus gc_command(const Config& config, const GcFlags& flags) {
  require_store(config);
  const GcOptions options = gc_options(config, flags);
  StopFlag stop;
  const SignalWatch signals(stop);
  const SystemClock clock;
  const GcReport report = collect_garbage(options, clock, stop, [&](const GcReport& priced) {
    if (!flags.json) print_price(priced, options);
  });
  if (flags.json) {
    print_json(report, options);
  } else if (report.interrupted) {
    fmt::print("interrupted; the next gc goes on\n");
  } else if (!options.dry_run) {
    fmt::print("done{}\n", report.history_bytes == 0 ? std::string()
                                                     : fmt::format("; the trees of old runs gave back {}",
                                                                   format_bytes(report.history_bytes)));
  }
  return report.interrupted ? ExitStatus::interrupted : ExitStatus::done;
}

}  // namespace medimirror
