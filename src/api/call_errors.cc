#include "api/call_errors.h"

#include <fmt/format.h>

#include <chrono>
#include <string_view>

#include "api/reply_parser.h"
#include "base/units.h"
#include "http/url.h"

namespace medimirror {

namespace {

constexpr std::string_view kOperation = "call the Medipim API";

Error make_error(ErrorKind kind, std::string sentence) {
  return Error(kind, std::move(sentence), std::string(kOperation));
}

// What the service itself says, as the end of a sentence.
std::string said(const Response& response) {
  const std::string text = words_of(response.body.view());
  return text.empty() ? std::string() : fmt::format("; the service says \"{}\"", text);
}

bool asks_products(const CallFacts& facts) {
  return facts.url.find("/products/") != std::string::npos;
}

std::string redirect_sentence(const Response& response, const CallFacts& facts) {
  const auto to = parse_url(std::string(response.header("location").value_or("")));
  return fmt::format(
      "{} redirects to {}; the secret is not sent there: set api.base_url to the address of the API itself",
      facts.url, to ? to->display() : "another address");
}

// A network that is down comes back by itself; a certificate that is wrong does not.
bool may_work_later(TransferError error) {
  return error != TransferError::tls && error != TransferError::protocol &&
         error != TransferError::address_refused && error != TransferError::encoding;
}

std::string failure_sentence(const TransferFailure& failure, const CallFacts& facts) {
  if (failure.error == TransferError::encoding)
    return fmt::format(
        "{} answers in a coding that cannot be undone ({}){}: tell Medipim, or whoever runs the proxy in "
        "between",
        facts.url, failure.detail,
        facts.asked_plainly ? ", although it was asked for an answer that is not compressed" : "");
  if (is_too_slow(CallResult(failure)) && facts.answer_ms_max.count() > 0)
    return fmt::format(
        "{} did not begin to answer within {} ({} attempts): set api.answer_timeout higher, or try again "
        "later",
        facts.url, format_duration(facts.answer_ms_max), facts.attempts);
  return fmt::format(
      "{} cannot be reached ({}: {}, {} attempts): check the network, the proxy settings and api.base_url, "
      "or try "
      "again later",
      facts.origin, name_of(failure.error), failure.detail, facts.attempts);
}

}  // namespace

Error refusal_of_call(const Response& response, const CallFacts& facts) {
  const auto make = [&](ErrorKind kind, std::string_view what) {
    return make_error(kind, fmt::format("{} ({}){}", what, response.status, said(response)));
  };
  switch (response.status) {
    case 401:
      return make(
          ErrorKind::auth,
          fmt::format("the service refuses the API key: check api.key_id and the secret{}",
                      facts.secret_origin.empty() ? "" : ", which was read from " + facts.secret_origin));
    case 403:
      return make(
          ErrorKind::auth,
          fmt::format("{} is closed to this API key: it may have expired, lack the right to read {}, or "
                      "belong to another market than api.base_url; ask Medipim",
                      facts.url, asks_products(facts) ? "products" : "media"));
    case 404:
    case 410:
      return make(
          ErrorKind::config,
          fmt::format("there is nothing at {}: check api.base_url, it usually ends in /v4", facts.url));
    case 405:
      return make(ErrorKind::config,
                  fmt::format("{} does not take this kind of request: check api.base_url", facts.url));
    case 422:
    case 400:
      return make(ErrorKind::config,
                  fmt::format("{} does not understand the filter: check {}", facts.url,
                              asks_products(facts) ? "the list of codes, and that api.base_url "
                                                     "is of its market"
                                                   : "the keys under [select]"));
    case 501:
    case 505:
      return make(ErrorKind::config,
                  fmt::format("the service does not offer {}: check api.base_url", facts.url));
    default:
      break;
  }
  if (response.status >= 300 && response.status < 400 && response.header("location"))
    return make(ErrorKind::config, redirect_sentence(response, facts));
  return make(ErrorKind::network,
              fmt::format("{} gave an answer that makes no sense: is api.base_url right?", facts.url));
}

Error gave_up_call(const CallResult& result, const CallFacts& facts) {
  if (const auto* failure = std::get_if<TransferFailure>(&result))
    return make_error(may_work_later(failure->error) ? ErrorKind::unavailable : ErrorKind::network,
                      failure_sentence(*failure, facts));
  const auto& response = std::get<Response>(result);
  if (response.status == 429)
    return make_error(
        ErrorKind::unavailable,
        fmt::format("the service keeps saying that we ask too often (429, {} attempts): another program may "
                    "use the same key; lower api.requests_per_minute, or try again later{}",
                    facts.attempts, said(response)));
  return make_error(
      ErrorKind::unavailable,
      fmt::format("{} keeps answering {} ({} attempts): the service is down or too busy; try again later{}",
                  facts.url, response.status, facts.attempts, said(response)));
}

Error broken_off_call(const CallResult& result) {
  const auto* failure = std::get_if<TransferFailure>(&result);
  if (failure && failure->error == TransferError::encoding)
    return make_error(
        ErrorKind::network,
        fmt::format("the compressed answer could not be undone any further ({})", failure->detail));
  const std::string why =
      failure ? fmt::format("{}, {}", name_of(failure->error), failure->detail) : "wrong status";
  return make_error(ErrorKind::network, fmt::format("the connection broke ({})", why));
}

Error damaged_answer() {
  return make_error(ErrorKind::network, "the answer is compressed, and damaged from here on");
}

Error put_off_call(const std::string& origin, WallTime until) {
  const UnixSeconds seconds = std::chrono::ceil<std::chrono::seconds>(until.time_since_epoch()).count();
  return make_error(
      ErrorKind::unavailable,
      fmt::format("{} wants to be left alone until {} (its Retry-After is longer than api.wait_max): "
                  "nothing is asked before then, and runs until then end at once",
                  origin, format_utc(seconds)));
}

bool is_too_slow(const CallResult& result) {
  if (const auto* response = std::get_if<Response>(&result)) return response->status == 504;
  const auto& failure = std::get<TransferFailure>(result);
  return failure.bytes_received == 0 &&
         (failure.error == TransferError::timeout_stall || failure.error == TransferError::timeout_total);
}

}  // namespace medimirror
