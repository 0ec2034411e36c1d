#include "sandbox/exchange.h"

#include "sandbox/json_text.h"

namespace medimirror::sandbox {

// The charset keeps the HTTP library from compressing on its own account.
constexpr std::string_view kJson = "application/json; charset=utf-8";

Reply error_reply(int status, std::string_view code, std::string_view message,
                  const std::vector<Violation>& violations) {
  Reply reply;
  reply.status = status;
  reply.content_type = kJson;
  JsonText json(reply.body);
  json.open_object();
  json.key("error");
  json.open_object();
  json.member("status", status);
  json.member("code", code);
  json.member("message", message);
  if (!violations.empty()) {
    json.key("violations");
    json.open_array();
    for (const Violation& violation : violations) {
      json.open_object();
      json.member("path", violation.path);
      json.member("message", violation.message);
      json.close_object();
    }
    json.close_array();
  }
  json.close_object();
  json.close_object();
  return reply;
}

Reply json_reply(std::string body) {
  Reply reply;
  reply.content_type = kJson;
  reply.body = std::move(body);
  return reply;
}

}  // namespace medimirror::sandbox
