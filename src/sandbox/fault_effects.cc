// What a fault does to a reply before it is sent. See faults.h.
#include <fmt/format.h>

#include <charconv>
#include <ctime>
#include <memory>

#include "sandbox/faults.h"
#include "sandbox/media_files.h"

namespace medimirror::sandbox {
namespace {

constexpr std::string_view kHtml =
    "<!DOCTYPE html>\n<html><head><title>Service unavailable</title></head>\n"
    "<body><h1>We will be right back</h1><p>Please try again later.</p></body></html>\n";

// Lets `limit` bytes through, then ends as `end` says.
Producer limited(Producer inner, std::uint64_t limit, More end) {
  return [inner = std::move(inner), left = limit, end, over = false](std::string& out) mutable {
    if (over) return end;
    const std::size_t start = out.size();
    const More more = inner(out);
    const std::size_t fresh = out.size() - start;
    if (fresh < left && more == More::yes) {
      left -= fresh;
      return More::yes;
    }
    if (fresh > left) out.resize(start + static_cast<std::size_t>(left));
    over = true;
    return end;
  };
}

// Puts an error object between two lines, after `at_byte`, and goes on.
Producer with_error_line(Producer inner, std::uint64_t at_byte) {
  return [inner = std::move(inner), at_byte, sent = std::uint64_t{0},
          done = false](std::string& out) mutable {
    const std::size_t start = out.size();
    const More more = inner(out);
    const std::size_t fresh = out.size() - start;
    if (!done && (sent + fresh >= at_byte || more != More::yes)) {
      const std::size_t offset = at_byte > sent ? static_cast<std::size_t>(at_byte - sent) : 0;
      std::size_t line = out.find('\n', std::min(start + offset, out.size()));
      line = line == std::string::npos ? out.size() : line + 1;
      out.insert(line, R"({"error":{"status":500,"code":"internal_error","message":"Something went wrong"}})"
                       "\n");
      done = true;
    }
    sent += fresh;
    return more;
  };
}

void flip_bit(std::string& body, std::optional<std::uint64_t> at_byte) {
  if (body.empty()) return;
  const std::size_t position =
      std::min(static_cast<std::size_t>(at_byte.value_or(body.size() / 2)), body.size() - 1);
  body[position] = static_cast<char>(body[position] ^ 0x10);
}

}  // namespace

std::optional<Reply> replacement(const Fault& fault, const Request& request) {
  Reply reply;
  if (fault.kind == FaultKind::redirect) {
    reply.status = fault.status >= 300 && fault.status < 400 ? fault.status : 302;
    std::string location = fault.location;
    constexpr std::string_view kTarget = "{target}";
    if (const std::size_t at = location.find(kTarget); at != std::string::npos)
      location.replace(at, kTarget.size(), request.target);
    reply.headers.emplace_back("Location", location);
    return reply;
  }
  if (fault.kind != FaultKind::status) return std::nullopt;
  reply = error_reply(fault.status, fault.status == 429 ? "too_many_requests" : "sandbox_fault",
                      "A fault was asked for");
  if (fault.status == 204 || fault.status == 304) reply.body.clear(), reply.content_type.clear();
  std::string retry_after = fault.retry_after;
  if (retry_after.starts_with("date:")) {
    int seconds = 0;
    std::from_chars(retry_after.data() + 5, retry_after.data() + retry_after.size(), seconds);
    retry_after = http_date(std::time(nullptr) + seconds);
  }
  if (!retry_after.empty()) reply.headers.emplace_back("Retry-After", retry_after);
  return reply;
}

void spoil(const Fault& fault, Reply& reply) {
  const auto on_the_wire = [&](WireFault::Kind kind) {
    reply.wire = WireFault{kind, fault.at_byte, fault.wait};
  };
  switch (fault.kind) {
    case FaultKind::short_body:
      return on_the_wire(WireFault::Kind::short_body);
    case FaultKind::broken_chunked:
      return on_the_wire(WireFault::Kind::broken_chunked);
    case FaultKind::cut_without_length:
      return on_the_wire(WireFault::Kind::cut_without_length);
    case FaultKind::reset:
      return on_the_wire(WireFault::Kind::reset);
    case FaultKind::stall:
      return on_the_wire(WireFault::Kind::stall);
    case FaultKind::drip:
      return on_the_wire(WireFault::Kind::drip);
    case FaultKind::html:
      reply.producer = nullptr;
      reply.body = kHtml;
      reply.content_type = "text/html; charset=utf-8";
      return reply.headers.clear();
    case FaultKind::empty:
      reply.producer = nullptr;
      return reply.body.clear();
    case FaultKind::flipped_bit:
      if (reply.producer) {
        reply.producer = [inner = std::move(reply.producer), at = fault.at_byte,
                          first = true](std::string& out) mutable {
          const More more = inner(out);
          if (std::exchange(first, false)) flip_bit(out, at);
          return more;
        };
        return;
      }
      return flip_bit(reply.body, fault.at_byte);
    case FaultKind::stream_cut:
      reply.producer = limited(std::move(reply.producer), fault.at_byte.value_or(1000),
                               fault.clean ? More::no : More::cut);
      return;
    case FaultKind::stream_error:
      reply.producer = with_error_line(std::move(reply.producer), fault.at_byte.value_or(1000));
      return;
    default:
      return;
  }
}

}  // namespace medimirror::sandbox
