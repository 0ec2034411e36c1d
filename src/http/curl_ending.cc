#include "http/curl_ending.h"

namespace medimirror {

TransferError error_of(CURLcode code, const CurlEnding& ending) {
  switch (code) {
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
      return TransferError::resolve;
    case CURLE_COULDNT_CONNECT:
    case CURLE_PROXY:
      return TransferError::connect;
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CIPHER:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_INVALIDCERTSTATUS:
    case CURLE_USE_SSL_FAILED:
      return TransferError::tls;
    case CURLE_OPERATION_TIMEDOUT:
      return ending.connected ? TransferError::timeout_stall : TransferError::timeout_connect;
    case CURLE_BAD_CONTENT_ENCODING:
      return ending.asked_for_coding ? TransferError::encoding : TransferError::short_body;
    // A write of ours that failed has its own reason: so libcurl's decoder stopped, as at the second member of a gzip body.
    case CURLE_WRITE_ERROR:
      return ending.coded ? TransferError::encoding : TransferError::protocol;
    case CURLE_PARTIAL_FILE:
      return TransferError::short_body;
    case CURLE_HTTP2:
    case CURLE_HTTP2_STREAM:
      return ending.in_body ? TransferError::short_body : TransferError::reset;
    // Without an error of the socket these are a broken chunk or an end that TLS did not announce.
    case CURLE_RECV_ERROR:
      return ending.in_body && ending.os_error == 0 ? TransferError::short_body : TransferError::reset;
    // libcurl itself sends a refused stream again, five times; this is how it gives up.
    case CURLE_SEND_ERROR:
      return ending.over_http2 && !ending.in_body ? TransferError::not_processed : TransferError::reset;
    case CURLE_GOT_NOTHING:
      return TransferError::reset;
    case CURLE_ABORTED_BY_CALLBACK:
      return TransferError::aborted;
    default:
      return TransferError::protocol;
  }
}

}  // namespace medimirror
