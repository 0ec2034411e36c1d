// Role: how many pixels a GIF frame's data is good for, without making them. Pure, linear in the bytes.
#pragma once

#include <cstdint>
#include <string_view>

namespace medimirror {

// Up to the code that ends the data, the first that cannot be, or the end of the bytes. code_bits: the smallest size of a code;
// blocks: data in sub-blocks.
std::uint64_t count_lzw_pixels(unsigned code_bits, std::string_view blocks);

}  // namespace medimirror
