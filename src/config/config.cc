#include "config/config.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstdlib>

#include "base/error.h"
#include "config/arguments.h"
#include "config/config_check.h"
#include "config/config_file.h"
#include "config/config_secret.h"
#include "config/config_settings.h"
#include "config/config_trust.h"
#include "config/suggestion.h"

namespace medimirror {

namespace {

// Fills a Config source by source, the weakest first, and remembers every mistake on the way.
class Loader {
 public:
  Loader(std::filesystem::path file, const Environment& environment)
      : file_(std::move(file)), environment_(environment) {}

  Config load(const Overrides& overrides) {
    if (!file_.empty()) take_file(read_config_file(file_));
    // what does not parse says nothing of what stands in it: more mistakes would be guesses
    if (!is_toml_) refuse();
    take_environment();
    for (const Override& each : overrides) take_override(each);
    settle_paths();
    take_secret();
    check_whole(config_, mistakes_);
    if (!mistakes_.empty()) refuse();
    return std::move(config_);
  }

 private:
  std::string where(std::size_t line) const { return fmt::format("{}:{}", file_.native(), line); }

  void mistake(std::string_view where, std::string_view sentence) {
    mistakes_.push_back(fmt::format("{}: {}", where, sentence));
  }

  void take_file(ConfigFile file) {
    mistakes_ = std::move(file.mistakes);
    is_toml_ = mistakes_.empty();
    for (const ConfigSection& section : file.sections) {
      if (section.name == "derivative") {
        take_one_of_several(section, derivative_settings(), {"name", "width", "height"}, config_.derivatives);
      } else if (section.name == "view") {
        take_one_of_several(section, view_settings(), {"name", "path"}, config_.views);
      } else if (section.is_list || !is_section(section.name)) {
        unknown_section(section);
      } else {
        for (const ConfigEntry& entry : section.entries) take_entry(section.name, entry);
      }
    }
  }

  static bool is_section(std::string_view name) {
    return std::ranges::find(config_sections(), name, &SectionMeaning::name) != config_sections().end();
  }

  static const Setting<Config>* find(std::string_view section, std::string_view key) {
    for (const Setting<Config>& setting : config_settings())
      if (setting.section == section && setting.key == key) return &setting;
    return nullptr;
  }

  void unknown_section(const ConfigSection& section) {
    if (is_section(section.name)) {
      mistake(where(section.line), fmt::format("[[{0}]] is written [{0}]: there is one", section.name));
      return;
    }
    std::vector<std::string_view> known;
    for (const SectionMeaning& each : config_sections())
      if (!each.name.empty()) known.push_back(each.name);
    known.insert(known.end(), {"derivative", "view"});
    mistake(where(section.line),
            fmt::format("[{}] is not a section{}", section.name, did_you_mean(section.name, known)));
  }

  void take_entry(std::string_view section, const ConfigEntry& entry) {
    const Setting<Config>* setting = find(section, entry.key);
    if (setting == nullptr) {
      mistake(where(entry.line), unknown_key(section, entry.key));
      return;
    }
    take(*setting, entry.value, where(entry.line), where(entry.line));
  }

  void take(const Setting<Config>& setting, const ConfigValue& value, const std::string& where,
            const std::string& origin) {
    if (const Problem problem = setting.read(value, config_)) mistake(where, setting.name() + " " + *problem);
    // also for a wrong value: what is checked later still knows that something was said here
    config_.origins[setting.name()] = origin;
  }

