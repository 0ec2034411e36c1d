#include "http/curl_transfer.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "base/ascii.h"
#include "base/error.h"
#include "base/units.h"
#include "http/curl_ending.h"
#include "http/gzip.h"
#include "http/request_log.h"

namespace medimirror {

namespace {

// Of one answer, with its trailers. Servers in use allow themselves a tenth of it.
constexpr std::size_t kHeaderBytesMax = 128 * 1024, kHeaderLinesMax = 1'000;
// Fewer bytes than this within the stall limit are not progress: a server that drips holds a place for ever.
constexpr std::uint64_t kProgressBytes = 1024;
constexpr long kDnsCacheSeconds = 300;
// libcurl unpacks a piece as a whole, to a thousand times its size at worst, before its reader is asked again. TLS has
// pieces of this size as well.
constexpr long kPieceBytesMax = 16 * 1024;
constexpr long kUnpacedBufferBytes = 256 * 1024;

SteadyTime steady_now() {
  return std::chrono::steady_clock::now();
}

std::string address_text(const sockaddr& address) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  const void* bytes = nullptr;
  if (address.sa_family == AF_INET) bytes = &reinterpret_cast<const sockaddr_in&>(address).sin_addr;
  if (address.sa_family == AF_INET6) bytes = &reinterpret_cast<const sockaddr_in6&>(address).sin6_addr;
  if (bytes == nullptr || inet_ntop(address.sa_family, bytes, text.data(), text.size()) == nullptr) return {};
  return text.data();
}

Digest sha256_of(const Body& body) {
  Sha256 hash;
  body.each_piece([&](std::string_view piece) {
    hash.update(piece);
    return true;
  });
  return hash.finish();
}

std::string refusal_of(std::string_view address) {
  return fmt::format(
      "{} is an address of this machine or its network; set allow_private_addresses if it is meant", address);
}

}  // namespace

// ---------------------------------------------------------------- setting up

CurlTransfer::CurlTransfer(const CurlSettings& settings) : settings_(settings), easy_(curl_easy_init()) {
  if (!easy_)
    throw Error(ErrorKind::internal, "libcurl gives no handle: is memory short?", "start a transfer");
  configure();
}

template <typename Value>
void CurlTransfer::set(CURLoption option, Value value) {
  const CURLcode code = curl_easy_setopt(easy_.get(), option, value);
  if (code != CURLE_OK)
    throw Error(
        ErrorKind::internal,
        fmt::format("libcurl refuses option {}: {}", static_cast<int>(option), curl_easy_strerror(code)),
        "start a transfer");
}

// A handle may keep its buffer from one request to the next, and then refuses another size: it works as well with
// the old one.
void CurlTransfer::set_receive_buffer(long bytes) {
  if (bytes == receive_buffer_bytes_) return;
  if (curl_easy_setopt(easy_.get(), CURLOPT_BUFFERSIZE, bytes) == CURLE_OK) receive_buffer_bytes_ = bytes;
}

