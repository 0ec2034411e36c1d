#include <fmt/format.h>

#include <charconv>
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
#include "cli/verify_flags.h"
#include "history/history.h"

namespace medimirror {

namespace {

VerifyDepth parse_depth(const std::string& text) {
  if (text == "structure") return VerifyDepth::structure;
  if (text == "content") return VerifyDepth::content;
  if (text == "pixels") return VerifyDepth::pixels;
  throw Error(ErrorKind::usage, fmt::format("--depth: \"{}\" is not structure, content or pixels", text));
}

std::string_view name_of(VerifyDepth depth) {
  return depth == VerifyDepth::structure ? "structure" : depth == VerifyDepth::content ? "content" : "pixels";
}

std::optional<std::chrono::seconds> parse_span(const char* flag, const std::string& text) {
  if (text.empty()) return std::nullopt;
  if (const auto span = parse_duration(text)) return span;
  throw Error(ErrorKind::usage,
              fmt::format("{}: \"{}\" is not a span of time such as 30d or 5h", flag, text));
}

void parse_slice(const std::string& text, VerifyOptions& options) {
  if (text.empty()) return;
  const char* end = text.data() + text.size();
  auto [slash, code] = std::from_chars(text.data(), end, options.slice);
  bool good = code == std::errc{} && slash != end && *slash == '/';
  if (good) {
    const auto [rest, second] = std::from_chars(slash + 1, end, options.slices);
    good = second == std::errc{} && rest == end;
  }
  if (!good || options.slice < 1 || options.slice > options.slices)
    throw Error(ErrorKind::usage,
                fmt::format("--slice: \"{}\" is not K/N with K from 1 to N, such as 3/7", text));
}

std::string rate(const VerifyReport& report) {
  if (report.reading_seconds <= 0) return "";
  return fmt::format(", {}/s", format_bytes(static_cast<std::uint64_t>(
                                   static_cast<double>(report.bytes_read) / report.reading_seconds)));
}

void print_summary(const VerifyReport& report) {
  fmt::print("looked at {} records, {} blob files and {} published files\n", format_count(report.records),
             format_count(report.blob_files), format_count(report.published));
  if (report.depth != VerifyDepth::structure)
    fmt::print("read {} of {} objects to be read ({}{})\n", format_count(report.objects_read),
               format_count(report.to_read), format_bytes(report.bytes_read), rate(report));
  for (const auto& [kind, count] : report.counts)
    fmt::print("{:>9}  {} ({})\n", format_count(count), meaning_of(kind), name_of(kind));
  fmt::print("took {}\n", format_duration(Millis(static_cast<std::int64_t>(report.seconds * 1000))));
}

void print_advice(const VerifyReport& report) {
  if (!report.remembered)
    fmt::print("what was read could not be remembered (is the disk full?): the next verify starts over\n");
  if (!report.complete)
    fmt::print("not all was read: the next `medimirror verify --depth {}` goes on with the rest\n",
               name_of(report.depth));
  if (report.counts.contains(FindingKind::index_damaged)) {
    fmt::print(
        "the index is damaged: run `medimirror rebuild`, then verify again; no picture is lost by it\n");
  } else if (report.damage() > 0) {
    const std::string_view depth = report.depth == VerifyDepth::pixels ? " --depth pixels" : "";
    fmt::print("run `medimirror repair --sync{}`: it sets the bad files aside and fetches them again\n",
               depth);
  } else if (report.complete) {
    const bool more = report.depth == VerifyDepth::structure;
    fmt::print("no damage found{}\n", more ? "; `--depth content` reads the bytes as well" : "");
  }
}

nlohmann::ordered_json to_json(const VerifyReport& report) {
  nlohmann::ordered_json json;
  json["depth"] = name_of(report.depth);
  json["damage"] = report.damage();
  json["complete"] = report.complete;
  json["remembered"] = report.remembered;
  json["records"] = report.records;
  json["blob_files"] = report.blob_files;
  json["published"] = report.published;
  json["to_read"] = report.to_read;
  json["objects_read"] = report.objects_read;
  json["bytes_read"] = report.bytes_read;
  json["seconds"] = report.seconds;
  json["reading_seconds"] = report.reading_seconds;
  json["counts"] = nlohmann::ordered_json::object();
  for (const auto& [kind, count] : report.counts) json["counts"][std::string(name_of(kind))] = count;
  return json;
}

nlohmann::ordered_json to_json(const Finding& finding) {
  return {{"kind", name_of(finding.kind)},
          {"damage", is_damage(finding.kind)},
          {"subject", finding.subject},
          {"detail", finding.detail}};
}

}  // namespace

VerifyOptions verify_options(const Config& config, const VerifyFlags& flags) {
  VerifyOptions options;
  options.store_folder = config.store_dir;
  options.media_folder = config.media_dir;
  options.changes_file = publish_options(config).changes_file;
  options.depth = parse_depth(flags.depth);
  options.decoder = decoder_options(config);
  parse_slice(flags.slice, options);
  options.unread_for = parse_span("--max-age", flags.max_age);
  options.time_limit = parse_span("--time-limit", flags.time_limit);
  if (!flags.bandwidth.empty()) {
    const auto bytes = parse_bytes(flags.bandwidth);
    if (!bytes || *bytes == 0)
      throw Error(ErrorKind::usage,
                  fmt::format("--bandwidth: \"{}\" is not bytes a second such as 20MB", flags.bandwidth));
    options.bytes_per_second_max = *bytes;
  }
  const UnixSeconds since = SystemClock().unix_now() - UnixSeconds{86'400} * config.publish.grace_days;
  options.each_kept = [store = config.store_dir, since](const std::function<void(const Digest&)>& callback) {
    each_kept_digest(store, since, callback);
  };
  return options;
}

ExitStatus verify_command(const Config& config, const VerifyFlags& flags) {
  require_store(config);
  if (flags.remote) return verify_remote_command(config, flags);
  const VerifyOptions options = verify_options(config, flags);
  StopFlag stop;
  const SignalWatch signals(stop);
  const SystemClock clock;
  nlohmann::ordered_json findings = nlohmann::ordered_json::array();
  const VerifyReport report = verify(options, clock, stop, [&](const Finding& finding) {
    if (flags.json) {
      findings.push_back(to_json(finding));
    } else {
      fmt::print("{}{}: {}: {}\n", is_damage(finding.kind) ? "" : "note: ", meaning_of(finding.kind),
                 finding.subject, finding.detail);
    }
  });
  if (flags.json) {
    nlohmann::ordered_json json = to_json(report);
    json["findings"] = std::move(findings);
    fmt::print("{}\n", json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
  } else {
    print_summary(report);
    print_advice(report);
  }
  if (report.interrupted) return ExitStatus::interrupted;
  return report.damage() > 0 ? ExitStatus::damage : ExitStatus::done;
}

}  // namespace medimirror
