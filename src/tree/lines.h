// Role: long sorted lists in little memory: lines read one by one from a file, and lines sorted by their
// bytes that spill to the disk when there are many.
// Place: publisher merges the old manifest with the sorted changes; a tree of a million files fits in no
// small memory.
// Threads: one.
// Failure: throws Error{disk}.
// Limits: a line is at most 1 MB; the sorter holds about `memory_bytes`, the rest lies in unnamed files in
// `folder`, which vanish with the process.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/file.h"

namespace medimirror {

class LineSource {
 public:
  virtual ~LineSource() = default;
  // The next line without its newline, valid until the next call. False: there are no more; a rest without a
  // newline is none.
  virtual bool next(std::string_view& line) = 0;
};

// The lines of a descriptor, from its start, which it reads by position: several readers may share one.
class LineReader final : public LineSource {
 public:
  LineReader(int fd, std::filesystem::path path);
  bool next(std::string_view& line) override;

 private:
  bool fill();

  int fd_;
  std::filesystem::path path_;
  std::string buffer_;
  std::size_t start_ = 0;
  std::uint64_t position_ = 0;
};

class LineSorter {
 public:
  explicit LineSorter(std::filesystem::path folder, std::size_t memory_bytes = std::size_t{24} << 20);

  void add(std::string_view line);       // without newline; not while a source of sorted() is in use
  std::unique_ptr<LineSource> sorted();  // may be asked for several times; must not outlive the sorter

 private:
  void sort();
  void spill();

  std::filesystem::path folder_;
  std::size_t memory_bytes_;
  std::string text_;
  std::vector<std::pair<std::size_t, std::size_t>> spans_;  // of text_: start, length
  std::vector<UniqueFd> runs_;                              // each sorted
};

}  // namespace medimirror
