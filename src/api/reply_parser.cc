#include "api/reply_parser.h"

#include <fmt/format.h>
#include <simdjson.h>
#include <xxhash.h>

#include <algorithm>

#include "api/line_mend.h"
#include "api/line_scan.h"
#include "base/ascii.h"
#include "base/page_quote.h"
#include "base/text_encoding.h"
#include "base/units.h"

namespace medimirror {

namespace {

namespace ondemand = simdjson::ondemand;
namespace dom = simdjson::dom;

std::string_view trimmed_end(std::string_view text) {
  const auto last = text.find_last_not_of(" \t\r\n");
  return last == std::string_view::npos ? std::string_view() : text.substr(0, last + 1);
}

simdjson::padded_string_view padded(std::string_view text) {
  static_assert(ReplyParser::kPadding >= simdjson::SIMDJSON_PADDING);
  return simdjson::padded_string_view(text.data(), text.size(), text.size() + ReplyParser::kPadding);
}

// 5 or "5".
std::optional<std::uint64_t> count_of(ondemand::value value) {
  ondemand::json_type type{};
  std::uint64_t count = 0;
  std::string_view text;
  if (value.type().get(type)) return std::nullopt;
  if (type == ondemand::json_type::number)
    return value.get_uint64().get(count) ? std::nullopt : std::optional(count);
  if (type != ondemand::json_type::string || value.get_string().get(text)) return std::nullopt;
  return whole_number<std::uint64_t>(text);
}

// 0: no usable id.
std::uint64_t media_id_of(ondemand::value value) {
  return count_of(value).value_or(0);
}

std::uint64_t product_key_of(ondemand::value value) {
  ondemand::json_type type{};
  std::string_view text;
  if (value.type().get(type) || type != ondemand::json_type::string) return 0;
  if (value.get_string().get(text) || text.empty()) return 0;
  return XXH3_64bits(text.data(), text.size()) | 1;  // never 0
}

// For people: one line, without control characters, of bounded length.
std::string readable(std::string_view text, std::size_t length_max) {
  std::string result;
  const bool too_long = text.size() > length_max;
  for (const char c : shortened(text, length_max)) result += is_control(c) ? ' ' : c;
  if (too_long) result += "…";
  return result;
}

std::string text_of(dom::element value) {
  std::string_view text;
  if (!value.get(text)) return readable(text, 300);
  return readable(simdjson::minify(value), 300);
}

// "path: message" whatever the keys are called; else the object as it is.
std::string violation_of(dom::element value) {
  dom::object object;
  if (value.get(object)) return text_of(value);
  std::string path, message;
  for (const auto field : object) {
    const bool names =
        field.key == "path" || field.key == "propertyPath" || field.key == "field" || field.key == "property";
    if (names) path = text_of(field.value);
    if (field.key == "message" || field.key == "title") message = text_of(field.value);
  }
  if (message.empty()) return text_of(value);
  return path.empty() ? message : path + ": " + message;
}

void take_violations(dom::element value, std::vector<std::string>& violations) {
  static constexpr std::size_t kViolationsMax = 5;
  dom::array list;
  dom::object by_path;
  if (!value.get(list)) {
    for (const dom::element one : list)
      if (violations.size() < kViolationsMax) violations.push_back(violation_of(one));
  } else if (!value.get(by_path)) {
    for (const auto field : by_path)
      if (violations.size() < kViolationsMax)
        violations.push_back(readable(field.key, 100) + ": " + text_of(field.value));
  } else if (!value.is_null()) {
    violations.push_back(text_of(value));
  }
}

// A service, or a proxy in front of it, may repeat in its refusal the Authorization header that it was sent.
std::string without_credentials(std::string text) {
  for (const std::string_view scheme : {"asic ", "earer "}) {  // "Basic", "basic"
    for (std::size_t at = text.find(scheme); at != std::string::npos; at = text.find(scheme, at)) {
      at += scheme.size();
      static constexpr std::size_t kTokenBytesMin = 20;  // "basic authentication" holds none
      const std::size_t end =
          text.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=._~-", at);
      const std::size_t size = std::min(end, text.size()) - at;
      if (size >= kTokenBytesMin) text.replace(at, size, "(hidden)");
    }
  }
  return text;
}

}  // namespace

Fingerprint fingerprint_of(std::string_view bytes) {
  const XXH128_hash_t hash = XXH3_128bits(bytes.data(), bytes.size());
  return {hash.high64, hash.low64};
}

std::optional<std::string> too_many_malformed(std::uint64_t malformed, std::uint64_t listed) {
  if (malformed <= std::max<std::uint64_t>(1, listed / 100)) return std::nullopt;
  return fmt::format(
      "{} of the {} listed items have no id that can be used, so that nobody can tell what is missing",
      format_count(malformed), format_count(listed));
}

bool may_have_shifted(std::uint64_t missing, std::uint64_t total) {
  return missing <= total / 10 && missing <= std::max<std::uint64_t>(5, total / 100);
}

std::string ServiceError::text() const {
  std::string text = code;
  if (!message.empty()) text += (text.empty() ? "" : ": ") + message;
  std::string all;
  for (const std::string& violation : violations) all += (all.empty() ? "" : "; ") + violation;
  if (!all.empty()) text += text.empty() ? all : " (" + all + ")";
  return without_credentials(std::move(text));
}

std::optional<ServiceError> parse_service_error(std::string_view body) {
  dom::parser parser(1024 * 1024);
  dom::element root, inner;
  if (parser.parse(body.data(), body.size()).get(root) || root["error"].get(inner)) return std::nullopt;
  ServiceError error;
  if (std::string_view text; !inner.get(text)) {  // {"error": "text"}
    error.message = readable(text, 300);
    return error;
  }
  if (!inner.is_object()) return std::nullopt;
  std::int64_t status = 0;
  if (!inner["status"].get(status) && status >= 100 && status <= 599) error.status = static_cast<int>(status);
  std::string_view text;
  if (!inner["code"].get(text)) error.code = readable(text, 100);
  if (!inner["message"].get(text)) error.message = readable(text, 300);
  dom::element violations;
  if (!inner["violations"].get(violations) || !root["violations"].get(violations))
    take_violations(violations, error.violations);
  return error;
}

std::string words_of(std::string_view text) {
  static constexpr std::size_t kWordsBytesMax = 160;
  if (const auto error = parse_service_error(text)) return readable(error->text(), kWordsBytesMax);
  if (text.find("\"meta\"") != std::string_view::npos) return {};  // a row, or what is left of one
  const auto start = text.find_first_not_of(" \t\r\n");
  const bool is_json = start != std::string_view::npos && (text[start] == '{' || text[start] == '[');
  if (is_json && whole_object(text.substr(start)) == 0) return {};
  return without_credentials(quote_of_page(text));
}

struct ReplyParser::Parsers {
  ondemand::parser frame, object;