  static std::string unknown_key(std::string_view section, std::string_view key) {
    const std::string name = section.empty() ? std::string(key) : fmt::format("{}.{}", section, key);
    if (key == "secret" || key == "api_secret" || key == "password")
      return fmt::format(
          "{} must not stand in this file, which is copied, shown and read by many; put it into a file of "
          "its own "
          "(secret_file, chmod 600) or into MEDIMIRROR_API_SECRET",
          name);
    if (section.empty() && is_section(key)) return fmt::format("{0} is a section: write [{0}]", key);
    if (key == "derivative" || key == "view")
      return fmt::format("{0} is a list of sections: write [[{0}]]", key);
    for (const Setting<Config>& setting : config_settings()) {
      if (setting.key != key) continue;
      if (setting.section.empty())
        return fmt::format(
            "{} is not a setting; {} belongs to the top of the file, before the first [section]", name, key);
      return fmt::format("{} is not a setting; {} belongs into [{}]", name, key, setting.section);
    }
    std::vector<std::string_view> known;
    for (const Setting<Config>& setting : config_settings())
      if (setting.section == section) known.push_back(setting.key);
    return fmt::format("{} is not a setting{}", name, did_you_mean(key, known));
  }

  template <typename Target>
  void take_one_of_several(const ConfigSection& section, const std::vector<Setting<Target>>& settings,
                           std::initializer_list<std::string_view> required, std::vector<Target>& into) {
    Target target;
    const std::size_t mistakes_before = mistakes_.size();
    if (!section.is_list) {
      mistake(where(section.line),
              fmt::format("[{0}] is written [[{0}]]: there may be several", section.name));
      return;
    }
    std::vector<std::string_view> said;
    for (const ConfigEntry& entry : section.entries) {
      said.push_back(entry.key);
      take_entry_of_several(section.name, entry, settings, target);
    }
    for (const std::string_view key : required)
      if (std::ranges::find(said, key) == said.end())
        mistake(where(section.line), fmt::format("{}.{} is missing", section.name, key));
    if (mistakes_.size() > mistakes_before) return;
    if (std::ranges::find(into, target.name, &Target::name) != into.end()) {
      mistake(where(section.line), fmt::format("{}.name \"{}\" is used twice", section.name, target.name));
      return;
    }
    config_.origins[section.name + "." + target.name] = where(section.line);
    into.push_back(std::move(target));
  }

  template <typename Target>
  void take_entry_of_several(const std::string& section, const ConfigEntry& entry,
                             const std::vector<Setting<Target>>& settings, Target& target) {
    std::vector<std::string_view> known;
    for (const Setting<Target>& setting : settings) {
      known.push_back(setting.key);
      if (setting.key != entry.key) continue;
      if (const Problem problem = setting.read(entry.value, target))
        mistake(where(entry.line), fmt::format("{}.{} {}", section, entry.key, *problem));
      return;
    }
    mistake(where(entry.line),
            fmt::format("{}.{} is not a setting{}", section, entry.key, did_you_mean(entry.key, known)));
  }

  // Set to nothing is not set: that is how a unit file or a compose file "removes" a variable.
  void take_environment() {
    for (const Setting<Config>& setting : config_settings()) {
      const std::string variable = setting.variable();
      const auto text = environment_(variable);
      if (text && !text->empty()) take(setting, {*text, true}, variable, variable);
    }
  }

  void take_override(const Override& each) {
    for (const Setting<Config>& setting : config_settings()) {
      if (setting.name() != each.key) continue;
      take(setting, {each.value, true}, each.flag, each.flag);
      return;
    }
    std::vector<std::string> names;
    for (const Setting<Config>& setting : config_settings()) names.push_back(setting.name());
    const std::vector<std::string_view> known(names.begin(), names.end());
    mistake(each.flag, fmt::format("{} is not a setting{}", each.key, did_you_mean(each.key, known)));
  }

  void take_secret() {
    SecretResult found = find_secret(environment_, config_.api.secret_file);
    config_.api.secret = std::move(found.secret);
    if (found.mistake) mistake(found.origin, "the secret " + *found.mistake);
    if (found.barred) config_.api.secret_problem = fmt::format("{} {}", found.origin, *found.barred);
    if (!found.origin.empty()) config_.origins["api.secret"] = found.origin;
  }

