// Role: one sentence for a command line that cannot be meant: what is wrong, what may have been meant, where help is.
#pragma once

#include <CLI/CLI.hpp>
#include <optional>
#include <string>

namespace medimirror {

// Behind the parsing that threw `error`.
std::string sentence_of(const CLI::App& app, const CLI::ParseError& error);

// Behind a parsing that went well: an option or argument whose value is nothing, as a variable of a shell that is not set
// leaves it ("--codes $LIST" would mirror everything). Nothing: there is none.
std::optional<std::string> empty_value(const CLI::App& app);

// The command that was named last: `medimirror config` of "medimirror config". The program itself when none was.
const CLI::App& named_command(const CLI::App& app);
std::string full_name(const CLI::App& command);  // "medimirror config check"

}  // namespace medimirror
