// Role: one request on one easy handle of libcurl: set up, fed by callbacks, turned into a Completed. Handles
// are kept and used again; so are the buffers inside them.
// Place: private to this room; curl_transport owns the transfers and the multi handle that drives them.
// Failure: callbacks are noexcept and only record; finish() says what became of it. Secrets: a handle that
// carried a password is reset before it is used again. libcurl's verbose output stays off.
//
// Private addresses (unless the request allows them) are refused three times, before any byte of ours is
// sent:
//   - in the URL itself, also in odd notation (url.h is_private_host);
//   - when a socket would be opened to one, whatever name led there;
//   - when the request is about to go out on a connection, perhaps one that another request opened.
// Through a proxy the last two see the proxy's address, which the user chose and which is often private; they
// are left out, and keeping names away from the inner network is then the proxy's part.
#pragma once

#include <curl/curl.h>

#include <chrono>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/sha256.h"
#include "http/transport.h"
#include "http/url.h"

namespace medimirror {

// What all requests of a transport have in common.
struct CurlSettings {
  std::string user_agent;
  std::string ca_file, ca_folder;  // empty: as libcurl was built
  long receive_buffer_bytes = 0;   // of requests that are paced
  int socket_buffer_bytes = 0;     // the same; 0: as the kernel likes
};

class CurlTransfer {
 public:
  explicit CurlTransfer(const CurlSettings& settings);
  CurlTransfer(const CurlTransfer&) = delete;
  CurlTransfer& operator=(const CurlTransfer&) = delete;

  // Returns why the request may not be sent at all, or nothing: the handle may be added to the multi handle.
  std::optional<TransferFailure> begin(RequestId id, Request request, const std::string& proxy, bool http2,
                                       SteadyTime now);
  // Once the handle is out of the multi handle. The transfer can begin again afterwards.
  Completed finish(CURLcode code);
  Completed finish_as(TransferError error, std::string detail);

  CURL* handle() const { return easy_.get(); }
  RequestId id() const { return id_; }
  std::uint64_t bytes_received() const { return bytes_received_; }
  bool is_paced() const { return request_.paced; }
  bool held_back() const { return held_back_; }  // a piece, by may_hand_over
  CURLcode hand_over();                          // tries again; not CURLE_OK: the transfer is to end with it
  void stop_halting();                           // what was held back is dropped
  void set_reading(bool reading);  // false: takes no more bytes from the wire until it is set again
  bool used_http2() const;         // or would have, when no answer came to tell

  // The limits of time. None can pass before next_check(), whatever happens until then.
  SteadyTime next_check(SteadyTime now) const;
  std::optional<TransferError> passed_limit(SteadyTime now) const;
  void forgive_stall(SteadyTime now) { progress_at_ = now; }  // it was us who did not read

  std::exception_ptr take_exception() { return std::exchange(exception_, nullptr); }  // of on_body

 private:
  struct Cleanup {
    void operator()(CURL* easy) const { curl_easy_cleanup(easy); }
    void operator()(curl_slist* list) const { curl_slist_free_all(list); }
  };

  static std::size_t on_header(char* data, std::size_t size, std::size_t count, void* self) noexcept;
  static std::size_t on_bytes(char* data, std::size_t size, std::size_t count, void* self) noexcept;
  static curl_socket_t on_open_socket(void* self, curlsocktype purpose, curl_sockaddr* address) noexcept;
  static int on_before_request(void* self, char* peer, char* local, int peer_port, int local_port) noexcept;

  template <typename Value>
  void set(CURLoption option, Value value);
  void configure();
  void set_receive_buffer(long bytes);
  void set_headers();
  void set_auth();

  bool take_header_line(std::string_view line);
  bool take_end_of_headers();
  bool may_hand_over() const;
  bool take_bytes(std::string_view bytes);
  bool fail(TransferError error, std::string detail);
  void made_progress();
  bool awaits_first_byte() const { return request_.first_byte_ms_max.count() > 0 && bytes_received_ == 0; }

  TransferFailure failure_of(CURLcode code) const;
  TransferFailure failure(TransferError error, std::string detail) const;
  Response take_response();
  void unpack(Response& response) const;
  void end(const Completed& completed);

  const CurlSettings& settings_;
  std::unique_ptr<CURL, Cleanup> easy_;
  char error_text_[CURL_ERROR_SIZE] = {};
  long receive_buffer_bytes_ = 0;  // 0: libcurl's own size

  RequestId id_ = 0;
  Request request_;
  std::unique_ptr<curl_slist, Cleanup> headers_;
  bool through_proxy_ = false;
  bool tries_http2_ = false;

  Response response_;
  std::size_t header_bytes_ = 0, header_lines_ = 0;
  bool headers_done_ = false;
  bool chunked_ = false;
  bool held_back_ = false, ending_ = false;
  std::optional<std::uint64_t> content_length_;
  std::uint64_t bytes_received_ = 0;  // after decoding
  Sha256 hash_;
  std::optional<TransferFailure> failure_;
  std::optional<std::string> refused_address_;
  std::exception_ptr exception_;

  bool connected_ = false;
  SteadyTime started_at_{}, progress_at_{};
  std::uint64_t progress_bytes_ = 0;
};

}  // namespace medimirror
