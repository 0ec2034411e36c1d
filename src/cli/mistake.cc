#include "cli/mistake.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <vector>

#include "config/suggestion.h"

namespace medimirror {

namespace {

using Commands = std::vector<const CLI::App*>;

// Those of `app` before those of its groups, so that the nearest of equal names is the shorter one.
Commands commands_below(const CLI::App& app) {
  Commands all;
  for (const CLI::App* command : app.get_subcommands({})) all.push_back(command);
  for (std::size_t i = 0; i < all.size(); ++i)
    for (const CLI::App* command : all[i]->get_subcommands({})) all.push_back(command);
  return all;
}

// "; did you mean `medimirror config check`?" or nothing.
std::string command_meant(std::string_view word, const Commands& commands) {
  std::vector<std::string_view> names;
  for (const CLI::App* command : commands) names.push_back(command->get_name());
  const std::string_view meant = nearest(word, names);
  if (meant.empty()) return {};
  const auto at = std::ranges::find(names, meant) - names.begin();
  return fmt::format("; did you mean `{}`?", full_name(*commands[static_cast<std::size_t>(at)]));
}

std::string_view bare(std::string_view option) {
  option.remove_prefix(std::min(option.find_first_not_of('-'), option.size()));
  return option.substr(0, option.find('='));
}

// An option that nobody knows: one of this command or of the program may be meant, or a command.
std::string option_meant(std::string_view option, const CLI::App& command, const CLI::App& app) {
  std::vector<std::string> known;
  for (const CLI::App* of : {&command, &app})
    for (const CLI::Option* each : of->get_options())
      known.insert(known.end(), each->get_lnames().begin(), each->get_lnames().end());
  const std::vector<std::string_view> names(known.begin(), known.end());
  if (const std::string_view meant = nearest(bare(option), names); !meant.empty())
    return fmt::format("; did you mean --{}?", meant);
  return command_meant(bare(option), commands_below(command));
}

std::string what_is_wrong(const CLI::App& app, const CLI::App& command, const CLI::ParseError& error) {
  const std::vector<std::string> unknown = app.remaining(true);
  if (unknown.empty()) {
    const bool needs_another = !command.get_subcommands({}).empty();
    return needs_another ? fmt::format("`{}` needs a command", full_name(command)) : error.what();
  }
  const std::string& word = unknown.front();
  if (word.starts_with('-'))
    return fmt::format("`{}` has no option {}{}", full_name(command), word, option_meant(word, command, app));
  if (command.get_subcommands({}).empty())
    return fmt::format("`{}` takes nothing more, so not \"{}\"", full_name(command), word);
  const Commands commands = commands_below(command);
  std::string meant = command_meant(word, commands);
  if (meant.empty()) meant = command_meant(word, commands_below(app));
  return fmt::format("\"{}\" is not a command of `{}`{}", word, full_name(command), meant);
}

}  // namespace

std::string full_name(const CLI::App& command) {
  const CLI::App* parent = command.get_parent();
  return parent == nullptr ? command.get_name()
                           : fmt::format("{} {}", full_name(*parent), command.get_name());
}

const CLI::App& named_command(const CLI::App& app) {
  const CLI::App* command = &app;
  for (Commands below = {command}; !below.empty();) {
    command = below.front();
    below.clear();
    for (const CLI::App* each : command->get_subcommands({}))
      if (each->parsed()) below.push_back(each);
  }
  return *command;
}

std::optional<std::string> empty_value(const CLI::App& app) {
  for (const CLI::App* command = &named_command(app); command != nullptr; command = command->get_parent())
    for (const CLI::Option* option : command->get_options())
      if (option->count() > 0 && std::ranges::any_of(option->results(), &std::string::empty))
        return fmt::format("{} is empty: leave it out, or give it a value", option->get_name());
  return std::nullopt;
}

std::string sentence_of(const CLI::App& app, const CLI::ParseError& error) {
  const CLI::App& command = named_command(app);
  return fmt::format("{}; see `{} --help`", what_is_wrong(app, command, error), full_name(command));
}

}  // namespace medimirror
