#include "sandbox/faults.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "sandbox/api.h"

namespace medimirror::sandbox {
namespace {

using nlohmann::json;

constexpr std::string_view kKinds[] = {"short_body",
                                       "broken_chunked",
                                       "cut_without_length",
                                       "html",
                                       "empty",
                                       "flipped_bit",
                                       "status",
                                       "reset",
                                       "stall",
                                       "latency",
                                       "drip",
                                       "redirect",
                                       "stream_cut",
                                       "stream_error",
                                       "listing_empty",
                                       "listing_half",
                                       "listing_half_lying"};
static_assert(std::size(kKinds) == static_cast<std::size_t>(FaultKind::count_));

[[noreturn]] void refuse(std::string sentence) {
  throw Error(ErrorKind::usage, std::move(sentence));
}

FaultKind parse_kind(const std::string& name) {
  const auto* const found = std::find(std::begin(kKinds), std::end(kKinds), name);
  if (found == std::end(kKinds))
    refuse(fmt::format("\"{}\" is not a kind of fault; there are {}", name, fmt::join(kKinds, ", ")));
  return static_cast<FaultKind>(found - std::begin(kKinds));
}

std::regex to_regex(const std::string& pattern) {
  std::string text;
  if (pattern.starts_with('~')) {
    text = pattern.substr(1);
  } else {
    for (const char c : pattern) {
      if (c == '*') {
        text += ".*";
      } else if (c == '?') {
        text += '.';
      } else {
        if (std::string_view("\\^$.|()[]{}+").find(c) != std::string_view::npos) text += '\\';
        text += c;
      }
    }
  }
  try {
    return std::regex(text, std::regex::ECMAScript | std::regex::optimize);
  } catch (const std::regex_error&) {
    refuse(fmt::format("\"{}\" is not a regular expression", pattern));
  }
}

std::uint64_t number(const json& value, const std::string& key) {
  if (!value.is_number_unsigned()) refuse(fmt::format("\"{}\" must be a whole number from 0 on", key));
  return value.get<std::uint64_t>();
}

std::string text_of(const json& value, const std::string& key) {
  if (!value.is_string()) refuse(fmt::format("\"{}\" must be a string", key));
  return value.get<std::string>();
}

bool applies(FaultKind kind, std::string_view endpoint) {
  if (kind == FaultKind::stream_cut || kind == FaultKind::stream_error) return is_stream(endpoint);
  return lie_of(kind) == ListingLie::none || is_listing(endpoint);
}

}  // namespace

std::string_view name_of(FaultKind kind) {
  return kKinds[static_cast<std::size_t>(kind)];
}

bool needs_body(FaultKind kind) {
  return kind != FaultKind::status && kind != FaultKind::latency && kind != FaultKind::redirect &&
         lie_of(kind) == ListingLie::none;
}

ListingLie lie_of(FaultKind kind) {
  switch (kind) {
    case FaultKind::listing_empty:
      return ListingLie::empty;
    case FaultKind::listing_half:
      return ListingLie::half;
    case FaultKind::listing_half_lying:
      return ListingLie::half_with_full_total;
    default:
      return ListingLie::none;
  }
}

void Faults::add(const std::string& text) {
  const json document = json::parse(text, nullptr, false);
  if (document.is_array()) {
    for (const json& rule : document) add_rule(rule);
  } else {
    add_rule(document);
  }
}

void Faults::add_from_command_line(const std::string& text) {
  json rule = json::object();
  std::size_t start = 0;
  while (start <= text.size()) {
    const std::size_t comma = std::min(text.find(',', start), text.size());
    const std::string part = text.substr(start, comma - start);
    start = comma + 1;
    const std::size_t equals = part.find('=');
    if (rule.empty()) {
      rule["kind"] = part;
    } else if (equals == std::string::npos) {
      refuse(fmt::format("\"{}\" in --fault must be key=value", part));
    } else {
      const std::string key = part.substr(0, equals), value = part.substr(equals + 1);
      const json parsed = json::parse(value, nullptr, false);
      rule[key] = parsed.is_number() || parsed.is_boolean() ? parsed : json(value);
    }
  }
  add_rule(rule);
}

void Faults::add_rule(const json& in) {
  if (!in.is_object())
    refuse("a fault must be a JSON object like {\"kind\": \"status\", \"path\": \"/media/*\"}");
  Rule rule;
  bool has_kind = false;
  for (const auto& [key, value] : in.items()) {
    if (key == "kind") {
      rule.fault.kind = parse_kind(text_of(value, key));
      has_kind = true;
    } else if (key == "path") {
      rule.pattern = text_of(value, key);
    } else if (key == "count") {
      if (!value.is_null()) rule.count = number(value, key);
    } else if (key == "each") {
      if (!value.is_boolean()) refuse("\"each\" must be true or false");
      rule.each = value.get<bool>();
    } else if (key == "probability") {
      if (!value.is_number() || value < 0 || value > 1) refuse("\"probability\" must be from 0 to 1");
      rule.probability = value.get<double>();
    } else if (key == "status") {
      const std::uint64_t status = number(value, key);
      if (status < 200 || status > 599) refuse("\"status\" must be from 200 to 599");
      rule.fault.status = static_cast<int>(status);
    } else if (key == "retry_after") {
      if (!value.is_null()) rule.fault.retry_after = value.is_string() ? text_of(value, key) : value.dump();
    } else if (key == "at_byte") {
      if (!value.is_null()) rule.fault.at_byte = number(value, key);
    } else if (key == "ms") {
      rule.fault.wait = std::chrono::milliseconds(std::min<std::uint64_t>(number(value, key), 86'400'000));
    } else if (key == "location") {
      rule.fault.location = text_of(value, key);
    } else if (key == "clean") {
      if (!value.is_boolean()) refuse("\"clean\" must be true or false");
      rule.fault.clean = value.get<bool>();
    } else {
      refuse(
          fmt::format("a fault has no key \"{}\"; there are kind, path, count, each, probability, status, "
                      "retry_after, at_byte, ms, location, clean",
                      key));
    }
  }
  if (!has_kind) refuse(fmt::format("a fault needs a \"kind\": one of {}", fmt::join(kKinds, ", ")));
  const bool waits = rule.fault.kind == FaultKind::stall || rule.fault.kind == FaultKind::latency ||
                     rule.fault.kind == FaultKind::drip;
  if (waits && !in.contains("ms")) refuse("this kind of fault needs \"ms\": how long");
  if (rule.fault.kind == FaultKind::redirect && rule.fault.location.empty())
    refuse(
        "a redirect needs a \"location\"; {target} in it stands for what was asked, so \"{target}\" is a "
        "loop");
  rule.regex = to_regex(rule.pattern);

  const std::lock_guard lock(mutex_);
  rule.serial = rule.fault.rule = next_serial_++;
  rules_.push_back(std::move(rule));
  any_ = true;
}

void Faults::clear() {
  const std::lock_guard lock(mutex_);
  rules_.clear();
  any_ = false;
}

std::optional<Fault> Faults::take(std::string_view endpoint, const std::string& path) {
  if (!any_ || endpoint == "admin") return std::nullopt;
  const std::lock_guard lock(mutex_);
  for (Rule& rule : rules_) {
    if (!applies(rule.fault.kind, endpoint) || !std::regex_match(path, rule.regex)) continue;
    if (rule.count && (rule.each ? rule.used[path] >= *rule.count : *rule.count == 0)) continue;
    if (rule.probability < 1 && static_cast<double>(dice_.next() >> 11) * 0x1p-53 >= rule.probability)
      continue;
    if (rule.count) rule.each ? ++rule.used[path] : --*rule.count;
    ++rule.applied;
    return rule.fault;
  }
  return std::nullopt;
}

void Faults::give_back(const Fault& fault, const std::string& path) {
  const std::lock_guard lock(mutex_);
  for (Rule& rule : rules_) {
    if (rule.serial != fault.rule) continue;
    if (rule.count) rule.each ? --rule.used[path] : ++*rule.count;
    --rule.applied;
  }
}

std::string Faults::rules_json() const {
  const std::lock_guard lock(mutex_);
  auto out = nlohmann::ordered_json::array();
  for (const Rule& rule : rules_) {
    nlohmann::ordered_json one{
        {"kind", name_of(rule.fault.kind)}, {"path", rule.pattern}, {"applied", rule.applied}};
    one["count_left"] = rule.count && !rule.each ? nlohmann::ordered_json(*rule.count) : nullptr;
    out.push_back(std::move(one));
  }
  return out.dump(2) + "\n";
}

}  // namespace medimirror::sandbox
