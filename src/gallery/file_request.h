// Role: the head of an HTTP request -> what is asked for. Pure: knows neither sockets nor files.
// Place: file_server hands it what came up to the empty line, file_answer answers what comes out.
// Failure: a Refusal: the status and a sentence.
// Format: HTTP/1.0 and 1.1, GET and HEAD. Of several ranges none counts (RFC 9110 §14.2 lets a server ignore them): each would
// cost an answer, and no browser asks for them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace medimirror {

// As it was asked for; either may be missing, "-500" are the last 500 bytes.
struct ByteRange {
  std::optional<std::uint64_t> first, last;
};

struct FileRequest {
  bool head_only = false;
  std::string path;  // decoded, without what follows a "?"; starts with a slash, holds no control character
  std::string host;  // as it was sent
  std::optional<ByteRange> range;
};

struct Refusal {
  int status = 400;
  std::string_view sentence;
};

std::variant<FileRequest, Refusal> read_file_request(std::string_view head);

// "/a%20b" -> "/a b"; nothing where a "%" is followed by something else than two digits.
std::optional<std::string> percent_decoded(std::string_view text);

}  // namespace medimirror