// What is the same for all requests; what differs is set by begin(), each time and in full.
void CurlTransfer::configure() {
  receive_buffer_bytes_ = 0;
  set(CURLOPT_PRIVATE, static_cast<void*>(this));
  set(CURLOPT_ERRORBUFFER, error_text_);
  set(CURLOPT_NOSIGNAL, 1L);
  set(CURLOPT_NOPROGRESS, 1L);
  set(CURLOPT_PROTOCOLS_STR, "http,https");
  set(CURLOPT_FOLLOWLOCATION, 0L);
  set(CURLOPT_USERAGENT, settings_.user_agent.c_str());
  set(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
  set(CURLOPT_TCP_KEEPALIVE, 1L);
  set(CURLOPT_DNS_CACHE_TIMEOUT, kDnsCacheSeconds);
  // Else giving up on a name that does not resolve would wait for the resolver's thread.
  set(CURLOPT_QUICK_EXIT, 1L);
  if (!settings_.ca_file.empty()) set(CURLOPT_CAINFO, settings_.ca_file.c_str());
  if (!settings_.ca_folder.empty()) set(CURLOPT_CAPATH, settings_.ca_folder.c_str());
  set(CURLOPT_HEADERFUNCTION, &CurlTransfer::on_header);
  set(CURLOPT_HEADERDATA, static_cast<void*>(this));
  set(CURLOPT_WRITEFUNCTION, &CurlTransfer::on_bytes);
  set(CURLOPT_WRITEDATA, static_cast<void*>(this));
  set(CURLOPT_OPENSOCKETFUNCTION, &CurlTransfer::on_open_socket);
  set(CURLOPT_OPENSOCKETDATA, static_cast<void*>(this));
  set(CURLOPT_PREREQFUNCTION, &CurlTransfer::on_before_request);
  set(CURLOPT_PREREQDATA, static_cast<void*>(this));
}

std::optional<TransferFailure> CurlTransfer::begin(RequestId id, Request request, const std::string& proxy,
                                                   bool http2, SteadyTime now) {
  id_ = id;
  request_ = std::move(request);
  const Url& url = request_.url;
  started_at_ = progress_at_ = now;
  if (!request_.allow_private_address && is_private_host(url.host))
    return failure(TransferError::address_refused, refusal_of(url.host));
  if (request_.auth && url.scheme != "https" && !is_loopback_host(url.host))
    return failure(TransferError::address_refused,
                   "a password is sent over https only; use an https address");

  // Our own reading of the URL goes to libcurl, so that no second parser finds another host in it.
  set(CURLOPT_URL, url.text().c_str());
  // In the clear, a secret goes to this machine itself and past no proxy.
  through_proxy_ = !proxy.empty() && !(request_.auth && url.scheme == "http");
  set(CURLOPT_PROXY, through_proxy_ ? proxy.c_str() : "");
  const bool is_post = request_.method == Request::Method::post;
  if (is_post) {
    set(CURLOPT_POST, 1L);
    set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request_.body.size()));
    set(CURLOPT_POSTFIELDS, request_.body.c_str());
  } else {
    set(CURLOPT_HTTPGET, 1L);
  }
  // On a kept connection that turns out to be dead libcurl sends a request again without a word, and a post is counted: it
  // goes out on a connection of its own, once.
  set(CURLOPT_FRESH_CONNECT, is_post ? 1L : 0L);
  set(CURLOPT_FORBID_REUSE, is_post ? 1L : 0L);
  const long buffer_bytes = request_.paced ? settings_.receive_buffer_bytes : kUnpacedBufferBytes;
  set_receive_buffer(request_.on_body ? std::min(kPieceBytesMax, buffer_bytes) : buffer_bytes);
  tries_http2_ = http2 && url.scheme == "https";
  set(CURLOPT_HTTP_VERSION, static_cast<long>(tries_http2_ ? CURL_HTTP_VERSION_2TLS : CURL_HTTP_VERSION_1_1));
  set(CURLOPT_PIPEWAIT, tries_http2_ ? 1L : 0L);
  // "" asks for all that libcurl can decode; identity says no, and still decodes what comes compressed unasked, and fails
  // at any label that it does not know.
  set(CURLOPT_ACCEPT_ENCODING, request_.label_is_no_coding   ? nullptr
                               : request_.accept_compression ? ""
                                                             : "identity");
  set(CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(request_.limits.connect_ms_max.count()));
  set_headers();
  set_auth();
  response_.headers.reserve(16);
  response_.body = Body(request_.room);
  return std::nullopt;
}

void CurlTransfer::set_headers() {
  const auto append = [this](const std::string& line) {
    curl_slist* const longer = curl_slist_append(headers_.get(), line.c_str());
    if (longer == nullptr) throw std::bad_alloc();
    if (!headers_) headers_.reset(longer);
  };
  for (const std::string& line : request_.headers) append(line);
  if (request_.label_is_no_coding) append("Accept-Encoding: identity");
  // Without this a longer body would wait for a "100 Continue" that many servers never send.
  if (request_.method == Request::Method::post) append("Expect:");
  set(CURLOPT_HTTPHEADER, headers_.get());
}

