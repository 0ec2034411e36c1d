// Role: all pairs of near prints among many, without comparing all pairs.
// How: a print is put into a cell of a grid by its aspect and the mean light of its four quarters; near prints differ
// in none of these by more than half a cell (base/print.h), so each looks into its own cell and, on every axis, the
// nearer neighbour. What is left is compared by its coarse levels, and only then in full.
// Threads: one. Limits: 100 bytes a print; the prints themselves are read again when they are compared.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <unordered_map>
#include <vector>

#include "base/print.h"

namespace medimirror {

class NearPrints {
 public:
  // Print number n, as added.
  using Read = std::function<std::optional<PrintCells>(std::size_t number)>;
  // Whether a pair still matters: two of a set that is joined already need no comparison.
  using Matters = std::function<bool(std::size_t one, std::size_t other)>;
  using Found = std::function<void(std::size_t one, std::size_t other)>;

  NearPrints(Read read, Matters matters, Found found)
      : read_(std::move(read)), matters_(std::move(matters)), found_(std::move(found)) {}

  void add(const PrintCells& cells);  // and find the near ones among those added before

 private:
  static constexpr std::size_t kAxes = 5;

  Read read_;
  Matters matters_;
  Found found_;
  struct Cell {
    std::vector<CoarsePrint> coarse;
    std::vector<std::uint32_t> numbers;
  };
  std::uint32_t count_ = 0;
  std::unordered_map<std::uint64_t, Cell> grid_;
  std::vector<std::uint32_t> places_;  // of a cell
};

}  // namespace medimirror
