// Role: 8-bit pixels in memory, rows without gaps, bands interleaved.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace medimirror {

// Leaves new elements as the memory is: what is filled anyway was a tenth of the whole decoding when it was zeroed first.
template <typename T>
struct Unzeroed : std::allocator<T> {
  template <typename U>
  struct rebind {
    using other = Unzeroed<U>;
  };
  template <typename U>
  void construct(U* at) {
    ::new (static_cast<void*>(at)) U;
  }
  template <typename U, typename First, typename... Rest>
  void construct(U* at, First&& first, Rest&&... rest) {
    ::new (static_cast<void*>(at)) U(std::forward<First>(first), std::forward<Rest>(rest)...);
  }
};

using Samples = std::vector<std::uint8_t, Unzeroed<std::uint8_t>>;

struct Pixels {
  std::uint32_t width = 0, height = 0, bands = 0;
  Samples data;

  std::size_t row_bytes() const { return std::size_t{width} * bands; }
  const std::uint8_t* row(std::size_t y) const { return data.data() + y * row_bytes(); }
  std::uint8_t* row(std::size_t y) { return data.data() + y * row_bytes(); }
};

}  // namespace medimirror