void CurlTransfer::set_auth() {
  if (!request_.auth) return;
  set(CURLOPT_HTTPAUTH, static_cast<long>(CURLAUTH_BASIC));
  set(CURLOPT_USERNAME, request_.auth->user.c_str());
  set(CURLOPT_PASSWORD, request_.auth->password.reveal().c_str());
}

// ---------------------------------------------------------------- callbacks

std::size_t CurlTransfer::on_header(char* data, std::size_t, std::size_t count, void* self) noexcept {
  auto& transfer = *static_cast<CurlTransfer*>(self);
  try {
    return transfer.take_header_line({data, count}) ? count : 0;
  } catch (...) {
    transfer.exception_ = std::current_exception();
    return 0;
  }
}

std::size_t CurlTransfer::on_bytes(char* data, std::size_t, std::size_t count, void* self) noexcept {
  auto& transfer = *static_cast<CurlTransfer*>(self);
  try {
    // One byte less than given ends the transfer; so does 0, which is what an empty piece would rightly
    // return.
    if (transfer.ending_) return count - 1;
    transfer.held_back_ = !transfer.may_hand_over();
    if (transfer.held_back_) return CURL_WRITEFUNC_PAUSE;
    return transfer.take_bytes({data, count}) ? count : count - 1;
  } catch (...) {
    transfer.exception_ = std::current_exception();
    return count - 1;
  }
}

curl_socket_t CurlTransfer::on_open_socket(void* self, curlsocktype, curl_sockaddr* address) noexcept {
  auto& transfer = *static_cast<CurlTransfer*>(self);
  try {
    if (!transfer.request_.allow_private_address && !transfer.through_proxy_) {
      const std::string text = address_text(address->addr);
      if (text.empty() || is_private_address(text)) {
        transfer.refused_address_ = text;
        errno = EACCES;
        return CURL_SOCKET_BAD;
      }
    }
  } catch (...) {
    return CURL_SOCKET_BAD;
  }
  // CLOEXEC: the decoder processes must not inherit connections.
  const int fd = ::socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
  const int buffer = transfer.request_.paced ? transfer.settings_.socket_buffer_bytes : 0;
  if (fd >= 0 && buffer > 0) ::setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &buffer, sizeof buffer);
  return fd;
}

int CurlTransfer::on_before_request(void* self, char* peer, char*, int, int) noexcept {
  auto& transfer = *static_cast<CurlTransfer*>(self);
  try {
    transfer.connected_ = true;
    transfer.made_progress();
    const bool checked = !transfer.request_.allow_private_address && !transfer.through_proxy_;
    if (!checked || !is_private_address(peer)) return CURL_PREREQFUNC_OK;
    transfer.refused_address_ = peer;
  } catch (...) {
  }
  return CURL_PREREQFUNC_ABORT;
}

// ---------------------------------------------------------------- what arrives

void CurlTransfer::made_progress() {
  progress_at_ = steady_now();
  progress_bytes_ = bytes_received_;
}

bool CurlTransfer::fail(TransferError error, std::string detail) {
  failure_ = failure(error, std::move(detail));
  return false;
}

bool CurlTransfer::take_header_line(std::string_view line) {
  header_bytes_ += line.size();  // trailers too: libcurl keeps each of them
  if (header_bytes_ > kHeaderBytesMax || ++header_lines_ > kHeaderLinesMax)
    return fail(TransferError::protocol,
                fmt::format("the answer's headers have no end: more than {} or {} lines of them came",
                            format_bytes(kHeaderBytesMax), kHeaderLinesMax));
  if (headers_done_ && !line.starts_with("HTTP/")) return true;  // a trailer
  line = trim(line);
  if (line.empty()) return take_end_of_headers();
  if (line.starts_with("HTTP/")) {
    // Also the second of two: a 1xx came first.
    response_.headers.clear();
    headers_done_ = chunked_ = false;
    content_length_.reset();
    response_.status = 0;
    if (const std::size_t space = line.find(' '); space != std::string_view::npos)
      response_.status = static_cast<int>(whole_number<std::uint64_t>(line.substr(space + 1, 3)).value_or(0));
    if (response_.status >= 200) made_progress();  // 1xx says that there is nothing yet
    return true;
  }
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos) return true;
  std::string name = lower(line.substr(0, colon));
  const std::string_view value = trim(line.substr(colon + 1));
  if (name == "content-length") content_length_ = whole_number<std::uint64_t>(value);
  if (name == "transfer-encoding") chunked_ = true;
  response_.headers.emplace_back(std::move(name), value);
  return true;
}

