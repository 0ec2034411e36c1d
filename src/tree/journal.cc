#include "tree/journal.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <cassert>
#include <cerrno>

#include "base/below.h"
#include "base/error.h"
#include "base/unnamed_file.h"
#include "tree/line_fields.h"

namespace medimirror {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t kBufferBytes = 256 * 1024;
constexpr std::size_t kFields = 8;

}  // namespace

std::string encode(const JournalEntry& entry) {
  std::string line = fmt::format("{}\t{}\t", static_cast<char>(entry.kind), entry.key.media);
  append_escaped(line, entry.key.format);
  const bool has_record = entry.kind == JournalEntry::Kind::add || entry.kind == JournalEntry::Kind::replace;
  if (has_record)
    fmt::format_to(std::back_inserter(line), "\t{}\t{}\t{}\t", entry.now.digest.hex(), entry.now.bytes,
                   entry.now.mtime);
  else
    line += "\t-\t0\t0\t";
  append_escaped(line, entry.now.path);
  line += '\t';
  append_escaped(line, entry.old_path);
  line += '\n';
  return line;
}

std::optional<JournalEntry> decode_journal_line(std::string_view line) {
  std::array<std::string_view, kFields> fields;
  if (!split_fields(line, fields)) return std::nullopt;
  JournalEntry entry;
  if (fields[0].size() != 1 || std::string_view("+~-xc").find(fields[0][0]) == std::string_view::npos)
    return std::nullopt;
  entry.kind = static_cast<JournalEntry::Kind>(fields[0][0]);
  if (!read_number(fields[1], entry.key.media) || !unescape(fields[2], entry.key.format) ||
      !read_number(fields[4], entry.now.bytes) || !read_number(fields[5], entry.now.mtime) ||
      !unescape(fields[6], entry.now.path) || !unescape(fields[7], entry.old_path))
    return std::nullopt;
  for (const std::string* path : {&entry.now.path, &entry.old_path})
    if (!path->empty() && !stays_below(*path)) return std::nullopt;
  if (fields[3] == "-") return entry;
  const auto digest = Digest::parse(fields[3]);
  if (!digest) return std::nullopt;
  entry.now.digest = *digest;
  return entry;
}

fs::path journal_file(const fs::path& changes_file) {
  return changes_file.native() + ".unfinished";
}

Journal::Journal(fs::path path) : path_(std::move(path)) {}

void Journal::append(const JournalEntry& entry) {
  assert(!sealed_);
  buffer_ += encode(entry);
  if (buffer_.size() >= kBufferBytes) flush();
}

void Journal::flush() const {
  if (!fd_) {
    make_folders(path_.parent_path());
    fd_ = unnamed_file(path_.parent_path());
  }
  write_all(fd_.get(), buffer_, path_);
  buffer_.clear();
}

void Journal::seal() {
  assert(!sealed_);
  sealed_ = true;
  AtomicFile file(path_);
  each([&](const JournalEntry& entry) { file.write(encode(entry)); });
  file.commit();
}

void Journal::each(const std::function<void(const JournalEntry&)>& callback) const {
  const auto tell = [&](std::string_view line) {
    if (const auto entry = decode_journal_line(line)) callback(*entry);
  };
  if (fd_) {
    if (!buffer_.empty()) flush();
    LineReader lines(fd_.get(), path_);
    for (std::string_view line; lines.next(line);) tell(line);
    return;
  }
  std::string_view rest = buffer_;
  for (auto end = rest.find('\n'); end != std::string_view::npos; end = rest.find('\n')) {
    tell(rest.substr(0, end));
    rest.remove_prefix(end + 1);
  }
}

void Journal::remove() {
  if (::unlink(path_.c_str()) != 0 && errno != ENOENT)
    throw_errno(errno, fmt::format("remove {}", path_.native()));
}

UnfinishedJournal::UnfinishedJournal(const fs::path& path) : fd_(::open(path.c_str(), O_RDONLY | O_CLOEXEC)) {
  if (!fd_ && errno != ENOENT && errno != ENOTDIR) throw_errno(errno, fmt::format("open {}", path.native()));
  if (!fd_) return;
  lines_ = std::make_unique<LineReader>(fd_.get(), path);
  advance();
}

void UnfinishedJournal::advance() {
  entry_.reset();
  for (std::string_view line; !entry_ && lines_->next(line);) entry_ = decode_journal_line(line);
}

}  // namespace medimirror
