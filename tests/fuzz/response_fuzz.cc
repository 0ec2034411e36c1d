// What a server may write into headers: Retry-After, dates, validators and digests. Input: lines "name: value", an empty
// line, the body. What is taken is within its bounds, and a date that is written is read back.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "base/sha256.h"
#include "http/content_digest.h"
#include "http/response.h"
#include "http/retry_policy.h"
#include "support/http_date.h"

namespace {

using namespace medimirror;

void demand(bool holds) {
  if (!holds) std::abort();
}

std::string_view take_line(std::string_view& input) {
  const auto end = input.find('\n');
  const std::string_view line = input.substr(0, end);
  input.remove_prefix(end == std::string_view::npos ? input.size() : end + 1);
  return line;
}

Response response_of(std::string_view input) {
  Response response;
  response.status = 200;
  while (!input.empty()) {
    const std::string_view line = take_line(input);
    if (line.empty()) break;
    const auto colon = line.find(':');
    std::string name(line.substr(0, colon));
    for (char& c : name)
      if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    std::string_view value = colon == std::string_view::npos ? std::string_view() : line.substr(colon + 1);
    while (value.starts_with(' ')) value.remove_prefix(1);
    response.headers.emplace_back(std::move(name), value);
  }
  response.body = Body(std::string(input));
  response.sha256 = sha256(input);
  return response;
}

void look_at_value(std::string_view value) {
  constexpr WallTime kNow{Millis(1'700'000'000'000)};
  if (const auto wait = parse_retry_after(value, kNow))
    demand(wait->count() >= 0 && wait->count() <= 24 * 3600);
  // a leap second at the end of the year 9999 is the one date that cannot be written again
  constexpr UnixSeconds kYear10000 = 253'402'300'800;
  if (const auto date = parse_http_date(value); date && *date < kYear10000)
    demand(parse_http_date(format_http_date(*date)) == date);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  look_at_value(input.substr(0, input.find('\n')));
  Response response = response_of(input);
  for (const auto& [name, value] : response.headers) {
    look_at_value(value);
    demand(response.header(name).has_value());
  }
  const DigestCheck check = check_content_digest(response);
  demand(!check.mismatch || (check.checked > 0 && !check.mismatch->empty()));
  validators_of(response);
  std::variant<Response, TransferFailure> result(std::move(response));
  for (const int status : {200, 206, 302, 304, 404, 429, 503, 999}) {
    std::get<Response>(result).status = status;
    const Classified classified = classify(result, WallTime{Millis(1'700'000'000'000)});
    demand(!classified.retry_after || classified.retry_after->count() >= 0);
  }
  return 0;
}