bool CurlTransfer::take_end_of_headers() {
  headers_done_ = true;
  if (response_.status < 200 || request_.on_body) return true;
  if (content_length_ && *content_length_ > request_.body_bytes_max)
    return fail(TransferError::too_large,
                fmt::format("the body is {} long, the limit is {}", format_bytes(*content_length_),
                            format_bytes(request_.body_bytes_max)));
  if (content_length_) response_.body.expect(*content_length_);
  return true;
}

bool CurlTransfer::may_hand_over() const {
  return !request_.on_body || !request_.may_hand_over || response_.status != 200 || request_.may_hand_over();
}

CURLcode CurlTransfer::hand_over() {
  made_progress();  // it was us who did not read
  held_back_ = false;
  return curl_easy_pause(easy_.get(), CURLPAUSE_CONT);
}

bool CurlTransfer::take_bytes(std::string_view bytes) {
  bytes_received_ += bytes.size();
  if (bytes_received_ - progress_bytes_ >= kProgressBytes) made_progress();
  if (request_.hash_body) hash_.update(bytes);
  if (request_.on_body && response_.status == 200)
    return request_.on_body(bytes) || fail(TransferError::aborted, "the reader of the body asked to stop");
  if (bytes_received_ > request_.body_bytes_max)
    return fail(TransferError::too_large, fmt::format("the body is longer than the limit of {}",
                                                      format_bytes(request_.body_bytes_max)));
  response_.body.append(bytes);
  return true;
}

// ---------------------------------------------------------------- the limits of time

SteadyTime CurlTransfer::next_check(SteadyTime now) const {
  // Not connected yet, the stall limit begins at some moment from now on, and may be the shorter one; so it is with the
  // first byte, from which on the stall limit counts.
  const Millis first_byte = awaits_first_byte() ? request_.first_byte_ms_max : request_.limits.stall_ms_max;
  SteadyTime next = connected_ ? progress_at_ + first_byte : started_at_ + request_.limits.connect_ms_max;
  if (!connected_) next = std::min<SteadyTime>(next, now + first_byte);
  if (!connected_ || awaits_first_byte())
    next = std::min<SteadyTime>(next, now + request_.limits.stall_ms_max);
  if (request_.limits.total_ms_max.count() > 0)
    next = std::min<SteadyTime>(next, started_at_ + request_.limits.total_ms_max);
  return next;
}

std::optional<TransferError> CurlTransfer::passed_limit(SteadyTime now) const {
  if (request_.limits.total_ms_max.count() > 0 && now >= started_at_ + request_.limits.total_ms_max)
    return TransferError::timeout_total;
  if (!connected_) {
    if (now >= started_at_ + request_.limits.connect_ms_max) return TransferError::timeout_connect;
  } else if (now >= progress_at_ +
                        (awaits_first_byte() ? request_.first_byte_ms_max : request_.limits.stall_ms_max)) {
    return TransferError::timeout_stall;
  }
  return std::nullopt;
}

// ---------------------------------------------------------------- what became of it

void CurlTransfer::set_reading(bool reading) {
  // Refused while there is no connection yet; then nothing is read either.
  curl_easy_pause(easy_.get(), reading ? CURLPAUSE_CONT : CURLPAUSE_RECV);
}

