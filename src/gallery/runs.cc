#include "gallery/runs.h"

#include <algorithm>
#include <initializer_list>
#include <vector>

namespace medimirror {

namespace {

constexpr std::size_t kNotesMax = 10;

// The failures of a run are the bulk of its report, and shown from the records instead.
Json parse_report(const std::string& text) {
  const auto keep = [](int depth, Json::parse_event_t event, Json& parsed) {
    return !(depth == 1 && event == Json::parse_event_t::key && parsed == "failures");
  };
  Json report = Json::parse(text, keep, false);
  return report.is_object() ? report : Json::object();
}

const Json* find(const Json& report, std::initializer_list<const char*> path) {
  const Json* place = &report;
  for (const char* key : path) {
    if (!place->is_object()) return nullptr;
    const auto found = place->find(key);
    if (found == place->end()) return nullptr;
    place = &*found;
  }
  return place;
}

double number(const Json& report, std::initializer_list<const char*> path, double otherwise = 0) {
  const Json* value = find(report, path);
  return value != nullptr && value->is_number() ? value->get<double>() : otherwise;
}

std::uint64_t count(const Json& report, std::initializer_list<const char*> path) {
  const Json* value = find(report, path);
  return value != nullptr && value->is_number_unsigned() ? value->get<std::uint64_t>() : 0;
}

std::string text(const Json& report, std::initializer_list<const char*> path) {
  const Json* value = find(report, path);
  return value != nullptr && value->is_string() ? value->get<std::string>() : "";
}

Json run_row(RunNumber number_of_run, const RunRecord& run) {
  const Json report = parse_report(run.report);
  Json row;
  row["run"] = number_of_run;
  row["started"] = run.started;
  row["seconds"] = number(report, {"seconds"}, static_cast<double>(run.finished - run.started));
  row["exit"] = run.exit_code;
  row["outcome"] = text(report, {"outcome"});
  row["complete"] = run.listing_complete;
  for (const char* key : {"listed", "fetched", "unchanged", "not_modified", "failed", "retired", "pending"})
    row[key] = count(report, {"items", key});
  row["bytes"] = count(report, {"bytes", "downloaded"});
  row["requests"] = count(report, {"requests", "api"}) + count(report, {"requests", "media"});
  for (const char* key : {"added", "replaced", "removed"}) row[key] = count(report, {"published", key});
  row["error"] = text(report, {"error"});
  Json& notes = row["notes"] = Json::array();
  if (const Json* given = find(report, {"notes"}); given != nullptr && given->is_array())
    for (const Json& note : *given)
      if (note.is_string() && notes.size() < kNotesMax) notes.push_back(note);
  return row;
}

}  // namespace

Json run_rows(const IndexReader& index, std::size_t newest) {
  std::vector<Json> rows;
  const auto last = index.last_run();
  if (!last) return Json::array();
  // Numbers are given one by one; a few may be missing where runs died before they were recorded.
  RunNumber number_of_run = last->first;
  for (std::size_t tried = 0; number_of_run > 0 && rows.size() < newest && tried < 4 * newest; ++tried) {
    if (const auto run = index.run(number_of_run)) rows.push_back(run_row(number_of_run, *run));
    --number_of_run;
  }
  std::ranges::reverse(rows);
  return rows;
}

}  // namespace medimirror
