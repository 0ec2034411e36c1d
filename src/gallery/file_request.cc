#include "gallery/file_request.h"

#include <algorithm>

#include "base/ascii.h"

namespace medimirror {

namespace {

constexpr Refusal kUnreadable{400, "This is no request that can be read.\n"};

// What the text starts with up to the separator, which goes as well; all of it where there is none.
std::string_view take_until(std::string_view& text, std::string_view separator) {
  const std::size_t at = text.find(separator);
  const std::string_view taken = text.substr(0, at);
  text = at == text.npos ? std::string_view() : text.substr(at + separator.size());
  return taken;
}

// Nothing for what is no range, or several: then the whole file is the answer.
std::optional<ByteRange> read_range(std::string_view value) {
  if (take_until(value, "=") != "bytes" || value.find('-') == value.npos) return std::nullopt;
  const std::string_view first = trim(take_until(value, "-")), last = trim(value);
  ByteRange range{whole_number<std::uint64_t>(first), whole_number<std::uint64_t>(last)};
  const bool both_read = first.empty() != range.first.has_value() && last.empty() != range.last.has_value();
  if (!both_read || (!range.first && !range.last)) return std::nullopt;
  if (range.first && range.last && *range.last < *range.first) return std::nullopt;
  return range;
}

std::optional<Refusal> read_first_line(std::string_view line, FileRequest& request) {
  const std::string_view method = take_until(line, " "), target = take_until(line, " ");
  if (!line.starts_with("HTTP/1.") || !target.starts_with('/')) return kUnreadable;
  if (method != "GET" && method != "HEAD") return Refusal{405, "There is only something to look at here.\n"};
  request.head_only = method == "HEAD";
  const auto path = percent_decoded(target.substr(0, target.find('?')));
  if (!path || std::ranges::any_of(*path, is_control)) return Refusal{400, "Such a file cannot be.\n"};
  request.path = *path;
  return std::nullopt;
}

}  // namespace

std::optional<std::string> percent_decoded(std::string_view text) {
  std::string decoded;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      decoded += text[i];
      continue;
    }
    const auto byte = whole_number<unsigned char>(text.substr(i + 1, 2), 16);
    if (!byte || text.size() < i + 3) return std::nullopt;
    decoded += static_cast<char>(*byte);
    i += 2;
  }
  return decoded;
}

std::variant<FileRequest, Refusal> read_file_request(std::string_view head) {
  FileRequest request;
  if (const auto refusal = read_first_line(take_until(head, "\r\n"), request)) return *refusal;
  std::size_t hosts = 0, ranges = 0;
  bool conditional = false;  // there are no validators that could match
  while (!head.empty()) {
    std::string_view value = take_until(head, "\r\n");
    if (value.empty()) break;
    const std::string name = lower(take_until(value, ":"));
    if (name == "host" && ++hosts == 1) request.host = trim(value);
    if (name == "range" && ++ranges == 1) request.range = read_range(trim(value));
    if (name == "if-range") conditional = true;
  }
  if (hosts > 1) return kUnreadable;
  if (ranges > 1 || conditional || request.head_only) request.range.reset();
  return request;
}

}  // namespace medimirror
