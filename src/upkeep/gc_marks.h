// Role: the digests that count, as a set that is filled first and asked afterwards.
// Memory: 32 bytes a digest; repetitions are squeezed out as they pile up.
#pragma once

#include <algorithm>
#include <vector>

#include "base/digest.h"

namespace medimirror {

class Marks {
 public:
  void add(const Digest& digest) {
    digests_.push_back(digest);
    if (digests_.size() >= squeeze_at_) seal();
  }
  void seal() {
    std::ranges::sort(digests_);
    digests_.erase(std::unique(digests_.begin(), digests_.end()), digests_.end());
    squeeze_at_ = std::max(kSqueezeMin, 2 * digests_.size());
  }
  bool contains(const Digest& digest) const {
    return std::ranges::binary_search(digests_, digest);
  }  // sealed
  std::size_t size() const { return digests_.size(); }

 private:
  static constexpr std::size_t kSqueezeMin = std::size_t{1} << 20;
  std::vector<Digest> digests_;
  std::size_t squeeze_at_ = kSqueezeMin;
};

}  // namespace medimirror
