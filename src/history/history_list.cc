#include "history/history_list.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <utility>

#include "base/error.h"
#include "base/file.h"

namespace medimirror {

namespace fs = std::filesystem;

namespace {

constexpr std::string_view kMagic = "medimirror kept list 1 ";
constexpr std::size_t kHeaderBytesMax = 200;
constexpr std::size_t kFieldBytesMax = 1 << 20;
constexpr std::size_t kBufferBytes = 32 * 1024;
constexpr int kLevel =
    3;  // a million lines in a few seconds; level 6 takes three times as long for a tenth less

[[noreturn]] void throw_damaged(const fs::path& file, std::string_view how) {
  throw Error(
      ErrorKind::index,
      fmt::format("the kept list {} {}: remove it, and what that run left can no longer be brought back",
                  file.native(), how),
      "read a kept list");
}

void append_number(std::string& out, std::uint64_t value) {
  for (; value >= 0x80; value >>= 7) out.push_back(static_cast<char>(value | 0x80));
  out.push_back(static_cast<char>(value));
}

std::string header_line(const ListHeader& header) {
  return fmt::format("{}run {} at {} base {} entries {}\n", kMagic, header.run, header.at, header.base,
                     header.entries);
}

template <typename Number>
bool take_number(std::string_view& text, std::string_view word, Number& number) {
  if (!text.starts_with(word)) return false;
  text.remove_prefix(word.size());
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{}) return false;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return true;
}

std::optional<ListHeader> parse_header(std::string_view line) {
  ListHeader header;
  if (!line.starts_with(kMagic)) return std::nullopt;
  line.remove_prefix(kMagic.size());
  const bool good = take_number(line, "run ", header.run) && take_number(line, " at ", header.at) &&
                    take_number(line, " base ", header.base) &&
                    take_number(line, " entries ", header.entries) && line.empty();
  return good ? std::optional(header) : std::nullopt;
}

std::size_t read_some(int fd, char* to, std::size_t bytes, const fs::path& file) {
  for (;;) {
    const ssize_t got = ::read(fd, to, bytes);
    if (got >= 0) return static_cast<std::size_t>(got);
    if (errno != EINTR) throw_errno(errno, fmt::format("read {}", file.native()));
  }
}

// The bytes of a list behind its header, inflated.
class Inflater {
 public:
  explicit Inflater(fs::path file) : file_(std::move(file)) {
    fd_ = UniqueFd(::open(file_.c_str(), O_RDONLY | O_CLOEXEC));
    if (!fd_ && errno == ENOENT) throw_damaged(file_, "is gone");
    if (!fd_) throw_errno(errno, fmt::format("open {}", file_.native()));
    const std::size_t got = read_some(fd_.get(), in_.data(), in_.size(), file_);
    const std::string_view start(in_.data(), got);
    const auto newline = start.find('\n');
    const auto header =
        newline == std::string_view::npos ? std::nullopt : parse_header(start.substr(0, newline));
    if (!header) throw_damaged(file_, "is damaged at its start");
    header_ = *header;
    zlib_.next_in = reinterpret_cast<Bytef*>(in_.data() + newline + 1);
    zlib_.avail_in = static_cast<uInt>(got - newline - 1);
    if (::inflateInit(&zlib_) != Z_OK) throw Error(ErrorKind::internal, "zlib cannot be started");
  }
  ~Inflater() { ::inflateEnd(&zlib_); }
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;

  const ListHeader& header() const { return header_; }

  char byte() {
    if (at_ == end_) fill();
    return out_[at_++];
  }
  std::uint64_t number() {
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
      const auto next = static_cast<unsigned char>(byte());
      value |= std::uint64_t{next & 0x7Fu} << shift;
      if ((next & 0x80) == 0) return value;
    }
    throw_damaged(file_, "is damaged");
  }
  void text(std::string& into) {
    const std::uint64_t length = number();
    if (length > kFieldBytesMax) throw_damaged(file_, "is damaged");
    into.clear();
    while (into.size() < length) {
      if (at_ == end_) fill();
      const std::size_t some = std::min(end_ - at_, static_cast<std::size_t>(length) - into.size());
      into.append(out_.data() + at_, some);
      at_ += some;
    }
  }
  // After the last entry: zlib's own check must hold, and nothing may follow.
  void expect_end() {
    if (at_ != end_) throw_damaged(file_, "is damaged");
    while (!ended_) {
      inflate_some();
      if (end_ != 0) throw_damaged(file_, "is damaged at its end");
    }
  }
  [[noreturn]] void damaged() const { throw_damaged(file_, "is damaged"); }

