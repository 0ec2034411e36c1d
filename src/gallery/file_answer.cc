#include "gallery/file_answer.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <tuple>
#include <utility>

namespace medimirror {

namespace {

constexpr std::array<std::pair<std::string_view, std::string_view>, 14> kContentTypes = {{
    {"html", "text/html; charset=utf-8"},
    {"css", "text/css; charset=utf-8"},
    {"js", "text/javascript; charset=utf-8"},
    {"txt", "text/plain; charset=utf-8"},
    {"csv", "text/csv; charset=utf-8"},
    {"json", "application/json"},
    {"jsonl", "application/jsonl"},
    {"jpg", "image/jpeg"},
    {"jpeg", "image/jpeg"},
    {"png", "image/png"},
    {"webp", "image/webp"},
    {"gif", "image/gif"},
    {"avif", "image/avif"},
    {"svg", "image/svg+xml"},
}};

constexpr std::array<std::pair<int, std::string_view>, 10> kReasons = {{
    {200, "OK"},
    {206, "Partial Content"},
    {302, "Found"},
    {400, "Bad Request"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {416, "Range Not Satisfiable"},
    {421, "Misdirected Request"},
    {431, "Request Header Fields Too Large"},
    {503, "Service Unavailable"},
}};

std::string_view reason_of(int status) {
  for (const auto& [each, reason] : kReasons)
    if (each == status) return reason;
  return "";
}

std::string_view content_type(std::string_view path) {
  const std::string_view name = path.substr(path.find_last_of('/') + 1);
  const std::string_view extension = name.substr(std::min(name.find_last_of('.'), name.size() - 1) + 1);
  for (const auto& [each, type] : kContentTypes)
    if (each == extension) return type;
  return "application/octet-stream";
}

// `more` are whole lines. What is looked at may be built again meanwhile, so that nothing is kept without asking.
std::string head(int status, std::string_view type, off_t bytes, std::string_view more = "") {
  return fmt::format(
      "HTTP/1.1 {} {}\r\nContent-Type: {}\r\nContent-Length: {}\r\n{}Cache-Control: no-cache\r\n"
      "X-Content-Type-Options: nosniff\r\nReferrer-Policy: no-referrer\r\n"
      "Cross-Origin-Resource-Policy: same-origin\r\nConnection: close\r\n\r\n",
      status, reason_of(status), type, bytes, more);
}

FileAnswer say(int status, std::string_view sentence, std::string_view more = "") {
  FileAnswer answer;
  answer.text = head(status, "text/plain; charset=utf-8", static_cast<off_t>(sentence.size()), more);
  answer.text += sentence;
  return answer;
}

// From the first byte to behind the last; empty where the file has none of them.
std::pair<off_t, off_t> piece_of(const ByteRange& range, off_t size) {
  const auto bytes = static_cast<std::uint64_t>(size);
  if (!range.first) return {static_cast<off_t>(bytes - std::min(range.last.value_or(0), bytes)), size};
  const std::uint64_t last = std::min(range.last.value_or(bytes), bytes - (bytes > 0 ? 1 : 0));
  if (*range.first >= bytes) return {size, size};
  return {static_cast<off_t>(*range.first), static_cast<off_t>(last + 1)};
}

FileAnswer send(UniqueFd file, const FileRequest& request, std::string_view path) {
  struct stat status {};
  if (::fstat(file.get(), &status) != 0) return say(404, "There is no such file.\n");
  FileAnswer answer;
  answer.end = status.st_size;
  if (!request.range) {
    answer.text = head(200, content_type(path), status.st_size, "Accept-Ranges: bytes\r\n");
  } else {
    std::tie(answer.next, answer.end) = piece_of(*request.range, status.st_size);
    if (answer.next == answer.end)
      return say(416, "The file has no such bytes.\n",
                 fmt::format("Content-Range: bytes */{}\r\n", status.st_size));
    answer.text =
        head(206, content_type(path), answer.end - answer.next,
             fmt::format("Content-Range: bytes {}-{}/{}\r\n", answer.next, answer.end - 1, status.st_size));
  }
  if (!request.head_only) answer.file = std::move(file);
  return answer;
}

}  // namespace

UniqueFd open_below(const std::filesystem::path& folder, std::string_view relative) {
  UniqueFd place(::open(folder.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  while (place) {
    const std::size_t slash = relative.find('/');
    const std::string name(relative.substr(0, slash));
    if (name.empty() || name == "." || name == ".." || name.find('\0') != name.npos) {
      errno = ENOENT;
      return {};
    }
    const bool is_last = slash == relative.npos;
    // NONBLOCK: nobody waits for the other end of a pipe
    const int flags = is_last ? O_RDONLY | O_NONBLOCK : O_PATH | O_DIRECTORY;
    place = UniqueFd(::openat(place.get(), name.c_str(), flags | O_NOFOLLOW | O_CLOEXEC));
    if (is_last) break;
    relative.remove_prefix(slash + 1);
  }
  struct stat status {};
  if (place && (::fstat(place.get(), &status) != 0 || !S_ISREG(status.st_mode))) {
    errno = ENOENT;
    return {};
  }
  return place;
}

FileAnswer refuse_request(const Refusal& refusal) {
  return say(refusal.status, refusal.sentence, refusal.status == 405 ? "Allow: GET, HEAD\r\n" : "");
}

namespace {

FileAnswer find_answer(const FileRequest& request, const std::vector<FileServer::Mount>& mounts,
                       const std::string& start) {
  if (request.path == "/") return say(302, "", fmt::format("Location: {}\r\n", start));
  for (const FileServer::Mount& mount : mounts) {
    if (!request.path.starts_with(mount.address)) continue;
    std::string below = request.path.substr(mount.address.size());
    if (below.empty() || below.ends_with('/')) below += "index.html";
    UniqueFd file = open_below(mount.folder, below);
    if (file) return send(std::move(file), request, below);
    if (errno == EMFILE || errno == ENFILE) return say(503, "Too many files are open: try again.\n");
  }
  return say(404, "There is no such file.\n");
}

}  // namespace

FileAnswer answer_request(const FileRequest& request, const std::vector<FileServer::Mount>& mounts,
                          const std::string& start) {
  FileAnswer answer = find_answer(request, mounts, start);
  if (request.head_only) answer.text.resize(answer.text.find("\r\n\r\n") + 4);
  return answer;
}

}  // namespace medimirror
