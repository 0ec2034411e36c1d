// Role: the grammar that path templates share: text, slashes, {field} and {id/divisor}. What the fields are and what
// they become is the template's own matter (layout, view_path).
// Place: Field is an enum with at least literal, slash and id.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/ascii.h"

namespace medimirror {

template <typename Field>
struct TemplatePiece {
  Field field = Field::literal;
  std::string literal;  // of literal and slash
  std::uint64_t divisor = 1;
};

template <typename Field>
struct TemplateGrammar {
  std::vector<std::pair<std::string_view, Field>> fields;
  bool (*is_literal)(char) = nullptr;
  std::string_view literal_rule;  // the sentence for text that is_literal refuses
  std::string_view example;
  std::size_t bytes_max = 0;
};

template <typename Field>
std::string read_field(std::string_view inside, const TemplateGrammar<Field>& grammar,
                       std::vector<TemplatePiece<Field>>& pieces) {
  const auto slash = inside.find('/');
  const std::string_view name = inside.substr(0, slash);
  const auto known = std::ranges::find(grammar.fields, name, [](const auto& field) { return field.first; });
  if (known == grammar.fields.end()) {
    std::string names;
    for (std::size_t i = 0; i < grammar.fields.size(); ++i)
      names += (i == 0                          ? ""
                : i + 1 < grammar.fields.size() ? ", "
                                                : " and ") +
               std::string(grammar.fields[i].first);
    return fmt::format("there is no field {{{}}}; the fields are {}", name, names);
  }
  TemplatePiece<Field> piece{known->second, {}, 1};
  if (slash != std::string_view::npos) {
    piece.divisor = whole_number<decltype(piece.divisor)>(inside.substr(slash + 1)).value_or(0);
    if (piece.field != Field::id || piece.divisor == 0)
      return fmt::format(
          "{{{}}} is not understood; only {{id}} can be divided, by a whole number: {{id/1000}}", inside);
  }
  pieces.push_back(std::move(piece));
  return {};
}

// The pieces of `text`, or what is wrong with it; neighbouring text is one piece.
template <typename Field>
std::string parse_template(std::string_view text, const TemplateGrammar<Field>& grammar,
                           std::vector<TemplatePiece<Field>>& pieces) {
  if (text.empty()) return fmt::format("it is empty; a good one is {}", grammar.example);
  if (text.size() > grammar.bytes_max)
    return fmt::format("it is longer than {} characters", grammar.bytes_max);
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] == '{') {
      const auto close = text.find('}', at);
      if (close == std::string_view::npos) return "a { has no }";
      if (std::string problem = read_field(text.substr(at + 1, close - at - 1), grammar, pieces);
          !problem.empty())
        return problem;
      at = close;
    } else if (text[at] == '/') {
      pieces.push_back({Field::slash, "/", 1});
    } else if (!grammar.is_literal(text[at])) {
      return std::string(grammar.literal_rule);
    } else {
      if (pieces.empty() || pieces.back().field != Field::literal) pieces.push_back({});
      pieces.back().literal += text[at];
    }
  }
  return {};
}

}  // namespace medimirror
