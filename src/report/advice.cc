#include "report/advice.h"

#include <array>

namespace medimirror {

namespace {

struct Row {
  std::string_view reason;
  Advice advice;
};

constexpr std::string_view kTriesAgain = "Nothing: the next run tries again.";
constexpr std::string_view kTellService =
    "Tell the service which media these are; each run tries again, and a corrected picture is taken up by "
    "itself.";
constexpr std::string_view kOlderStays =
    "An older picture, where there is one, stays published. If it lasts, tell the service which media these "
    "are.";

constexpr auto kRows = std::to_array<Row>({
    {"http_404", {"listed, but the media host says that the picture is not there", kOlderStays}},
    {"http_410", {"listed, but the media host says that the picture is gone for good", kOlderStays}},
    {"http_401",
     {"the media host wants a login",
      "Look whether [media] base_url is right; pictures are normally public, and the API key is never sent "
      "there."}},
    {"http_403",
     {"the media host refuses to give the picture",
      "If it refuses everything, it may not allow this User-Agent or this machine's address: look at "
      "`contact` in the "
      "config and ask the service. If it refuses a few, tell the service which."}},
    {"http_408", {"the media host lost patience with us", kTriesAgain}},
    {"http_416", {"the media host refused the request's range", kTellService}},
    {"http_429",
     {"the media host limits how much we may ask",
      "Lower [media] connections, or run at a quieter hour; the next run tries again."}},
    {"http_451", {"the picture is withheld for legal reasons", "Ask the service why; each run tries again."}},
    {"html_page",
     {"a web page came in the picture's place, mostly an error page or a login page",
      "Open one of the URLs in a browser to see what it says. If all pictures come so, something between "
      "this machine "
      "and the media host (a proxy, a firewall) answers for it."}},
    {"empty", {"the media host sent nothing at all", kTellService}},
    {"not_an_image",
     {"what came is no picture",
      "Look at its first bytes with `medimirror show ID`; tell the service if it stays."}},
    {"unsupported", {"a picture of a kind that is not taken (SVG, TIFF, PDF and the like)", kTellService}},
    {"truncated", {"the picture ends early, each time it was fetched", kTellService}},
    {"damaged", {"the picture is complete but broken inside", kTellService}},
    {"too_large",
     {"the picture exceeds the limits for bytes, pixels or pages",
      "Look at it with `medimirror show ID`; if it is good, raise the limits in the config."}},
    {"decoder_crashed",
     {"the picture made the decoder crash, twice",
      "The picture was not taken. Please report it to the makers of medimirror, with its URL."}},
    {"decoder_timed_out",
     {"decoding the picture took too long",
      "On a busy or slow machine raise the decoder's time limit in the config; else the picture is bad."}},
    {"wrong_digest",
     {"the bytes differ from the checksum that the server sent with them",
      "If it stays, something on the way alters the bytes, or the server's copy is damaged: tell the "
      "service."}},
    {"short_body", {"the transfer ended before all announced bytes had come", kTriesAgain}},
    {"reset", {"the connection was cut in mid-transfer", kTriesAgain}},
    {"aborted", {"the transfer was given up because the run stopped", kTriesAgain}},
    {"not_processed", {"the server closed the connection before it looked at the request", kTriesAgain}},
    {"protocol", {"the server did not speak proper HTTP", kTriesAgain}},
    {"resolve",
     {"the host's name could not be resolved",
      "Look at this machine's DNS and at [media] base_url; the next run tries again."}},
    {"connect",
     {"no connection to the host could be made",
      "Look at the network, the proxy settings and the firewall; the next run tries again."}},
    {"tls",
     {"the secure connection failed",
      "Look at this machine's clock and its CA certificates (package ca-certificates), and at the proxy."}},
    {"timeout_connect", {"the host did not answer in time when connecting", kTriesAgain}},
    {"timeout_stall",
     {"the transfer stood still for too long",
      "If there are many, lower [media] connections; the next run tries again."}},
    {"timeout_total",
     {"the transfer took longer than it may",
      "On a slow line lower [media] connections, so that each gets more of it; the next run tries again."}},
    {"too_many_redirects", {"the URL redirects without end", kTellService}},
    {"bad_redirect",
     {"the URL redirects to something that is not an allowed address",
      "If the new host is the service's own, add it to [media] allowed_hosts."}},
    {"bad_url", {"the listed URL is none", kTellService}},
    {"host_not_allowed",
     {"the URL is of a host that is not in [media] allowed_hosts",
      "If the host is the service's own, add it to [media] allowed_hosts and run again."}},
    {"address_refused",
     {"the host's address is a private one, which is never fetched unless allowed",
      "If that is meant (a mirror in your own network), set allow_private_addresses = true under [media]."}},
    {"retry_after",
     {"the media host asked that the picture be left alone for longer than a run lasts",
      "Nothing: it is not asked for before; the first run after that time asks again."}},
    {"breaker",
     {"the host failed so often in a row that it was left in peace",
      "Look at the notes above for what it said; the next run tries again."}},
    {"retry_budget", {"so much had failed that nothing more was repeated in this run", kTriesAgain}},
});

}  // namespace

Advice advice_for(std::string_view reason) {
  for (const Row& row : kRows)
    if (row.reason == reason) return row.advice;
  if (reason.starts_with("http_5")) return {"the media host has trouble of its own", kTriesAgain};
  if (reason.starts_with("http_4")) return {"the media host refuses the request", kTellService};
  if (reason.starts_with("http_"))
    return {"the media host gave an answer that is not understood", kTellService};
  return {"the picture was not got", "`medimirror show ID` tells each attempt; the next run tries again."};
}

}  // namespace medimirror
