// Role: a time as a server writes it in Date and Last-Modified.
#pragma once

#include <ctime>
#include <string>

#include "base/clock.h"

namespace medimirror {

inline std::string format_http_date(UnixSeconds time) {
  std::tm parts{};
  ::gmtime_r(&time, &parts);
  char text[64];
  return {text, std::strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", &parts)};
}

}  // namespace medimirror
