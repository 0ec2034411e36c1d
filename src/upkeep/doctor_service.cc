// The service and a media host: one call without the key, one small listing, one picture.
#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <variant>

#include "base/error.h"
#include "base/page_quote.h"
#include "base/units.h"
#include "http/url.h"
#include "image/media_type.h"
#include "upkeep/doctor.h"

namespace medimirror {

namespace {

using Result = Check::Result;

constexpr Millis kRequestMax{30'000};
constexpr UnixSeconds kClockSkewMax = 300;

class ServiceDoctor {
 public:
  ServiceDoctor(const ServiceDoctorOptions& options, Transport& transport, const Clock& clock)
      : options_(options), transport_(transport), clock_(clock) {}

  std::vector<Check> examine() {
    if (examine_way() && examine_key()) examine_picture();
    return std::move(checks_);
  }

 private:
  void say(Result result, std::string what, std::string sentence) {
    checks_.push_back({result, std::move(what), std::move(sentence)});
  }

  std::variant<Response, TransferFailure> ask(const Url& url, bool allow_private) {
    Request request;
    request.url = url;
    request.allow_private_address = allow_private;
    request.limits.connect_ms_max = kRequestMax;
    request.limits.total_ms_max = kRequestMax;
    const RequestId id = transport_.start(std::move(request));
    const SteadyTime end = clock_.steady_now() + kRequestMax + Millis(5'000);
    while (clock_.steady_now() < end)
      for (Completed& completed : transport_.wait(end))
        if (completed.id == id) return std::move(completed.result);
    transport_.abort(id);
    return TransferFailure{TransferError::timeout_total, "no answer in time", 0, 0};
  }

  static std::string remedy(const TransferFailure& failure) {
    switch (failure.error) {
      case TransferError::resolve:
        return "check the name in the configuration, and this machine's resolver (/etc/resolv.conf)";
      case TransferError::tls:
        return "check that the package ca-certificates is installed, the clock, and whether a proxy opens "
               "TLS "
               "(SSL_CERT_FILE names its certificate)";
      case TransferError::address_refused:
        return "the name leads to a private address: check the resolver, or set "
               "media.allow_private_addresses if this "
               "is meant";
      default:
        return "check the network, a firewall, and https_proxy and no_proxy";
    }
  }

  // Name, connection, TLS, and the service's clock against ours.
  bool examine_way() {
    const std::optional<Url> url = parse_url(options_.api.base_url);
    if (!url || !url->is_http()) {
      say(Result::bad, "address of the service",
          fmt::format("api.base_url is no http(s) URL: {}", options_.api.base_url));
      return false;
    }
    const auto answer = ask(*parse_url(url->origin() + "/"), true);
    if (const auto* failure = std::get_if<TransferFailure>(&answer)) {
      say(Result::bad, "way to the service",
          fmt::format("{}: {} ({}); {}", url->origin(), failure->detail, name_of(failure->error),
                      remedy(*failure)));
      return false;
    }
    const auto& response = std::get<Response>(answer);
    say(Result::good, "way to the service",
        fmt::format("{} is found and answers{}", url->origin(),
                    url->scheme == "https" ? ", and its certificate holds" : " (without TLS)"));
    examine_clock(response);
    return true;
  }

  void examine_clock(const Response& response) {
    const auto date = response.header("date");
    const auto theirs = date ? parse_http_date(*date) : std::nullopt;
    if (!theirs) return;
    const UnixSeconds skew = clock_.unix_now() - *theirs;
    if (std::abs(skew) > kClockSkewMax) {
      say(Result::bad, "clock",
          fmt::format("this machine's clock is {} {} the service's: set it (timedatectl set-ntp true)",
                      format_duration(std::chrono::seconds(std::abs(skew))),
                      skew > 0 ? "ahead of" : "behind"));
    } else {
      say(Result::good, "clock", "it agrees with the service's");
    }
  }

  // One request: what the key may see, and of how many.
  bool examine_key() {
    FirstMedia first;
    try {
      first = first_media(options_.api, options_.filter, transport_, clock_);
    } catch (const Error& error) {
      say(Result::bad, "key", error.what());
      return false;
    }
    say(Result::good, "key",
        fmt::format("it is taken; the selection names {} media{}", format_count(first.total),
                    first.total == kTotalCap ? " or more, which is as far as the service counts" : ""));
    items_ = std::move(first.items);
    if (items_.empty())
      say(Result::warning, "selection",
          "it names no media at all: check the [select] section (`medimirror list`)");
    return true;
  }

  void examine_picture() {
    const std::optional<Url> base = parse_url(options_.media_base);
    const HostAllowList allowed(options_.allowed_hosts);
    std::string refusal;
    for (const MediaItem& item : items_)
      for (const MediaFormat& format : item.formats) {  // in listed order: small ones first
        const std::optional<Url> url = base ? resolve_url(*base, format.url) : parse_url(format.url);
        if (!url) continue;
        if (const auto reason = allowed.refusal(*url)) {
          refusal = *reason;
          continue;
        }
        return examine_picture(*url);
      }
    if (!refusal.empty())
      say(Result::bad, "picture",
          fmt::format("none of the first pictures may be fetched: {}; add the host to "
                      "media.allowed_hosts if it is the service's",
                      refusal));
  }

  void examine_picture(const Url& url) {
    const auto answer = ask(url, options_.allow_private_addresses);
    if (const auto* failure = std::get_if<TransferFailure>(&answer))
      return say(Result::bad, "picture",
                 fmt::format("{}: {} ({}); {}", url.display(), failure->detail, name_of(failure->error),
                             remedy(*failure)));
    const auto& response = std::get<Response>(answer);
    if (response.status == 403 || response.status == 406)
      return say(
          Result::bad, "picture",
          fmt::format(
              "{} answers {}: pictures want a User-Agent that says who asks; ours is \"{}\": set `contact` "
              "to an address of yours",
              url.origin(), response.status, options_.user_agent));
    if (response.status != 200)
      return say(Result::warning, "picture",
                 fmt::format("{} answers {} for {}: it may be that one picture; a sync tells", url.origin(),
                             response.status, url.display()));
    if (detect_format(response.body.view()) == ImageFormat::unknown)
      return say(Result::warning, "picture",
                 fmt::format("what {} gives is no picture{}", url.display(),
                             looks_like_html(response.body.view())
                                 ? fmt::format(" but a page: \"{}\"", quote_of_page(response.body.view()))
                                 : std::string()));
    say(Result::good, "picture",
        fmt::format("{} gives pictures to \"{}\" over HTTP/{}", url.origin(), options_.user_agent,
                    response.http_version == 20 ? "2" : "1.1"));
  }

  const ServiceDoctorOptions& options_;
  Transport& transport_;
  const Clock& clock_;
  std::vector<Check> checks_;
  std::vector<MediaItem> items_;
};

}  // namespace

std::vector<Check> examine_service(const ServiceDoctorOptions& options, Transport& transport,
                                   const Clock& clock) {
  return ServiceDoctor(options, transport, clock).examine();
}

}  // namespace medimirror
