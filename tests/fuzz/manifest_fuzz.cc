// Fuzzes lines of manifest.jsonl: what is parsed is written and read back the same, and the quick look that a
// merge takes agrees with the parser.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "tree/journal.h"
#include "tree/manifest.h"

namespace {

void demand(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view line(reinterpret_cast<const char*>(data), size);
  if (const auto glance = medimirror::glance_at_manifest_line(line)) demand(!glance->path.empty());
  if (const auto entry = medimirror::parse_manifest_line(line)) {
    std::string again = medimirror::manifest_line(*entry);
    demand(again.back() == '\n' && again.find('\n') + 1 == again.size());
    demand(medimirror::parse_manifest_line(again) == *entry);
    again.pop_back();
    if (const auto glance = medimirror::glance_at_manifest_line(again)) {
      demand(glance->path == entry->path);
      demand(glance->sha256 == entry->digest.hex());
    }
  }
  if (const auto entry = medimirror::decode_journal_line(line)) {
    const std::string again = medimirror::encode(*entry);
    const auto twice = medimirror::decode_journal_line(std::string_view(again).substr(0, again.size() - 1));
    demand(twice && medimirror::encode(*twice) == again);
  }
  return 0;
}
