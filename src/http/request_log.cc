#include "http/request_log.h"

#include "base/log.h"
#include "base/units.h"

namespace medimirror {

namespace {

std::string_view name_of(Request::Method method) {
  switch (method) {
    case Request::Method::get:
      return "GET";
    case Request::Method::post:
      return "POST";
  }
  return "";
}

}  // namespace

void log_request(const Request& request, const Completed& completed, Millis took) {
  if (!log_enabled(LogLevel::debug)) return;
  const std::string url = request.url.display();
  if (const auto* response = std::get_if<Response>(&completed.result)) {
    log_debug("{} {}: {}, {} in {}", name_of(request.method), url, response->status,
              format_bytes(response->bytes_received), format_duration(took));
  } else {
    const auto& failure = std::get<TransferFailure>(completed.result);
    log_debug("{} {}: no answer ({}: {}) in {}", name_of(request.method), url, name_of(failure.error),
              failure.detail, format_duration(took));
  }
}

}  // namespace medimirror
