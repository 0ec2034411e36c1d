#include "tree/manifest_merge.h"

#include <fmt/format.h>

#include <optional>

#include "base/file.h"
#include "tree/manifest.h"

namespace medimirror {

namespace {

constexpr std::string_view kOpening = R"({"path":")";
constexpr std::string_view kRemovalEnd = R"("})";

// The changes, one per path.
class Changes {
 public:
  explicit Changes(LineSource& source) : source_(source) { advance(); }

  bool at_end() const { return !pending_; }
  const std::string& line() const { return *pending_; }
  std::string_view path() const { return path_of_line(*pending_); }

  void advance() {
    const std::string passed = pending_ ? std::string(path()) : std::string();
    for (std::string_view next; source_.next(next);) {
      if (pending_ && path_of_line(next) == passed) continue;
      pending_ = std::string(next);
      return;
    }
    pending_.reset();
  }

 private:
  LineSource& source_;
  std::optional<std::string> pending_;
};

class Writer {
 public:
  explicit Writer(const std::filesystem::path& folder)
      : manifest_(folder / kManifestName), sums_(folder / kSumsName) {}

  void write(std::string_view line, std::string_view path, std::string_view digest) {
    manifest_.write(line);
    manifest_.write("\n");
    sums_.write(digest);
    sums_.write("  ");
    sums_.write(path);
    sums_.write("\n");
    ++lines_;
  }
  bool write(std::string_view line) {
    const auto glance = glance_at_manifest_line(line);
    if (glance) write(line, glance->path, glance->sha256);
    return glance.has_value();
  }
  std::uint64_t lines() const { return lines_; }
  void commit() {
    sums_.commit();
    manifest_.commit();
  }

 private:
  AtomicFile manifest_, sums_;
  std::uint64_t lines_ = 0;
};

}  // namespace

std::string removal_line(std::string_view path) {
  return fmt::format("{}{}{}", kOpening, path, kRemovalEnd);
}

std::string_view path_of_line(std::string_view line) {
  if (!line.starts_with(kOpening)) return {};
  line.remove_prefix(kOpening.size());
  const auto end = line.find('"');
  return end == std::string_view::npos ? std::string_view() : line.substr(0, end);
}

bool is_removal_line(std::string_view line) {
  const std::string_view path = path_of_line(line);
  return !path.empty() && line.substr(kOpening.size() + path.size()) == kRemovalEnd;
}

bool merge_manifest(const std::filesystem::path& folder, LineSource& base, LineSource& changes,
                    std::uint64_t expected) {
  Writer writer(folder);
  Changes change(changes);
  const auto write_change = [&] { return is_removal_line(change.line()) || writer.write(change.line()); };
  std::string last;
  for (std::string_view line; base.next(line);) {
    const auto glance = glance_at_manifest_line(line);
    if (!glance || glance->path <= last) return false;
    last = glance->path;
    for (; !change.at_end() && change.path() < glance->path; change.advance())
      if (!write_change()) return false;
    // the change of the same path is written in the next turn, in place of this line
    if (change.at_end() || change.path() != glance->path) writer.write(line, glance->path, glance->sha256);
  }
  for (; !change.at_end(); change.advance())
    if (!write_change()) return false;
  if (writer.lines() != expected) return false;
  writer.commit();
  return true;
}

void each_removal(LineSource& changes, const std::function<void(const std::string& path)>& callback) {
  for (Changes change(changes); !change.at_end(); change.advance())
    if (is_removal_line(change.line())) callback(std::string(change.path()));
}

}  // namespace medimirror
