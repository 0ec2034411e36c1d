// Role: a long sorted list of keys and values as a file, whole or as the difference to an older one.
// Place: under history.cc, which says what the lists are of.
// Threads: one an object.
// Failure: throws Error{index} for a list that is damaged or whose older one is gone, Error{disk}.
// Limits: streams both ways; memory of some 64 KB for each list of a chain. A chain is at most kChainMax long and
// all its differences together are smaller than half its whole list, so reading never costs much more than the
// list itself. A key or value has at most 1 MB.
// Format: a line of text, "medimirror kept list 1 run <n> at <unix seconds> base <n> entries <n>\n" (base 0: whole),
// then one zlib stream (which has its own check) of entries in ascending order of keys:
//   '+' key value | '-' key | '.' count        key, value: length(var) bytes; '-' in differences only;
//   '.' ends the list; count(var) is of the '+' and '-' before it
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "store/record.h"

namespace medimirror {

inline constexpr std::size_t kChainMax = 32;

struct ListHeader {
  RunNumber run = 0, base = 0;  // base 0: whole
  UnixSeconds at = 0;
  std::uint64_t entries = 0;  // of the list itself, whichever way it is written
};
std::optional<ListHeader> read_list_header(const std::filesystem::path& file);

// The newest list of a chain, entry by entry.
class ListReader {
 public:
  // Newest first, the last one whole. None: an empty list.
  explicit ListReader(const std::vector<std::filesystem::path>& chain);
  ~ListReader();
  ListReader(ListReader&&) noexcept;
  ListReader& operator=(ListReader&&) noexcept;

  bool next();  // false: the end
  const std::string& key() const;
  const std::string& value() const;

 private:
  class Stream;
  std::vector<std::unique_ptr<Stream>> streams_;
  Stream* at_ = nullptr;
};

using ListEntry = std::function<void(std::string_view key, std::string_view value)>;
// Says every entry, ascending. May be called twice.
using ListSource = std::function<void(const ListEntry&)>;

// Writes `file`, durably. With a chain: as the difference to it, unless the chain would then break the limits above.
// False: nothing differs from the chain, and nothing was written.
bool write_list(const std::filesystem::path& file, ListHeader header, const ListSource& source,
                const std::vector<std::filesystem::path>& chain);

// Only what a difference itself says: its added and changed entries; all of them of a whole list.
void each_stated_entry(const std::filesystem::path& file, const ListEntry& callback);

}  // namespace medimirror
