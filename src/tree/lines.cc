#include "tree/lines.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <stdlib.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <queue>

#include "base/error.h"
#include "base/unnamed_file.h"

namespace medimirror {

namespace {

constexpr std::size_t kReadBytes = 64 * 1024;
constexpr std::size_t kWriteBytes = 256 * 1024;
constexpr std::size_t kLineBytesMax = 1024 * 1024;

class SpansSource final : public LineSource {
 public:
  SpansSource(const std::string& text, const std::vector<std::pair<std::size_t, std::size_t>>& spans)
      : text_(text), spans_(spans) {}

  bool next(std::string_view& line) override {
    if (at_ == spans_.size()) return false;
    line = std::string_view(text_).substr(spans_[at_].first, spans_[at_].second);
    ++at_;
    return true;
  }

 private:
  const std::string& text_;
  const std::vector<std::pair<std::size_t, std::size_t>>& spans_;
  std::size_t at_ = 0;
};

class RunsSource final : public LineSource {
 public:
  RunsSource(const std::vector<UniqueFd>& runs, const std::filesystem::path& folder) {
    for (const UniqueFd& run : runs) {
      readers_.push_back(std::make_unique<LineReader>(run.get(), folder / "(sorted lines)"));
      push(readers_.back().get());
    }
  }

  bool next(std::string_view& line) override {
    if (last_ != nullptr) push(std::exchange(last_, nullptr));
    if (heads_.empty()) return false;
    line = heads_.top().line;
    last_ = heads_.top().reader;
    heads_.pop();
    return true;
  }

 private:
  struct Head {
    std::string_view line;
    LineReader* reader;
    bool operator<(const Head& other) const { return line > other.line; }  // the queue's top is its largest
  };

  void push(LineReader* reader) {
    std::string_view line;
    if (reader->next(line)) heads_.push({line, reader});
  }

  std::vector<std::unique_ptr<LineReader>> readers_;
  std::priority_queue<Head> heads_;
  LineReader* last_ = nullptr;  // its line is in the caller's hands: it moves on with the next call
};

}  // namespace

LineReader::LineReader(int fd, std::filesystem::path path) : fd_(fd), path_(std::move(path)) {}

bool LineReader::fill() {
  buffer_.erase(0, start_);
  start_ = 0;
  const std::size_t held = buffer_.size();
  buffer_.resize(held + kReadBytes);
  ssize_t count = 0;
  do {
    count = ::pread(fd_, buffer_.data() + held, kReadBytes, static_cast<off_t>(position_));
  } while (count < 0 && errno == EINTR);
  if (count < 0) throw_errno(errno, fmt::format("read {}", path_.native()));
  buffer_.resize(held + static_cast<std::size_t>(count));
  position_ += static_cast<std::uint64_t>(count);
  return count > 0;
}

bool LineReader::next(std::string_view& line) {
  std::size_t looked_at = 0;
  for (;;) {
    const auto end = buffer_.find('\n', start_ + looked_at);
    if (end != std::string::npos) {
      line = std::string_view(buffer_).substr(start_, end - start_);
      start_ = end + 1;
      return true;
    }
    looked_at = buffer_.size() - start_;
    if (looked_at > kLineBytesMax || !fill()) return false;
  }
}

LineSorter::LineSorter(std::filesystem::path folder, std::size_t memory_bytes)
    : folder_(std::move(folder)), memory_bytes_(memory_bytes) {}

void LineSorter::add(std::string_view line) {
  spans_.emplace_back(text_.size(), line.size());
  text_ += line;
  if (text_.size() + spans_.size() * sizeof(spans_[0]) > memory_bytes_) spill();
}

void LineSorter::sort() {
  const std::string_view text = text_;
  std::ranges::sort(spans_, {}, [text](const auto& span) { return text.substr(span.first, span.second); });
}

void LineSorter::spill() {
  sort();
  UniqueFd run = unnamed_file(folder_);
  std::string buffer;
  for (const auto& [start, length] : spans_) {
    buffer.append(text_, start, length);
    buffer += '\n';
    if (buffer.size() < kWriteBytes) continue;
    write_all(run.get(), buffer, folder_);
    buffer.clear();
  }
  write_all(run.get(), buffer, folder_);
  runs_.push_back(std::move(run));
  text_.clear();
  spans_.clear();
}

std::unique_ptr<LineSource> LineSorter::sorted() {
  if (runs_.empty()) {
    sort();
    return std::make_unique<SpansSource>(text_, spans_);
  }
  if (!spans_.empty()) spill();
  text_.shrink_to_fit();
  return std::make_unique<RunsSource>(runs_, folder_);
}

}  // namespace medimirror