  // Relative to the folder of the file where the file says it, else to the current folder.
  void settle(const std::string& name, std::filesystem::path& path) {
    if (path.empty()) return;
    const auto origin = config_.origins.find(name);
    const bool from_file =
        origin != config_.origins.end() && origin->second.starts_with(file_.native() + ":");
    const std::filesystem::path start =
        from_file ? std::filesystem::absolute(file_).parent_path() : std::filesystem::current_path();
    const auto meant = settled_path(path.native(), environment_);
    if (const auto* problem = std::get_if<std::string>(&meant)) {
      mistake(origin == config_.origins.end() ? name : origin->second, name + " " + *problem);
      return;
    }
    path = (start / std::get<std::filesystem::path>(meant)).lexically_normal();
    if (!path.has_filename()) path = path.parent_path();
  }

  void settle_paths() {
    settle("root", config_.root);
    settle("store_dir", config_.store_dir);
    settle("media_dir", config_.media_dir);
    settle("api.secret_file", config_.api.secret_file);
    settle("select.codes_file", config_.select.codes_file);
    if (config_.store_dir.empty()) config_.store_dir = config_.root / "store";
    if (config_.media_dir.empty()) config_.media_dir = config_.root / "media";
  }

  [[noreturn]] void refuse() const {
    std::string sentence = mistakes_.front();
    if (mistakes_.size() > 1)
      sentence = fmt::format("{} mistakes in the configuration:\n  {}", mistakes_.size(),
                             fmt::join(mistakes_, "\n  "));
    throw Error(ErrorKind::config, std::move(sentence), "read the configuration");
  }

  std::filesystem::path file_;
  const Environment& environment_;
  Config config_;
  std::vector<std::string> mistakes_;
  bool is_toml_ = true;
};

}  // namespace

MediaFilter SelectSettings::default_filter() {
  MediaFilter filter;
  filter.published = true;
  filter.types = {"photo", "frontal"};
  return filter;
}

Environment process_environment() {
  return [](const std::string& name) -> std::optional<std::string> {
    const char* value = std::getenv(name.c_str());
    return value == nullptr ? std::nullopt : std::optional<std::string>(value);
  };
}

Config load_config(const std::filesystem::path& path, const Environment& environment,
                   const Overrides& overrides) {
  return Loader(path, environment).load(overrides);
}

std::filesystem::path default_config_path(const Environment& environment) {
  if (const auto path = environment("MEDIMIRROR_CONFIG"); path && !path->empty())
    return path_argument("MEDIMIRROR_CONFIG", *path);
  std::error_code ignored;
  const std::filesystem::path found = std::filesystem::exists("medimirror.toml", ignored)
                                          ? "medimirror.toml"
                                          : "/etc/medimirror/medimirror.toml";
  if (std::filesystem::exists(found, ignored)) refuse_if_others_write(found);
  return found;
}

void require_api_key(const Config& config) {
  const char* operation = "find the API key";
  if (config.api.key_id.empty())
    throw Error(
        ErrorKind::config,
        "no API key is configured; set key_id in [api], or MEDIMIRROR_API_KEY_ID, and give its secret in "
        "MEDIMIRROR_API_SECRET or a secret_file",
        operation);
  if (!config.api.secret_problem.empty())
    throw Error(ErrorKind::config,
                fmt::format("the secret of the API key: {}; run as the user it belongs to",
                            config.api.secret_problem),
                operation);
  if (config.api.secret.empty())
    throw Error(
        ErrorKind::config,
        fmt::format(
            "the secret of API key {} is not given; set secret_file in [api], or MEDIMIRROR_API_SECRET, "
            "or the systemd credential medimirror-api-secret",
            config.api.key_id),
        operation);
}

std::string user_agent(const Config& config) {
  return fmt::format("medimirror/{} ({})", MEDIMIRROR_VERSION, config.contact);
}

}  // namespace medimirror
