// What the tests of the sandbox share: a service without a socket, and JSON lines read back.
#pragma once

#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <vector>

#include "sandbox/service.h"
#include "support/manual_clock.h"

namespace medimirror::sandbox {

constexpr const char* kGoodAuthorization = "Basic NDI6c2FuZGJveC1zZWNyZXQ=";  // 42:sandbox-secret

inline ServiceOptions small_service(std::uint32_t media = 400, std::uint32_t products = 100) {
  ServiceOptions options;
  options.catalogue.media = media;
  options.catalogue.products = products;
  options.pictures = PictureStyle::small;
  options.api.requests_per_minute = 0;
  options.public_url = "http://sandbox.test";
  return options;
}

inline Request post(const std::string& path, const std::string& body) {
  Request request;
  request.method = "POST";
  request.path = request.target = path;
  request.body = body;
  request.authorization = kGoodAuthorization;
  return request;
}

inline Request get(const std::string& path) {
  Request request = post(path, "");
  request.method = "GET";
  request.user_agent = "test/1.0 (test@example.com)";
  return request;
}

// The whole body; `cut` is set when the stream ended as if broken.
inline std::string body_of(Reply& reply, bool* cut = nullptr) {
  std::string body = reply.body;
  if (!reply.producer) return body;
  More more = More::yes;
  while (more == More::yes) more = reply.producer(body);
  if (cut != nullptr) *cut = more == More::cut;
  return body;
}

inline std::vector<nlohmann::json> json_lines(const std::string& text) {
  std::vector<nlohmann::json> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(nlohmann::json::parse(line));
  return lines;
}

inline const std::string* header_of(const Reply& reply, std::string_view name) {
  for (const auto& [key, value] : reply.headers)
    if (key == name) return &value;
  return nullptr;
}

}  // namespace medimirror::sandbox