 private:
  void fill() {
    at_ = end_ = 0;
    if (ended_) throw_damaged(file_, "is cut short");
    while (end_ == 0 && !ended_) inflate_some();
    if (end_ == 0) throw_damaged(file_, "is cut short");
  }
  void inflate_some() {
    at_ = 0;
    if (zlib_.avail_in == 0) {
      zlib_.next_in = reinterpret_cast<Bytef*>(in_.data());
      zlib_.avail_in = static_cast<uInt>(read_some(fd_.get(), in_.data(), in_.size(), file_));
      if (zlib_.avail_in == 0) throw_damaged(file_, "is cut short");
    }
    zlib_.next_out = reinterpret_cast<Bytef*>(out_.data());
    zlib_.avail_out = static_cast<uInt>(out_.size());
    const int code = ::inflate(&zlib_, Z_NO_FLUSH);
    if (code != Z_OK && code != Z_STREAM_END && code != Z_BUF_ERROR) throw_damaged(file_, "is damaged");
    ended_ = code == Z_STREAM_END;
    end_ = out_.size() - zlib_.avail_out;
  }

  fs::path file_;
  UniqueFd fd_;
  ListHeader header_;
  z_stream zlib_{};
  std::array<char, kBufferBytes> in_{}, out_{};
  std::size_t at_ = 0, end_ = 0;  // of out_
  bool ended_ = false;
};

// A list being written, deflated. Not finished means not there.
class Deflater {
 public:
  Deflater(const fs::path& file, const ListHeader& header) : file_(file) {
    file_.write(header_line(header));
    if (::deflateInit(&zlib_, kLevel) != Z_OK) throw Error(ErrorKind::internal, "zlib cannot be started");
  }
  ~Deflater() { ::deflateEnd(&zlib_); }
  Deflater(const Deflater&) = delete;
  Deflater& operator=(const Deflater&) = delete;

  void put(std::string_view key, std::string_view value) {
    plain_.push_back('+');
    text(key);
    text(value);
    count();
  }
  void erase(std::string_view key) {
    plain_.push_back('-');
    text(key);
    count();
  }
  std::uint64_t entries() const { return entries_; }
  std::uint64_t bytes() const { return bytes_; }  // written so far

  void finish() {
    plain_.push_back('.');
    append_number(plain_, entries_);
    deflate(Z_FINISH);
  }
  void commit() { file_.commit(); }  // finished before; durable when it returns

 private:
  void text(std::string_view text) {
    append_number(plain_, text.size());
    plain_.append(text);
  }
  void count() {
    ++entries_;
    if (plain_.size() >= kBufferBytes) deflate(Z_NO_FLUSH);
  }
  void deflate(int flush) {
    zlib_.next_in = reinterpret_cast<Bytef*>(plain_.data());
    zlib_.avail_in = static_cast<uInt>(plain_.size());
    do {
      zlib_.next_out = reinterpret_cast<Bytef*>(out_.data());
      zlib_.avail_out = static_cast<uInt>(out_.size());
      ::deflate(&zlib_, flush);
      const std::size_t made = out_.size() - zlib_.avail_out;
      file_.write({out_.data(), made});
      bytes_ += made;
    } while (zlib_.avail_out == 0);
    plain_.clear();
  }

  AtomicFile file_;
  z_stream zlib_{};
  std::string plain_;
  std::array<char, kBufferBytes> out_{};
  std::uint64_t entries_ = 0, bytes_ = 0;
};

}  // namespace

std::optional<ListHeader> read_list_header(const fs::path& file) {
  const UniqueFd fd(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) return std::nullopt;
  std::array<char, kHeaderBytesMax> start{};
  const std::string_view text(start.data(), read_some(fd.get(), start.data(), start.size(), file));
  const auto newline = text.find('\n');
  return newline == std::string_view::npos ? std::nullopt : parse_header(text.substr(0, newline));
}

// ---------------------------------------------------------------- reading

class ListReader::Stream {
 public:
  Stream(const fs::path& file, bool whole) : bytes_(file), whole_(whole) {
    if (whole != (bytes_.header().base == 0)) bytes_.damaged();
    advance();
  }

