// Role: a publish plan as a list on disk: what execute_publish is about to do, in order of media id, for a
// plan of any length in little memory; and, once sealed, the note that a publish began, which the next one
// finds when this one is killed.
// Place: plan_publish writes it, execute_publish seals it, reads it several times and removes it last of all.
// Why it must be: the index learns of a publish only at its end. Killed before, files may already stand under
// names that the index does not know, and a change that is taken back meanwhile would look settled; the
// sealed journal names every medium and every path that may be touched.
// Threads: one.
// Failure: throws Error{disk}; a line that is not understood is skipped (only a hand that edited it can cause
// one).
// Format: <changes file>.unfinished, a line each: kind, media id, format, sha256, bytes, mtime, path, old
// path, with tabs between; bytes outside [A-Za-z0-9._+@=,/-] as %XX.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/file.h"
#include "store/record.h"
#include "tree/lines.h"

namespace medimirror {

struct JournalEntry {
  enum class Kind : char {
    add = '+',
    replace = '~',
    remove = '-',
    drop = 'x',   // a path a dead publish may have made: old_path goes, no record is concerned
    clear = 'c',  // nothing is left to do for this key of the table `unpublished`
  } kind{};
  AssetKey key;
  PublishedRecord now;   // of add and replace; of remove only a path that another file has from now on
  std::string old_path;  // of replace (when the path moved), remove (else) and drop
};

std::string encode(const JournalEntry& entry);  // with its newline
std::optional<JournalEntry> decode_journal_line(std::string_view line);

std::filesystem::path journal_file(const std::filesystem::path& changes_file);

class Journal {
 public:
  explicit Journal(std::filesystem::path path);

  void append(const JournalEntry& entry);
  void seal();  // durable under its name, in place of a dead one's; nothing is appended any more
  void each(const std::function<void(const JournalEntry&)>& callback) const;
  void remove();  // the publish is complete

 private:
  void flush() const;

  std::filesystem::path path_;
  mutable UniqueFd fd_;  // without a name, made when the buffer first overflows: a plan may be thrown away
  mutable std::string buffer_;
  bool sealed_ = false;
};

// Walks the journal that a dead publish left, if it left one.
class UnfinishedJournal {
 public:
  explicit UnfinishedJournal(const std::filesystem::path& path);

  bool found() const { return static_cast<bool>(fd_); }
  const std::optional<JournalEntry>& entry() const { return entry_; }  // nothing: the end
  void advance();

 private:
  UniqueFd fd_;
  std::unique_ptr<LineReader> lines_;
  std::optional<JournalEntry> entry_;
};

}  // namespace medimirror
