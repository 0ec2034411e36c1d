#include "run/applied_settings.h"

#include <fmt/format.h>

namespace medimirror {

std::string recipes_fingerprint(const std::vector<Recipe>& recipes, const std::string& source) {
  std::string text = source;
  for (const Recipe& recipe : recipes) text += fmt::format(" {:016x}", recipe.key());
  return text;
}

std::string layout_fingerprint(const PublishOptions& options) {
  std::string text = fmt::format("{} {}", options.path.text(), options.derivative_source);
  for (const Recipe& recipe : options.recipes) text += fmt::format(" {}={:016x}", recipe.name, recipe.key());
  return text;
}

}  // namespace medimirror
