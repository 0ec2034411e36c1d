// Role: what libcurl's code at the end of a transfer means, which depends on how far it had come. Pure.
// Place: private to this room, beside curl_transfer.
#pragma once

#include <curl/curl.h>

#include "http/transport.h"

namespace medimirror {

struct CurlEnding {
  long os_error = 0;  // errno of the socket, or 0
  bool connected = false;
  bool in_body = false;  // the headers of the answer had arrived
  bool over_http2 = false;
  bool asked_for_coding = false, coded = false;  // of the content
};
TransferError error_of(CURLcode code, const CurlEnding& ending);

}  // namespace medimirror
