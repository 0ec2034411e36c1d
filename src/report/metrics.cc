#include "report/metrics.h"

#include <fmt/format.h>

#include <iterator>
#include <map>
#include <string_view>

#include "base/file.h"

namespace medimirror {

namespace {

std::string escaped(std::string_view value) {
  std::string text;
  for (const char c : value) {
    if (c == '\\' || c == '"') text += '\\';
    if (c == '\n')
      text += "\\n";
    else
      text += c;
  }
  return text;
}

// All samples of a metric stand together behind its two heading lines, as the format demands.
class Exposition {
 public:
  void metric(std::string_view name, std::string_view help) {
    name_ = name;
    fmt::format_to(std::back_inserter(text_), "# HELP medimirror_{} {}\n# TYPE medimirror_{} gauge\n", name,
                   help, name);
  }
  template <typename Number>
  void value(Number number) {
    fmt::format_to(std::back_inserter(text_), "medimirror_{} {}\n", name_, number);
  }
  template <typename Number>
  void value(std::string_view label, std::string_view of, Number number) {
    fmt::format_to(std::back_inserter(text_), "medimirror_{}{{{}=\"{}\"}} {}\n", name_, label, escaped(of),
                   number);
  }
  std::string text() && { return std::move(text_); }

 private:
  std::string text_;
  std::string_view name_;
};

}  // namespace

std::string to_prometheus(const RunReport& report) {
  Exposition out;
  out.metric("last_run_started_seconds", "When the last run began, in seconds since 1970.");
  out.value(report.started);
  out.metric("last_run_duration_seconds", "How long the last run took.");
  out.value(report.seconds);
  out.metric("last_run_exit_code", "Exit code of the last run: 0 done, 3 some items failed.");
  out.value(report.exit_code);
  out.metric("last_run_listing_complete", "1 when the service's listing was walked to its end.");
  out.value(report.listing.complete ? 1 : 0);

  const RunReport::Items& items = report.items;
  out.metric("last_run_media", "Media items of the last run, by what they are.");
  out.value("what", "listed", items.listed);
  out.value("what", "links", items.links);
  out.metric("last_run_items", "Pictures of the last run, by outcome.");
  out.value("outcome", "filtered", items.filtered);
  out.value("outcome", "fetched", items.fetched);
  out.value("outcome", "unchanged", items.unchanged);
  out.value("outcome", "not_modified", items.not_modified);
  out.value("outcome", "failed", items.failed);
  out.value("outcome", "pending", items.pending);
  out.metric("last_run_retired", "Pictures that the service no longer lists.");
  out.value(items.retired);

  std::map<std::string, std::uint64_t> reasons;
  for (const ReportedFailure& failure : report.failures) ++reasons[failure.reason];
  out.metric("last_run_failures", "Failed pictures of the last run, by reason.");
  for (const auto& [reason, count] : reasons) out.value("reason", reason, count);

  out.metric("last_run_bytes", "Bytes of the last run.");
  out.value("what", "downloaded", report.bytes.downloaded);
  out.value("what", "stored", report.bytes.stored);
  out.metric("last_run_requests", "Requests of the last run.");
  out.value("to", "api", report.requests.api);
  out.value("to", "media", report.requests.media);
  out.metric("last_run_retries", "Requests of the last run that were repeated.");
  out.value(report.requests.retries);
  out.metric("published_files", "Files in the published directory after the last run.");
  out.value(report.published.files);
  out.metric("last_run_published", "Changes of the published directory by the last run.");
  out.value("change", "added", report.published.added);
  out.value("change", "replaced", report.published.replaced);
  out.value("change", "removed", report.published.removed);
  return std::move(out).text();
}

void write_metrics(const std::filesystem::path& file, const RunReport& report) {
  replace_file(file, to_prometheus(report));
}

}  // namespace medimirror
