// A configuration written to a temporary folder and loaded from there, with an environment made of a map.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <optional>
#include <string>

#include "base/error.h"
#include "config/config.h"
#include "support/temporary_folder.h"

namespace medimirror {

class ConfigTest : public testing::Test {
 protected:
  std::filesystem::path write(const std::string& name, const std::string& text, ::mode_t mode = 0600) {
    const std::filesystem::path path = folder_.path() / name;
    std::ofstream(path) << text;
    ::chmod(path.c_str(), mode);
    return path;
  }

  Config load(const std::string& toml, const Overrides& overrides = {}) {
    return load_config(write("medimirror.toml", toml), environment(), overrides);
  }

  // With the one setting that has no default.
  Config load_with_contact(const std::string& toml) { return load("contact = \"ops@example.com\"\n" + toml); }

  std::string mistakes(const std::string& toml, const Overrides& overrides = {}) {
    try {
      load(toml, overrides);
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::config);
      return error.what();
    }
    return "accepted";
  }

  std::string mistakes_with_contact(const std::string& toml) {
    return mistakes("contact = \"ops@example.com\"\n" + toml);
  }

  Environment environment() {
    return [this](const std::string& name) -> std::optional<std::string> {
      const auto found = variables_.find(name);
      return found == variables_.end() ? std::nullopt : std::optional(found->second);
    };
  }

  // "medimirror.toml:3"
  std::string at(int line) {
    return (folder_.path() / "medimirror.toml").native() + ":" + std::to_string(line);
  }

  TemporaryFolder folder_;
  std::map<std::string, std::string> variables_;
};

}  // namespace medimirror
