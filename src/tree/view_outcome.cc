// What became of the views, as text: see view_plan.h.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <nlohmann/json.hpp>

#include "base/units.h"
#include "tree/view_plan.h"

namespace medimirror {

std::string to_json(const ViewOutcome& outcome) {
  nlohmann::ordered_json json;
  json["views"] = nlohmann::json::array();
  for (const ViewSummary& view : outcome.views)
    json["views"].push_back({{"name", view.name},
                             {"files", view.files},
                             {"products", view.products},
                             {"without_code", view.without_code},
                             {"without_derivative", view.without_derivative},
                             {"near_duplicates", view.near_duplicates},
                             {"over_limit", view.over_limit},
                             {"clashes", view.clashes},
                             {"near_are_hidden", view.near_are_hidden},
                             {"codeless", view.codeless},
                             {"alike", view.alike}});
  json["clashes"] = outcome.clashes;
  return json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

ViewOutcome parse_view_outcome(const std::string& text) {
  ViewOutcome outcome;
  try {
    const auto json = nlohmann::json::parse(text);
    for (const auto& view : json.at("views"))
      outcome.views.push_back({view.at("name"), view.at("files"), view.at("products"),
                               view.at("without_code"), view.at("without_derivative"),
                               view.at("near_duplicates"), view.at("over_limit"), view.at("clashes"),
                               view.at("near_are_hidden"), view.at("codeless"), view.at("alike")});
    outcome.clashes = json.at("clashes").get<std::vector<std::string>>();
  } catch (const nlohmann::json::exception&) {
    return {};
  }
  return outcome;
}

std::vector<std::string> notes_of(const ViewSummary& view) {
  std::vector<std::string> notes;
  const auto say = [&](std::uint64_t count, std::string_view one, std::string_view many,
                       const std::vector<std::string>& examples) {
    if (count == 0) return;
    notes.push_back(fmt::format("view {}: {} {}", view.name, format_count(count), count == 1 ? one : many));
    if (!examples.empty()) notes.back() += fmt::format(", such as {}", fmt::join(examples, ", "));
  };
  say(view.without_code, "product has pictures but not the code that the view is named by, and is not in it",
      "products have pictures but not the code that the view is named by, and are not in it", view.codeless);
  say(view.without_derivative, "picture is not in it: its derivative could not be made",
      "pictures are not in it: their derivatives could not be made", {});
  if (view.near_are_hidden)
    say(view.near_duplicates, "picture is not in it: it looks like a better one of its product",
        "pictures are not in it: they look like a better one of their product", view.alike);
  else
    say(view.near_duplicates, "picture looks like a better one of its product",
        "pictures look like a better one of their product", view.alike);
  return notes;
}

}  // namespace medimirror
