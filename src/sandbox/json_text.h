// Role: writes JSON by appending to a string, fast enough for a listing of a million lines.
// Format: no white space; text is escaped as RFC 8259 asks, UTF-8 is passed through.
// Not here: reading JSON (the requests are read with nlohmann-json).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace medimirror::sandbox {

class JsonText {
 public:
  explicit JsonText(std::string& out) : out_(out) {}

  void open_object() { open('{'); }
  void close_object() { close('}'); }
  void open_array() { open('['); }
  void close_array() { close(']'); }
  void key(std::string_view name);

  void text(std::string_view value);
  void number(std::int64_t value);
  void boolean(bool value) { raw(value ? "true" : "false"); }
  void null() { raw("null"); }
  void raw(std::string_view json);  // already JSON

  void member(std::string_view name, std::string_view value) { key(name), text(value); }
  void member(std::string_view name, const char* value) { key(name), text(value); }
  void member(std::string_view name, std::int64_t value) { key(name), number(value); }

 private:
  void open(char bracket);
  void close(char bracket);
  void separate();

  std::string& out_;
  bool first_ = true;  // nothing was written yet in the innermost bracket, or a key just was
};

}  // namespace medimirror::sandbox
