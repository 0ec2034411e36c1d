// The configuration as text: the commented file that `init` writes, and what `config show` prints.
#include <fmt/format.h>

#include <algorithm>

#include "config/config.h"
#include "config/config_settings.h"

namespace medimirror {

namespace {

constexpr std::string_view kOpening =
    R"(# medimirror: makes a directory equal to a Medipim catalogue.
#
# A line "#key = value" shows a default; take the "#" away to change it. Each setting can also come from the
# environment (MEDIMIRROR_CONTACT, MEDIMIRROR_API_KEY_ID, MEDIMIRROR_PUBLISH_MAX_DELETE, ...), which is stronger than
# this file; the command line is stronger than both. "medimirror config check" reads the file and names every mistake.
)";

constexpr std::string_view kDerivatives = R"(
# ---------------------------------------------------------------------------------------------------------------------
# Smaller pictures made of each mirrored one, published beside it; any number of these sections.
#
#   [[derivative]]
)";

constexpr std::string_view kViews = R"(
# ---------------------------------------------------------------------------------------------------------------------
# Views: the same pictures once more, in a folder of their own, under the names that a shop wants, at the cost of links.
# Those named by products need [products] list = true, or a list of codes.
#
#   [[view]]
)";

std::string comment(std::string_view text) {
  std::string lines;
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size());
    lines += fmt::format("# {}\n", text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

std::string described(const Setting<Config>& setting, const Config& config) {
  static const Config kDefaults;
  const std::string value = setting.write(config);
  std::string text = "\n" + comment(setting.meaning);
  const bool is_set = value != setting.write(kDefaults);
  if (is_set || setting.shown == Shown::yes)
    text += fmt::format("{} = {}\n", setting.key, value);
  else if (!setting.example.empty())
    text += fmt::format("#   {} = {}\n", setting.key, setting.example);
  else
    text += fmt::format("#{} = {}\n", setting.key, value);
  return text;
}

// One of the sections that may stand several times, as a sample, since none is the default.
template <typename Target>
std::string sample_text(const Target& sample, const std::vector<Setting<Target>>& settings) {
  std::string text;
  for (const Setting<Target>& setting : settings)
    text += fmt::format("#   {:<32} # {}\n", fmt::format("{} = {}", setting.key, setting.write(sample)),
                        setting.meaning);
  return text;
}

Recipe derivative_sample() {
  Recipe sample;
  sample.name = "thumb";
  sample.width = sample.height = 450;
  sample.format = ImageFormat::webp;
  return sample;
}

ViewSettings view_sample() {
  ViewSettings sample;
  sample.name = "by-cnk";
  sample.path = "{cnk}/{cnk}_{n}.{ext}";
  sample.derivative = "thumb";
  sample.pick = {"frontal", "packshot", "productshot"};
  sample.max_per_product = 8;
  return sample;
}

// A setting of such a section that says nothing is left out: it may have no default that could be written.
template <typename Target>
std::string said_text(const Target& target, const std::vector<Setting<Target>>& settings) {
  std::string text;
  for (const Setting<Target>& setting : settings)
    if (const std::string value = setting.write(target); value != "\"\"")
      text += fmt::format("{} = {}\n", setting.key, value);
  return text;
}

std::string origin_of(const Config& config, const std::string& name) {
  const auto origin = config.origins.find(name);
  return origin == config.origins.end() ? "default" : origin->second;
}

std::string shown_line(std::string_view assignment, std::string_view origin) {
  return fmt::format("{:<48}  # {}\n", assignment, origin);
}

std::string shown_setting(const Setting<Config>& setting, const Config& config) {
  const std::string value = setting.write(config);
  // an empty text that is the default is a setting nobody made (key_id, filter)
  const bool is_unset = value.empty() || (value == "\"\"" && !config.origins.contains(setting.name()));
  if (is_unset) return shown_line(fmt::format("# {}", setting.key), "not set");
  return shown_line(fmt::format("{} = {}", setting.key, value), origin_of(config, setting.name()));
}

template <typename Target>
std::string shown_one(const Target& target, const std::vector<Setting<Target>>& settings,
                      std::string_view section, const Config& config) {
  return "\n" +
         shown_line(fmt::format("[[{}]]", section),
                    origin_of(config, fmt::format("{}.{}", section, target.name))) +
         said_text(target, settings);
}

std::string secret_line(const Config& config) {
  if (!config.api.secret_problem.empty())
    return shown_line("# secret: " + config.api.secret_problem, "cannot be read");
  if (config.api.secret.empty()) return shown_line("# secret", "not set");
  return shown_line("# secret = \"(set)\"", origin_of(config, "api.secret"));
}

}  // namespace

std::string default_config_text(const Config& start) {
  std::string text(kOpening);
  for (const SectionMeaning& section : config_sections()) {
    if (!section.name.empty())
      text += fmt::format("\n# {:->117}\n{}[{}]\n", "", comment(section.meaning), section.name);
    for (const Setting<Config>& setting : config_settings())
      if (setting.section == section.name) text += described(setting, start);
  }
  text += kDerivatives;
  text += sample_text(derivative_sample(), derivative_settings());
  for (const Recipe& recipe : start.derivatives)
    text += "\n[[derivative]]\n" + said_text(recipe, derivative_settings());
  text += kViews;
  text += sample_text(view_sample(), view_settings());
  for (const ViewSettings& view : start.views) text += "\n[[view]]\n" + said_text(view, view_settings());
  return text;
}

std::string to_toml(const Config& config) {
  std::string text;
  for (const SectionMeaning& section : config_sections()) {
    if (!section.name.empty()) text += fmt::format("\n[{}]\n", section.name);
    for (const Setting<Config>& setting : config_settings()) {
      if (setting.section != section.name) continue;
      text += shown_setting(setting, config);
      if (setting.name() == "api.secret_file") text += secret_line(config);
    }
  }
  for (const Recipe& recipe : config.derivatives)
    text += shown_one(recipe, derivative_settings(), "derivative", config);
  for (const ViewSettings& view : config.views) text += shown_one(view, view_settings(), "view", config);
  return text;
}

}  // namespace medimirror
