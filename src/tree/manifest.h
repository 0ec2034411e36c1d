// Role: the published directory as a sorted list, in the two forms that others read.
// Format of manifest.jsonl: one JSON object a line, sorted by path (bytes):
//   {"path":"huge/659/659214.png","sha256":"…","bytes":181234,"mtime":1785941124,"media_id":659214,"format":"huge"}
// Format of SHA256SUMS: "<sha256>  <path>", the same order; `sha256sum -c SHA256SUMS` in the folder checks
// it.
// Not here: which files there should be (publisher).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/digest.h"
#include "base/media.h"

namespace medimirror {

struct ManifestEntry {
  std::string path;
  Digest digest;
  std::uint64_t bytes = 0;
  UnixSeconds mtime = 0;
  MediaId media_id = 0;
  std::string format;
  bool operator==(const ManifestEntry&) const = default;
};

std::string manifest_line(const ManifestEntry& entry);  // with its newline
std::optional<ManifestEntry> parse_manifest_line(std::string_view line);

// What a merge needs of a line (without its newline) that this program wrote, without parsing it: the lines
// of a million files are copied as they are. Nothing: not such a line. The views point into `line`.
struct ManifestGlance {
  std::string_view path, sha256;
};
std::optional<ManifestGlance> glance_at_manifest_line(std::string_view line);

}  // namespace medimirror
