// How much processor time the transport itself costs: fetches URL_PREFIX0, URL_PREFIX1, … and drops the
// bodies.
//   http_bench URL_PREFIX COUNT [AT_ONCE]
// Prints files a second and CPU milliseconds a file. Compare with curl -Z --parallel-max AT_ONCE over the
// same files.
#include <fmt/format.h>
#include <sys/resource.h>

#include <chrono>
#include <cstdlib>
#include <string>

#include "http/curl_transport.h"

namespace {

double cpu_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + 1e-6 * static_cast<double>(t.tv_usec);
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

}  // namespace

int main(int argc, char** argv) {
  using namespace medimirror;
  if (argc < 3) {
    fmt::print(stderr, "usage: http_bench URL_PREFIX COUNT [AT_ONCE]\n");
    return 2;
  }
  const std::string prefix = argv[1];
  const std::size_t count = std::strtoul(argv[2], nullptr, 10);
  const std::size_t at_once = argc > 3 ? std::strtoul(argv[3], nullptr, 10) : 16;
  CurlTransportOptions options;
  options.user_agent = "medimirror-bench/1 (localhost)";
  options.connections_per_host = options.requests_max = at_once;
  const auto transport = make_curl_transport(options);

  const auto begin = std::chrono::steady_clock::now();
  std::size_t started = 0, done = 0, failed = 0, bytes = 0;
  while (done < count) {
    for (; started < count; ++started) {
      Request request;
      request.url = *parse_url(fmt::format("{}{}", prefix, started));
      if (!transport->can_start(request.url)) break;
      request.allow_private_address = true;
      request.hash_body = std::getenv("BENCH_NO_HASH") == nullptr;
      transport->start(std::move(request));
    }
    for (const Completed& one : transport->wait(begin + std::chrono::minutes(10))) {
      ++done;
      const auto* response = std::get_if<Response>(&one.result);
      if (response != nullptr && response->status == 200)
        bytes += response->body.size();
      else
        ++failed;
    }
  }
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  fmt::print("{} files, {} failed, {:.1f} MB, {:.0f} files/s, {:.3f} CPU ms a file\n", done, failed,
             static_cast<double>(bytes) / 1e6, static_cast<double>(done) / seconds,
             1000 * cpu_seconds() / static_cast<double>(done));
  return failed == 0 ? 0 : 1;
}
