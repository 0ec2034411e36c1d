#include "sandbox/service.h"

#include <stdlib.h>

#include <charconv>
#include <ctime>

#include "base/error.h"
#include "sandbox/compress.h"
#include "sandbox/media_files.h"
#include "sandbox/wire.h"

namespace medimirror::sandbox {
namespace {

std::filesystem::path make_scratch_folder() {
  std::string name = (std::filesystem::temp_directory_path() / "medimirror-sandbox-XXXXXX").string();
  if (mkdtemp(name.data()) == nullptr) throw_errno(errno, "make a temporary folder " + name);
  return name;
}

// In seconds from now; -1: none was sent.
double retry_after_of(const Reply& reply, UnixSeconds now) {
  for (const auto& [name, value] : reply.headers) {
    if (name != "Retry-After") continue;
    if (const auto date = parse_http_date(value)) return static_cast<double>(*date - now);
    double seconds = -1;
    std::from_chars(value.data(), value.data() + value.size(), seconds);
    return seconds;
  }
  return -1;
}

}  // namespace

Service::Service(const ServiceOptions& options, const Clock& clock)
    : options_(options),
      clock_(clock),
      evolution_(options.catalogue, options.state, clock),
      api_(options.api, clock),
      faults_(options.catalogue.seed),
      stats_(clock) {
  for (const std::string& fault : options_.faults) faults_.add_from_command_line(fault);
  hosts_.public_url = options_.public_url;
  hosts_.media_host = options_.media_host;
  if (options_.pictures == PictureStyle::small) {
    pictures_ = small_pictures();
  } else {
    if (!options_.state) scratch_ = make_scratch_folder();
    pictures_ = real_pictures((scratch_ ? *scratch_ : *options_.state) / "pictures");
  }
}

Service::~Service() {
  std::error_code ignored;
  if (scratch_) std::filesystem::remove_all(*scratch_, ignored);
}

void Service::set_own_address(const std::string& url) {
  if (hosts_.public_url.empty()) hosts_.public_url = url;
}

void Service::open(const Request& request) {
  stats_.begin(endpoint_of(request.path), request);
}

void Service::close(const Request& request, const Reply& reply, std::uint64_t body_bytes) {
  stats_.end(endpoint_of(request.path), request, reply.status, body_bytes,
             reply.status < 400 ? -1 : retry_after_of(reply, clock_.unix_now()));
}

Reply Service::answer(const Request& request) {
  const std::string_view endpoint = endpoint_of(request.path);
  if (endpoint == "admin") return administer(request);
  const auto stop = [this] { return stopping(); };
  if (options_.latency.count() > 0) wait_for(options_.latency, -1, stop);

  const auto fault = faults_.take(endpoint, request.path);
  if (fault && fault->kind == FaultKind::latency) wait_for(fault->wait, -1, stop);
  std::optional<Reply> reply;
  if (fault) reply = replacement(*fault, request);
  if (!reply) reply = answer_well(request, endpoint, fault ? lie_of(fault->kind) : ListingLie::none);

  if (fault) {
    const bool has_body = reply->status == 200 && (reply->producer || !reply->body.empty());
    if (needs_body(fault->kind) && !has_body) {
      faults_.give_back(*fault, request.path);
    } else {
      if (needs_body(fault->kind)) spoil(*fault, *reply);
      stats_.fault_applied(name_of(fault->kind));
    }
  }
  if (reply->compressible && accepts_gzip(request.accept_encoding) &&
      (reply->producer || !reply->body.empty()))
    compress(*reply);
  return *std::move(reply);
}

Reply Service::answer_well(const Request& request, std::string_view endpoint, ListingLie lie) {
  auto catalogue = evolution_.snapshot();
  if (endpoint == "media_file") return answer_media_file(request, *catalogue, *pictures_);
  return api_.answer(request, std::move(catalogue), hosts_, lie);
}

}  // namespace medimirror::sandbox
