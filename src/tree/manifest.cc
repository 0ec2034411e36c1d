#include "tree/manifest.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "base/below.h"

namespace medimirror {

namespace {

constexpr std::string_view kPathKey = R"({"path":")";
constexpr std::string_view kDigestKey = R"(","sha256":")";
constexpr std::size_t kDigestDigits = 64;

void append_quoted(std::string& line, std::string_view text) {
  line += '"';
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      line += '\\';
      line += c;
    } else if (static_cast<unsigned char>(c) < 0x20) {
      fmt::format_to(std::back_inserter(line), "\\u{:04x}", static_cast<unsigned>(c));
    } else {
      line += c;
    }
  }
  line += '"';
}

template <typename Number>
bool take(const nlohmann::json& object, const char* key, Number& into) {
  const auto found = object.find(key);
  if (found == object.end()) return false;
  if (!found->is_number_integer() || (std::is_unsigned_v<Number> && !found->is_number_unsigned()))
    return false;
  into = found->get<Number>();
  return true;
}

bool take(const nlohmann::json& object, const char* key, std::string& into) {
  const auto found = object.find(key);
  if (found == object.end() || !found->is_string()) return false;
  into = found->get<std::string>();
  return true;
}

}  // namespace

std::string manifest_line(const ManifestEntry& entry) {
  std::string line;
  line.reserve(entry.path.size() + entry.format.size() + 180);
  line += R"({"path":)";
  append_quoted(line, entry.path);
  fmt::format_to(std::back_inserter(line), R"(,"sha256":"{}","bytes":{},"mtime":{},"media_id":{},"format":)",
                 entry.digest.hex(), entry.bytes, entry.mtime, entry.media_id);
  append_quoted(line, entry.format);
  line += "}\n";
  return line;
}

std::optional<ManifestEntry> parse_manifest_line(std::string_view line) {
  const auto object = nlohmann::json::parse(line.begin(), line.end(), nullptr, false);
  if (!object.is_object()) return std::nullopt;
  ManifestEntry entry;
  std::string digest;
  if (!take(object, "path", entry.path) || !take(object, "sha256", digest) ||
      !take(object, "bytes", entry.bytes) || !take(object, "mtime", entry.mtime) ||
      !take(object, "media_id", entry.media_id) || !take(object, "format", entry.format) ||
      !stays_below(entry.path))
    return std::nullopt;
  const auto parsed = Digest::parse(digest);
  if (!parsed) return std::nullopt;
  entry.digest = *parsed;
  return entry;
}

std::optional<ManifestGlance> glance_at_manifest_line(std::string_view line) {
  if (!line.starts_with(kPathKey)) return std::nullopt;
  const auto end = line.find('"', kPathKey.size());
  if (end == std::string_view::npos) return std::nullopt;
  const std::string_view path = line.substr(kPathKey.size(), end - kPathKey.size());
  if (!stays_below(path) || path.find('\\') != std::string_view::npos) return std::nullopt;
  const std::string_view rest = line.substr(end);
  if (!rest.starts_with(kDigestKey) || rest.size() < kDigestKey.size() + kDigestDigits + 2 ||
      rest.back() != '}' || rest[kDigestKey.size() + kDigestDigits] != '"')
    return std::nullopt;
  return ManifestGlance{path, rest.substr(kDigestKey.size(), kDigestDigits)};
}

}  // namespace medimirror
