// Any text as a configuration: it is read into sections, or each mistake is a sentence; no text stops the program in
// another way. The values are held against every setting there is, as the loader does it.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "config/config_file.h"
#include "config/config_settings.h"

namespace {

using namespace medimirror;

void demand(bool holds) {
  if (!holds) std::abort();
}

void hold_against_settings(const ConfigEntry& entry) {
  Config config;
  for (const Setting<Config>& setting : config_settings()) {
    const Problem problem = setting.read(entry.value, config);
    demand(!problem || !problem->empty());
    if (!problem) setting.write(config);
  }
  Recipe recipe;
  for (const Setting<Recipe>& setting : derivative_settings()) setting.read(entry.value, recipe);
  demand(!entry.value.shown().empty());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > 8192) return 0;
  const ConfigFile file = parse_config({reinterpret_cast<const char*>(data), size}, "fuzz.toml");
  for (const std::string& mistake : file.mistakes) demand(!mistake.empty());
  std::size_t looked_at = 0;
  for (const ConfigSection& section : file.sections)
    for (const ConfigEntry& entry : section.entries)
      if (++looked_at <= 20) hold_against_settings(entry);
  return 0;
}
