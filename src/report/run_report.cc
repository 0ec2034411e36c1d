#include "report/run_report.h"

#include <nlohmann/json.hpp>

#include "base/foreign_text.h"

namespace medimirror {

namespace {

using Json = nlohmann::ordered_json;  // keys in the order of the contract

Json json_of(const ReportedFailure& failure) {
  return {{"media_id", failure.media_id}, {"format", failure.format}, {"url", failure.url},
          {"reason", failure.reason},     {"detail", failure.detail}, {"attempts", failure.attempts}};
}

Json json_of(const RunReport::Listing& listing) {
  return {{"mode", name_of(listing.by)},      {"total", listing.total},
          {"complete", listing.complete},     {"shifted", listing.shifted},
          {"cut_reason", listing.cut_reason}, {"malformed", listing.malformed},
          {"bad_places", listing.bad_places}, {"places", listing.places}};
}

Json json_of(const RunReport::Items& items) {
  return {{"listed", items.listed},
          {"links", items.links},
          {"filtered", items.filtered},
          {"fetched", items.fetched},
          {"unchanged", items.unchanged},
          {"not_modified", items.not_modified},
          {"deduplicated", items.deduplicated},
          {"failed", items.failed},
          {"retired", items.retired},
          {"pending", items.pending},
          {"carried_over", items.carried_over},
          {"fallback", items.fallback},
          {"media_filtered_by_kind", items.media_filtered_by_kind},
          {"unconfirmed", items.unconfirmed}};
}

Json json_of(const RunReport::Published& published) {
  return {{"files", published.files},     {"added", published.added},     {"replaced", published.replaced},
          {"removed", published.removed}, {"clashes", published.clashes}, {"tree", name_of(published.tree)},
          {"held", published.held}};
}

Json json_of(const ViewSummary& view) {
  return {{"name", view.name},
          {"files", view.files},
          {"products", view.products},
          {"without_code", view.without_code},
          {"without_derivative", view.without_derivative},
          {"near_duplicates", view.near_duplicates},
          {"over_limit", view.over_limit},
          {"clashes", view.clashes}};
}

Json json_of(const RunReport::Products& products) {
  Json json = {
      {"mode", name_of(products.by)},      {"total", products.total},     {"complete", products.complete},
      {"cut_reason", products.cut_reason}, {"listed", products.listed},   {"unchanged", products.unchanged},
      {"changed", products.changed},       {"removed", products.removed}, {"malformed", products.malformed},
      {"requests", products.requests},     {"shifted", products.shifted}, {"refused", products.refused}};
  if (products.codes)
    json["codes"] = {{"asked", products.codes->asked},
                     {"wrong", products.codes->wrong},
                     {"found", products.codes->found},
                     {"media", products.codes->media},
                     {"missing", products.codes->missing}};
  return json;
}

}  // namespace

bool RunReport::balances() const {
  if (items.links > items.listed) return false;
  return (items.listed - items.links) * formats + items.carried_over ==
         items.filtered + items.fetched + items.unchanged + items.not_modified + items.failed + items.pending;
}

std::uint64_t RunReport::wanted() const {
  return in() + items.failed + items.pending;
}

std::string to_json(const RunReport& report) {
  Json object;
  object["outcome"] = row_of(report.outcome).word;
  object["exit_code"] = report.exit_code;
  object["listing"] = json_of(report.listing);
  object["items"] = json_of(report.items);
  object["bytes"] = {{"downloaded", report.bytes.downloaded}, {"stored", report.bytes.stored}};
  Json& failures = object["failures"] = Json::array();
  for (const ReportedFailure& failure : report.failures) failures.push_back(json_of(failure));
  object["seconds"] = report.seconds;
  object["published"] = json_of(report.published);
  object["requests"] = {
      {"api", report.requests.api}, {"media", report.requests.media}, {"retries", report.requests.retries}};
  object["formats"] = report.formats;
  object["notes"] = report.notes;
  object["error"] = report.error;
  object["unfinished"] = report.unfinished;
  object["held"] = report.held ? Json{{"run", report.held->run}, {"since", report.held->since}} : Json();
  object["dry_run"] = report.dry_run;
  object["command"] = report.command;
  object["run"] = report.run;
  object["started"] = report.started;
  if (report.products) object["products"] = json_of(*report.products);
  if (!report.views.empty()) {
    Json& views = object["views"] = Json::array();
    for (const ViewSummary& view : report.views) views.push_back(json_of(view));
    object["view_clashes"] = report.view_clashes;
  }
  // What came from the wire may be no UTF-8; a report that cannot be written would be worse than a replaced
  // byte.
  return plain_line(object.dump(-1, ' ', false, Json::error_handler_t::replace));
}

}  // namespace medimirror
