// Role: a text that must never be printed (invariant 7: a secret never becomes text).
// There is no conversion, no operator<< and no formatter; the one way out is reveal(), called where the bytes
// are handed to the wire and nowhere else (tests/include_table_test.py counts the callers).
#pragma once

#include <string>
#include <utility>

namespace medimirror {

class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string text) : text_(std::move(text)) {}
  Secret(const Secret&) = default;
  Secret(Secret&&) noexcept = default;
  Secret& operator=(const Secret&) = default;
  Secret& operator=(Secret&&) noexcept = default;
  ~Secret() { wipe(); }

  bool empty() const { return text_.empty(); }
  const std::string& reveal() const { return text_; }

 private:
  void wipe() {
    // volatile: the compiler may not drop stores to a string that is about to die
    volatile char* bytes = text_.data();
    for (std::size_t i = 0; i < text_.size(); ++i) bytes[i] = 0;
  }

  std::string text_;
};

}  // namespace medimirror