  void advance() {
    const char what = bytes_.byte();
    if (what == '.') {
      if (bytes_.number() != entries_) bytes_.damaged();
      bytes_.expect_end();
      over_ = true;
      return;
    }
    if (what != '+' && (what != '-' || whole_)) bytes_.damaged();
    std::swap(key_, last_key_);
    bytes_.text(key_);
    if (entries_++ > 0 && key_ <= last_key_) bytes_.damaged();
    erased_ = what == '-';
    if (!erased_) bytes_.text(value_);
  }

  bool over() const { return over_; }
  bool erased() const { return erased_; }
  const std::string& key() const { return key_; }
  const std::string& value() const { return value_; }

 private:
  Inflater bytes_;
  bool whole_, over_ = false, erased_ = false;
  std::string key_, last_key_, value_;
  std::uint64_t entries_ = 0;
};

ListReader::ListReader(const std::vector<fs::path>& chain) {
  for (std::size_t i = 0; i < chain.size(); ++i)
    streams_.push_back(std::make_unique<Stream>(chain[i], i + 1 == chain.size()));
}
ListReader::~ListReader() = default;
ListReader::ListReader(ListReader&&) noexcept = default;
ListReader& ListReader::operator=(ListReader&&) noexcept = default;

bool ListReader::next() {
  for (;;) {
    if (at_ != nullptr) {  // the newest word on its key: what the older lists say of it is past
      for (const auto& stream : streams_)
        if (stream.get() != at_ && !stream->over() && stream->key() == at_->key()) stream->advance();
      at_->advance();
      at_ = nullptr;
    }
    for (const auto& stream : streams_)
      if (!stream->over() && (at_ == nullptr || stream->key() < at_->key())) at_ = stream.get();
    if (at_ == nullptr) return false;
    if (!at_->erased()) return true;
  }
}

const std::string& ListReader::key() const {
  return at_->key();
}
const std::string& ListReader::value() const {
  return at_->value();
}

void each_stated_entry(const fs::path& file, const ListEntry& callback) {
  const std::optional<ListHeader> header = read_list_header(file);
  if (!header) throw_damaged(file, "is damaged at its start");
  if (header->base == 0) {
    for (ListReader reader({file}); reader.next();) callback(reader.key(), reader.value());
    return;
  }
  Inflater bytes(file);
  std::string key, value;
  for (;;) {
    const char what = bytes.byte();
    if (what == '.') break;
    if (what != '+' && what != '-') bytes.damaged();
    bytes.text(key);
    if (what == '-') continue;
    bytes.text(value);
    callback(key, value);
  }
  bytes.number();
  bytes.expect_end();
}

// ---------------------------------------------------------------- writing

namespace {

std::uint64_t size_of(const fs::path& file) {
  std::error_code error;
  const auto bytes = fs::file_size(file, error);
  return error ? 0 : bytes;
}

// Nothing: the difference grew beyond `bytes_max`.
std::optional<bool> write_difference(const fs::path& file, const ListHeader& header, const ListSource& source,
                                     const std::vector<fs::path>& chain, std::uint64_t bytes_max) {
  ListReader old(chain);
  Deflater list(file, header);
  bool there = old.next(), too_long = false;
  source([&](std::string_view key, std::string_view value) {
    if (too_long) return;
    for (; there && old.key() < key; there = old.next()) list.erase(old.key());
    const bool known = there && old.key() == key;
    if (!known || old.value() != value) list.put(key, value);
    if (known) there = old.next();
    too_long = list.bytes() > bytes_max;
  });
  if (too_long) return std::nullopt;
  for (; there; there = old.next()) list.erase(old.key());
  if (list.entries() == 0) return false;
  list.finish();
  if (list.bytes() > bytes_max) return std::nullopt;
  list.commit();
  return true;
}

}  // namespace

bool write_list(const fs::path& file, ListHeader header, const ListSource& source,
                const std::vector<fs::path>& chain) {
  if (!chain.empty()) {
    const std::uint64_t half = size_of(chain.back()) / 2;
    std::uint64_t spent = 0;
    for (std::size_t i = 0; i + 1 < chain.size(); ++i) spent += size_of(chain[i]);
    // a small list is read in no time, however it is kept
    const std::uint64_t room = std::max<std::uint64_t>(half, 64 * 1024);
    const bool full = chain.size() >= kChainMax || spent >= room;
    const std::optional<bool> written =
        write_difference(file, header, source, chain, full ? 0 : room - spent);
    if (written) return *written;
  }
  header.base = 0;
  Deflater list(file, header);
  source([&](std::string_view key, std::string_view value) { list.put(key, value); });
  list.finish();
  list.commit();
  return true;
}

}  // namespace medimirror