void CurlTransfer::stop_halting() {
  ending_ = true;
  curl_easy_pause(easy_.get(), CURLPAUSE_CONT);
}

bool CurlTransfer::used_http2() const {
  long version = 0;
  curl_easy_getinfo(easy_.get(), CURLINFO_HTTP_VERSION, &version);
  return version == CURL_HTTP_VERSION_2_0 || (version == CURL_HTTP_VERSION_NONE && tries_http2_);
}

TransferFailure CurlTransfer::failure(TransferError error, std::string detail) const {
  return {error, std::move(detail), response_.status, bytes_received_};
}

TransferFailure CurlTransfer::failure_of(CURLcode code) const {
  if (refused_address_ && (code == CURLE_COULDNT_CONNECT || code == CURLE_ABORTED_BY_CALLBACK))
    return failure(TransferError::address_refused, refusal_of(*refused_address_));
  long os_error = 0;
  curl_easy_getinfo(easy_.get(), CURLINFO_OS_ERRNO, &os_error);
  CurlEnding ending;
  ending.os_error = os_error;
  ending.connected = connected_;
  ending.in_body = headers_done_ && response_.status >= 200;
  ending.over_http2 = used_http2();
  ending.asked_for_coding = request_.accept_compression;
  ending.coded = response_.header("content-encoding").has_value();
  const TransferError error = error_of(code, ending);
  return failure(error, error_text_[0] != '\0' ? error_text_ : curl_easy_strerror(code));
}

Response CurlTransfer::take_response() {
  long version = 0;
  curl_off_t on_the_wire = 0;
  curl_easy_getinfo(easy_.get(), CURLINFO_HTTP_VERSION, &version);
  curl_easy_getinfo(easy_.get(), CURLINFO_SIZE_DOWNLOAD_T, &on_the_wire);
  Response response = std::move(response_);
  response.body.close();
  response.http_version = version == CURL_HTTP_VERSION_2_0 ? 20 : version == CURL_HTTP_VERSION_1_0 ? 10 : 11;
  response.bytes_received = static_cast<std::uint64_t>(on_the_wire);
  const bool has_no_body = response.status == 204 || response.status == 304;
  response.length_was_announced = content_length_ || chunked_ || has_no_body || response.http_version == 20;
  if (request_.hash_body) response.sha256 = hash_.finish();
  if (request_.label_is_no_coding && looks_gzipped(response.body.head())) unpack(response);
  return response;
}

void CurlTransfer::unpack(Response& response) const {
  Body unpacked(request_.room);
  if (!unpack_gzip(response.body, request_.body_bytes_max, unpacked)) return;
  unpacked.close();
  response.body = std::move(unpacked);
  if (request_.hash_body) response.sha256 = sha256_of(response.body);
}

Completed CurlTransfer::finish(CURLcode code) {
  Completed completed{id_, {}};
  if (code == CURLE_OK && !failure_)
    completed.result = take_response();
  else
    completed.result = failure_ ? std::move(*failure_) : failure_of(code);
  end(completed);
  return completed;
}

Completed CurlTransfer::finish_as(TransferError error, std::string detail) {
  Completed completed{id_, failure(error, std::move(detail))};
  end(completed);
  return completed;
}

// Leaves nothing of this request behind for the next one.
void CurlTransfer::end(const Completed& completed) {
  log_request(request_, completed,
              std::chrono::duration_cast<Millis>(std::chrono::steady_clock::now() - started_at_));
  if (request_.auth) {
    curl_easy_reset(easy_.get());
    configure();
  }
  if (request_.hash_body) hash_.reset();
  request_ = {};
  response_ = {};
  headers_.reset();
  failure_.reset();
  refused_address_.reset();
  content_length_.reset();
  error_text_[0] = '\0';
  header_bytes_ = header_lines_ = 0;
  bytes_received_ = progress_bytes_ = 0;
  headers_done_ = chunked_ = connected_ = held_back_ = ending_ = false;
  id_ = 0;
}

}  // namespace medimirror
