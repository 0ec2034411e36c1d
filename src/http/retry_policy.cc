#include "http/retry_policy.h"

#include <fmt/format.h>

#include <algorithm>

namespace medimirror {

namespace {

Verdict verdict_of(int status, bool has_location) {
  switch (status) {
    case 200:
    case 203:  // a proxy changed something on the way: still the picture
    case 204:
      return Verdict::success;
    case 206:
      return Verdict::try_again;  // a part that nobody asked for, but see is_whole()
    case 301:
    case 302:
    case 303:
    case 307:
    case 308:
      return has_location ? Verdict::redirect : Verdict::refused;
    case 304:
      return Verdict::not_modified;
    case 404:
    case 410:
      return Verdict::gone;
    case 408:
    case 425:
    case 429:
      return Verdict::try_again;
    case 501:
    case 505:
      return Verdict::refused;
    default:
      return status >= 500 ? Verdict::try_again : Verdict::refused;
  }
}

Verdict verdict_of(TransferError error) {
  switch (error) {
    case TransferError::too_large:
    case TransferError::address_refused:
    case TransferError::aborted:
      return Verdict::refused;
    case TransferError::resolve:
    case TransferError::connect:
    case TransferError::tls:
    case TransferError::timeout_connect:
    case TransferError::timeout_stall:
    case TransferError::timeout_total:
    case TransferError::reset:
    case TransferError::encoding:
    case TransferError::short_body:
    case TransferError::not_processed:
    case TransferError::protocol:
      return Verdict::try_again;
  }
  return Verdict::refused;
}

}  // namespace

Classified classify(const std::variant<Response, TransferFailure>& result, WallTime now) {
  Classified classified;
  if (const auto* failure = std::get_if<TransferFailure>(&result)) {
    classified.verdict = verdict_of(failure->error);
    classified.ours = classified.verdict == Verdict::refused;
    classified.reason = name_of(failure->error);
    return classified;
  }
  const Response& response = std::get<Response>(result);
  classified.verdict = verdict_of(response.status, response.header("location").has_value());
  if (response.status == 206 && is_whole(response)) classified.verdict = Verdict::success;
  classified.whole_host = response.status == 429 || response.status == 503;
  classified.reason = fmt::format("http_{}", response.status);
  if (classified.verdict == Verdict::try_again)
    if (const auto value = response.header("retry-after"))
      classified.retry_after = parse_retry_after(*value, now);
  return classified;
}

std::optional<Millis> retry_delay(const RetryOptions& options, int attempt,
                                  std::optional<std::chrono::seconds> retry_after, double random) {
  if (attempt >= options.attempts_max) return std::nullopt;
  Millis step = std::min(options.first_delay, options.delay_max);
  for (int i = 1; i < attempt && step < options.delay_max; ++i) step = std::min(2 * step, options.delay_max);
  const auto share = [step](double part) {
    return Millis(static_cast<Millis::rep>(static_cast<double>(step.count()) * part));
  };
  const Millis delay = share(0.5 + 0.5 * random);
  if (!retry_after) return delay;
  return std::max(delay, Millis(*retry_after) + share(random));
}

std::string_view name_of(TransferError error) {
  switch (error) {
    case TransferError::resolve:
      return "resolve";
    case TransferError::connect:
      return "connect";
    case TransferError::tls:
      return "tls";
    case TransferError::timeout_connect:
      return "timeout_connect";
    case TransferError::timeout_stall:
      return "timeout_stall";
    case TransferError::timeout_total:
      return "timeout_total";
    case TransferError::reset:
      return "reset";
    case TransferError::encoding:
      return "encoding";
    case TransferError::short_body:
      return "short_body";
    case TransferError::not_processed:
      return "not_processed";
    case TransferError::too_large:
      return "too_large";
    case TransferError::address_refused:
      return "address_refused";
    case TransferError::aborted:
      return "aborted";
    case TransferError::protocol:
      return "protocol";
  }
  return "unknown";
}

}  // namespace medimirror
