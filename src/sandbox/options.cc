#include "sandbox/options.h"

#include <CLI/CLI.hpp>

#include "base/error.h"

namespace medimirror::sandbox {
namespace {

constexpr const char* kFooter = R"(
The API is under /v4, the pictures under /media, and under /sandbox:
  POST   /sandbox/evolve        {"new": 5, "changed": 2, "query_changed": 1, "touched": 3, "unpublished": 1,
                                "removed": 1, "reuploaded": 1}; a list of media ids may stand for a count
  POST   /sandbox/faults        {"kind": "status", "path": "/media/*", "status": 503, "retry_after": 3, "count": 2}
  GET    /sandbox/faults        the rules in force      DELETE /sandbox/faults  none any more
  GET    /sandbox/stats         requests by endpoint    POST /sandbox/stats/reset
  GET    /sandbox/truth         per medium what a mirror should hold (?published=true&type=frontal&digests=1)
  GET    /sandbox/oddities      the ids at which each oddity of the catalogue can be met

Kinds of fault: short_body, broken_chunked, cut_without_length, html, empty, flipped_bit, status, reset, stall,
latency, drip, redirect, stream_cut, stream_error, listing_empty, listing_half, listing_half_lying.
Keys of a fault: path (a glob, or a regular expression after ~), count, each (count for each path by itself),
probability, status, retry_after (seconds, or date:SECONDS), at_byte, ms, location ({target}: what was asked),
clean (a stream_cut that HTTP does not notice).

Without --state nothing is remembered: the same command line always starts the same catalogue.)";

}  // namespace

Options parse_options(int argc, const char* const* argv) {
  Options options;
  ServiceOptions& service = options.service;
  CLI::App app("A stand-in for the Medipim service, to try, test and measure medimirror against.",
               "medimirror-sandbox");
  app.footer(kFooter);
  app.set_version_flag("--version", "medimirror-sandbox " MEDIMIRROR_VERSION);

  app.add_option("--host", options.server.host, "Address to listen on")->capture_default_str();
  app.add_option("--port", options.server.port, "Port; 0 takes a free one")
      ->capture_default_str()
      ->check(CLI::Range(0, 65535));
  std::string port_file, state, pictures = "real", oddities = "on";
  app.add_option("--port-file", port_file, "Write the port here as soon as requests are served");
  app.add_option("--threads", options.server.threads, "Connections at once")
      ->capture_default_str()
      ->check(CLI::Range(1, 900));

  app.add_option("--media", service.catalogue.media, "Number of media items")
      ->capture_default_str()
      ->check(CLI::Range(0, 100'000'000));
  app.add_option("--products", service.catalogue.products, "Number of products")
      ->capture_default_str()
      ->check(CLI::Range(0, 3'900'000));
  app.add_option("--seed", service.catalogue.seed, "Everything follows from it")->capture_default_str();
  app.add_option("--oddities", oddities, "Odd shapes in the catalogue: on or off")
      ->capture_default_str()
      ->check(CLI::IsMember({"on", "off"}));
  app.add_option("--same-picture", service.catalogue.same_picture,
                 "So many media, the first ones, have equal bytes")
      ->capture_default_str();
  app.add_option("--pictures", pictures,
                 "real: product-like, up to 1500x1500; small: a few hundred bytes each")
      ->capture_default_str()
      ->check(CLI::IsMember({"real", "small"}));
  app.add_option("--state", state, "Folder that remembers evolution and drawn pictures");
  app.add_option("--evolve", options.evolve, "Evolve before serving, as POST /sandbox/evolve; JSON");

  app.add_option("--public-url", service.public_url,
                 "Start of absolute media URLs, without a slash at the end [own address]");
  app.add_option("--media-host", service.media_host,
                 "Host of the URLs that start with //; without it there are none");
  app.add_option("--key-id", service.api.key_id, "API key id")->capture_default_str();
  app.add_option("--secret", service.api.secret, "API secret")->capture_default_str();
  app.add_option("--expired-key-id", service.api.expired_key_id, "A key id that is refused with 403")
      ->capture_default_str();
  app.add_option("--requests-per-minute", service.api.requests_per_minute, "Limit of the API; 0 for none")
      ->capture_default_str()
      ->check(CLI::Range(0, 1'000'000'000));
  app.add_option("--retry-after", service.api.retry_after,
                 "Seconds, sent with the 429 of that limit; 0: not sent")
      ->capture_default_str()
      ->check(CLI::Range(0, 86'400));
  int latency_ms = 0;
  app.add_option("--latency", latency_ms, "Milliseconds before each reply")
      ->capture_default_str()
      ->check(CLI::Range(0, 600'000));
  app.add_option("--fault", service.faults, "kind,path=GLOB,count=N,…; may be given several times")
      ->allow_extra_args(false)
      ->delimiter('\0');

  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    options.help_text = app.help();
    return options;
  } catch (const CLI::CallForVersion& version) {
    options.help_text = std::string(version.what()) + "\n";
    return options;
  } catch (const CLI::ParseError& error) {
    throw Error(ErrorKind::usage, error.what());
  }
  if (!port_file.empty()) options.port_file = port_file;
  if (!state.empty()) service.state = state;
  service.pictures = pictures == "small" ? PictureStyle::small : PictureStyle::real;
  service.catalogue.oddities = oddities == "on";
  service.latency = std::chrono::milliseconds(latency_ms);
  while (service.public_url.ends_with('/')) service.public_url.pop_back();
  return options;
}

}  // namespace medimirror::sandbox