  // Where an object's id stands costs a second look: only lines of unusual shape and pages come here.
  std::uint64_t key_of(std::string_view json, Catalogue catalogue) {
    ondemand::document document;
    ondemand::object fields;
    ondemand::value id;
    if (object.iterate(padded(json)).get(document) || document.get_object().get(fields)) return 0;
    if (fields.find_field("id").get(id)) return 0;
    return catalogue == Catalogue::media ? media_id_of(id) : product_key_of(id);
  }

  // Nothing: not an object.
  std::optional<std::string_view> raw_object(ondemand::value value) {
    ondemand::json_type type{};
    if (value.type().get(type) || type != ondemand::json_type::object) return std::nullopt;
    ondemand::object fields;
    std::string_view raw;
    if (value.get_object().get(fields) || fields.raw_json().get(raw)) return std::nullopt;
    return trimmed_end(raw);
  }
};

ReplyParser::ReplyParser() : parsers_(std::make_unique<Parsers>()) {}
ReplyParser::~ReplyParser() = default;
ReplyParser::ReplyParser(ReplyParser&&) noexcept = default;
ReplyParser& ReplyParser::operator=(ReplyParser&&) noexcept = default;

StreamLine ReplyParser::line(std::string_view text, Catalogue catalogue) {
  const auto scanned = scan_line(text);
  // an id of the other catalogue's kind is a matter for the long way
  if (!scanned || scanned->id_text.empty() != (catalogue == Catalogue::media))
    return line_by_simdjson(text, catalogue);
  StreamLine line;
  line.kind = StreamLine::Kind::item;
  line.total = scanned->total;
  line.index = scanned->index;
  line.item = {scanned->id, fingerprint_of(scanned->json), scanned->json};
  return line;
}

StreamLine ReplyParser::line_by_simdjson(std::string_view text, Catalogue catalogue) {
  StreamLine line;
  const StreamLine unreadable;
  text = trimmed_end(text);
  ondemand::document document;
  ondemand::object frame;
  std::string_view whole;
  if (text.empty() || text.back() != '}' || parsers_->frame.iterate(padded(text)).get(document))
    return unreadable;
  if (document.get_object().get(frame) || frame.raw_json().get(whole)) return unreadable;
  // simdjson stops behind the object: a second one on the same line would go unseen
  if (trimmed_end(whole).data() + trimmed_end(whole).size() != text.data() + text.size()) return unreadable;
  if (parsers_->frame.iterate(padded(text)).get(document) || document.get_object().get(frame))
    return unreadable;

  bool has_result = false, has_error = false;
  for (auto field : frame) {
    std::string_view key;
    ondemand::value value;
    if (field.unescaped_key().get(key) || field.value().get(value)) return unreadable;
    if (key == "meta") {
      ondemand::object meta;
      if (value.get_object().get(meta)) continue;
      for (auto one : meta) {
        std::string_view name;
        ondemand::value number;
        if (one.unescaped_key().get(name) || one.value().get(number)) return unreadable;
        if (name == "total" && !line.total) line.total = count_of(number);
        if (name == "index" && !line.index) line.index = count_of(number);
      }
    } else if (key == "result" && !has_result) {
      has_result = true;
      if (const auto raw = parsers_->raw_object(value)) line.item.json = *raw;
    } else if (key == "error") {
      has_error = true;
    }
  }
  if (has_error && !has_result) {
    line.kind = StreamLine::Kind::error;
    return line;
  }
  if (!has_result) return unreadable;
  const std::uint64_t key = line.item.json.empty() ? 0 : parsers_->key_of(line.item.json, catalogue);
  if (key == 0 && !line.index) return unreadable;
  line.kind = key == 0 ? StreamLine::Kind::malformed : StreamLine::Kind::item;
  if (catalogue == Catalogue::media) line.item.id = key;
  if (key != 0) line.item.fingerprint = fingerprint_of(line.item.json);
  return line;
}

bool ReplyParser::page(std::string_view text, Catalogue catalogue, ReplyPage& page) {
  page = {};
  if (text.starts_with(kByteOrderMark))
    text.remove_prefix(kByteOrderMark.size());  // simdjson may do so or not
  ondemand::document document;
  ondemand::object root;
  if (parsers_->frame.iterate(padded(text)).get(document) || document.get_object().get(root)) return false;
  bool has_total = false, has_results = false;
  for (auto field : root) {
    std::string_view key;
    ondemand::value value;
    if (field.unescaped_key().get(key) || field.value().get(value)) return false;
    if (key == "meta") {
      ondemand::object meta;
      ondemand::value total;
      if (value.get_object().get(meta)) return false;
      if (meta.find_field_unordered("total").get(total)) return false;
      const auto count = count_of(total);
      has_total = count.has_value();
      page.total = count.value_or(0);
    } else if (key == "results") {
      ondemand::array results;
      if (value.get_array().get(results)) return false;
      has_results = true;
      for (auto element : results) {
        ondemand::value one;
        if (element.get(one)) return false;
        const auto raw = parsers_->raw_object(one);
        const std::uint64_t id = raw ? parsers_->key_of(*raw, catalogue) : 0;
        if (id == 0) {
          ++page.malformed;
          continue;
        }
        page.entries.push_back({{catalogue == Catalogue::media ? id : 0, fingerprint_of(*raw), *raw}, id});
      }
    }
  }
  return has_total && has_results;
}

}  // namespace medimirror
