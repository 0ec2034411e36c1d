// Role: the service's replies -> totals, places and the bytes of each object: a line of a stream, a page of a
// query, an error envelope. Pure; knows the frame, never looks inside an object beyond its id.
// Place: api/stream and api/query feed it; item_parser looks inside the objects.
// Threads: one parser, one thread (it keeps its buffers).
// Failure: values. Whatever is not the documented frame is `unreadable`, the asker decides what that means.
// Limits: texts taken from the service for people are shortened and freed of control characters.
// Format: {"meta": {"total": 2, "index": 0}, "result": {"id": 1, …}} a line; {"meta": {"total": …, "page":
// {…}}, "results": [{…}, …]} a page; {"error": {"status": …, "code": …, "message": …, "violations": …}} an
// error.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/listing.h"

namespace medimirror {

// What is listed decides what a usable id is: a positive integer (or a string of one), or a product's "M…".
enum class Catalogue { media, products };

struct ServiceError {
  int status = 0;  // as the envelope says; 0: it does not
  std::string code, message;
  std::vector<std::string> violations;

  // "too_many_requests: slow down (filter.type: not a choice)"; empty when it says nothing. Credentials that the
  // service repeats are hidden.
  std::string text() const;
};

// Nothing: not an error envelope (an HTML page, an empty body, an item).
std::optional<ServiceError> parse_service_error(std::string_view body);

// What a text says that is no part of a listing: of an error envelope its text, else the words of a page or plain
// text, on one line of bounded length. Empty when it says nothing to people.
std::string words_of(std::string_view text);

struct StreamLine {
  enum class Kind {
    item,        // an object with a usable id; its place in the stream may be missing
    malformed,   // a place in the stream, and no such object
    error,       // an error envelope
    unreadable,  // anything else
  };
  Kind kind = Kind::unreadable;
  std::optional<std::uint64_t> total, index;
  ListedItem item;
};

struct ReplyPage {
  struct Entry {
    ListedItem item;
    std::uint64_t key = 0;  // the id, or a hash of a product's: to count different ones
  };
  std::uint64_t total = 0;
  std::vector<Entry> entries;
  std::uint64_t malformed = 0;
};

class ReplyParser {
 public:
  // So many bytes behind a text must be readable (their values do not matter).
  static constexpr std::size_t kPadding = 64;

  ReplyParser();
  ~ReplyParser();
  ReplyParser(ReplyParser&&) noexcept;
  ReplyParser& operator=(ReplyParser&&) noexcept;

  // Views into `text`, which is without its newline and must be followed by kPadding readable bytes.
  StreamLine line(std::string_view text, Catalogue catalogue);

  // The same without the short cut for the documented shape (line_scan); both agree, and a test holds them to
  // it.
  StreamLine line_by_simdjson(std::string_view text, Catalogue catalogue);

  // Views into `text`, padded as above. False: not a page.
  bool page(std::string_view text, Catalogue catalogue, ReplyPage& page);

 private:
  struct Parsers;
  std::unique_ptr<Parsers> parsers_;
};

// Whether so many objects of a listing have no usable id that it says nothing about what it lacks: what is absent may be
// among them. A sentence for the cut; one object in a hundred, and always a single one, is an oddity.
std::optional<std::string> too_many_malformed(std::uint64_t malformed, std::uint64_t listed);

// Whether so few are missing at the end that they may have left while the others were listed.
bool may_have_shifted(std::uint64_t missing, std::uint64_t total);

Fingerprint fingerprint_of(std::string_view bytes);

}  // namespace medimirror
