// Role: the places of a listing that could not be taken as they came: how many, and the first few in words.
// Place: the walks (api/stream, api/query) note them and read on; the report names them.
// Limits: the words of kWordsMax places are kept.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace medimirror {

class BadPlaces {
 public:
  static constexpr std::size_t kWordsMax = 5;

  void add(std::string words);  // "after 50 of 100 items came a line that cannot be read"
  void clear() { *this = {}; }

  bool empty() const { return count_ == 0; }
  std::uint64_t count() const { return count_; }
  const std::vector<std::string>& first() const { return first_; }

  // "3 places of it are bad: after …; after …; after …"; empty when there are none.
  std::string sentence() const;

 private:
  std::uint64_t count_ = 0;
  std::vector<std::string> first_;
};

}  // namespace medimirror
