// Role: one request and its reply, as the rooms of the sandbox see them: no HTTP library in sight.
// Place: server makes the Request and sends the Reply; api, media_files and admin answer; faults spoil the
// Reply.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sandbox/listing.h"

namespace medimirror::sandbox {

struct Request {
  std::string method, path, target;  // target: the path with its query
  std::vector<std::pair<std::string, std::string>> query;
  std::string body;
  std::string authorization, user_agent, accept_encoding, accept_language, if_none_match, if_modified_since;

  const std::string* parameter(std::string_view name) const {
    for (const auto& [key, value] : query)
      if (key == name) return &value;
    return nullptr;
  }
};

// `cut`: nothing more comes, and the connection must end as if it broke.
enum class More { yes, no, cut };
using Producer = std::function<More(std::string& out)>;  // appends the next piece

// What happens to the bytes on their way out.
struct WireFault {
  enum class Kind { short_body, broken_chunked, cut_without_length, reset, stall, drip };
  Kind kind;
  std::optional<std::uint64_t> at_byte;  // else the middle
  std::chrono::milliseconds wait{0};
};

struct Reply {
  int status = 200;
  std::string content_type;
  std::string body;
  Producer producer;  // instead of `body`: sent in chunks
  std::vector<std::pair<std::string, std::string>> headers;
  bool compressible = false;  // the API's answers are, when asked
  std::optional<WireFault> wire;
};

// The service's error envelope.
Reply error_reply(int status, std::string_view code, std::string_view message,
                  const std::vector<Violation>& violations = {});
Reply json_reply(std::string json);

}  // namespace medimirror::sandbox
