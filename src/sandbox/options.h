// Role: the command line of medimirror-sandbox.
// Failure: throws Error{usage} with one sentence.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "sandbox/server.h"
#include "sandbox/service.h"

namespace medimirror::sandbox {

struct Options {
  ServerOptions server;
  ServiceOptions service;
  std::optional<std::filesystem::path> port_file;
  std::string evolve;     // JSON; applied before serving
  std::string help_text;  // not empty: print it and stop
};

Options parse_options(int argc, const char* const* argv);

}  // namespace medimirror::sandbox
