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
#include "cli/tree_gauges.h"
#include "cli/verify_flags.h"
#include "upkeep/repair.h"

namespace medimirror {

namespace {

void print_text(const Config& config, const RepairReport& report, const RepairFlags& flags) {
  if (report.actions() == 0) {
    fmt::print("nothing to repair in {} records, {} blob files and {} published files\n",
               format_count(report.found.records), format_count(report.found.blob_files),
               format_count(report.found.published));
    return;
  }
  for (const auto& [step, count] : report.counts)
    fmt::print("{:>9}  {}\n", format_count(count), name_of(step));
  if (flags.dry_run) {
    fmt::print("nothing was changed: this is what `medimirror repair` would do\n");
    return;
  }
  if (report.counts.contains(RepairStep::quarantine))
    fmt::print("what was set aside is in {}; gc removes it after the grace period\n",
               (config.store_dir / "quarantine").native());
  if (report.wanted > 0) fmt::print("{} pictures are to be fetched again", format_count(report.wanted));
  if (report.derivatives) fmt::print("{}derivatives are to be made again", report.wanted > 0 ? ", and " : "");
  if (report.wanted > 0 || report.derivatives)
    fmt::print("{}\n", flags.sync ? ": sync starts now" : ": `medimirror sync` does that");
}

void print_json(const RepairReport& report, nlohmann::ordered_json actions) {
  nlohmann::ordered_json json;
  json["damage"] = report.found.damage();
  json["wanted"] = report.wanted;
  json["derivatives"] = report.derivatives;
  json["counts"] = nlohmann::ordered_json::object();
  for (const auto& [step, count] : report.counts) json["counts"][std::string(name_of(step))] = count;
  json["actions"] = std::move(actions);
  fmt::print("{}\n", json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
}

bool repair_store(const Config& config, const RepairFlags& flags) {
  VerifyFlags looking;
  looking.depth = flags.depth;
  looking.bandwidth = flags.bandwidth;
  const std::optional<CountOrShare> max_loss = parse_count_or_share(flags.max_loss);
  if (!max_loss)
    throw Error(ErrorKind::usage,
                fmt::format("--max-loss: \"{}\" is not a count or a share such as 50%", flags.max_loss));
  const RepairOptions options{.verify = verify_options(config, looking),
                              .publish = publish_options(config),
                              .dry_run = flags.dry_run,
                              .max_loss = *max_loss};
  StopFlag stop;
  const SignalWatch signals(stop);
  const SystemClock clock;
  nlohmann::ordered_json actions = nlohmann::ordered_json::array();
  const RepairReport report = repair(options, clock, stop, [&](const RepairAction& action) {
    if (flags.json) {
      actions.push_back(
          {{"step", name_of(action.step)}, {"subject", action.subject}, {"detail", action.detail}});
    } else {
      fmt::print("{} {}: {}\n", name_of(action.step), action.subject, action.detail);
    }
  });
  if (!flags.dry_run && !report.interrupted) write_tree_gauges(config);
  if (flags.json) {
    print_json(report, std::move(actions));
  } else if (!report.interrupted) {
    print_text(config, report, flags);
  }
  std::fflush(stdout);
  return !report.interrupted;
}

}  // namespace

ExitStatus repair_command(const Config& config, const RepairFlags& flags) {
  require_store(config);
  if (flags.sync && !flags.dry_run) require_api_key(config);
  if (!repair_store(config, flags))
    return ExitStatus::interrupted;  // and with it lock and index are free again
  if (!flags.sync || flags.dry_run) return ExitStatus::done;
  SyncFlags sync;
  sync.json = flags.json;
  return sync_command(config, sync);
}

}  // namespace medimirror
