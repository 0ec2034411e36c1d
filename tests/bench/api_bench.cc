// What a line of an unchanged stream costs, beside simdjson parsing the same bytes and nothing else.
#include <benchmark/benchmark.h>
#include <fmt/format.h>
#include <simdjson.h>

#include <cstring>
#include <string>
#include <vector>

#include "api/caller.h"
#include "api/reply_parser.h"
#include "api/stream.h"
#include "support/fake_transport.h"

namespace medimirror {
namespace {

constexpr int kLines = 100'000;

// As a frontal of the service looks, with the slashes escaped as PHP writes them.
const std::string& realistic_stream() {
  static const std::string* const stream = [] {
    auto* text = new std::string;
    const auto url = [](int id, std::string_view size, std::string_view type) {
      return fmt::format(R"(https:\/\/assets.medipim.be\/media\/{}\/{:032x}.{})", size, id * 2654435761u,
                         type);
    };
    for (int i = 0; i < kLines; ++i)
      *text += fmt::format(
          "{{\"meta\":{{\"total\":{},\"index\":{}}},\"result\":{{\"id\":{},\"type\":\"frontal\",\"locales\":["
          "\"nl\",\"en\"],"
          "\"targetGroups\":[\"public\",\"pharmacist\",\"webshop\"],\"photoType\":\"packshot\",\"formats\":{{"
          "\"thumbnail\":\"{}\",\"medium\":\"{}\",\"mediumJpeg\":\"{}\",\"largePng\":\"{}\",\"large\":\"{}\","
          "\"hugePng\":\"{}\",\"huge\":\"{}\"}},\"displayOrder\":1,\"meta\":{{\"createdAt\":1785941124,"
          "\"updatedAt\":1786089673}}}}}}\n",
          kLines, i, 500'000 + i, url(i, "thumbnail", "jpeg"), url(i, "medium", "png"),
          url(i, "medium", "jpeg"), url(i, "large", "png"), url(i, "large", "jpeg"), url(i, "huge", "png"),
          url(i, "huge", "jpeg"));
    return text;
  }();
  return *stream;
}

void report(benchmark::State& state) {
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(realistic_stream().size()));
  state.SetItemsProcessed(state.iterations() * kLines);
}

void simdjson_dom_many(benchmark::State& state) {
  const simdjson::padded_string text(realistic_stream());
  simdjson::dom::parser parser;
  for (auto _ : state) {
    std::size_t documents = 0;
    simdjson::dom::document_stream stream;
    if (parser.parse_many(text).get(stream)) state.SkipWithError("parse_many");
    for (auto document : stream) documents += document.error() == simdjson::SUCCESS;
    if (documents != kLines) state.SkipWithError("lines are missing");
  }
  report(state);
}
BENCHMARK(simdjson_dom_many)->Unit(benchmark::kMillisecond)->MeasureProcessCPUTime();

// Stage 1 over everything and a walk to the last field.
void simdjson_ondemand_many(benchmark::State& state) {
  const simdjson::padded_string text(realistic_stream());
  simdjson::ondemand::parser parser;
  for (auto _ : state) {
    std::uint64_t sum = 0;
    simdjson::ondemand::document_stream stream;
    if (parser.iterate_many(text).get(stream)) state.SkipWithError("iterate_many");
    for (auto document : stream) {
      std::uint64_t updated = 0;
      if (document["result"]["meta"]["updatedAt"].get_uint64().get(updated)) state.SkipWithError("field");
      sum += updated;
    }
    benchmark::DoNotOptimize(sum);
  }
  report(state);
}
BENCHMARK(simdjson_ondemand_many)->Unit(benchmark::kMillisecond)->MeasureProcessCPUTime();

void parse_lines(benchmark::State& state, StreamLine (ReplyParser::*parse)(std::string_view, Catalogue)) {
  std::string text = realistic_stream();
  text.append(ReplyParser::kPadding, '\0');
  ReplyParser parser;
  for (auto _ : state) {
    std::uint64_t sum = 0;
    std::string_view rest(text.data(), realistic_stream().size());
    while (!rest.empty()) {
      const auto* end = static_cast<const char*>(std::memchr(rest.data(), '\n', rest.size()));
      const std::string_view line = rest.substr(0, static_cast<std::size_t>(end - rest.data()));
      sum += (parser.*parse)(line, Catalogue::media).item.fingerprint.low;
      rest.remove_prefix(line.size() + 1);
    }
    benchmark::DoNotOptimize(sum);
  }
  report(state);
}
BENCHMARK_CAPTURE(parse_lines, short_cut, &ReplyParser::line)
    ->Unit(benchmark::kMillisecond)
    ->MeasureProcessCPUTime();
BENCHMARK_CAPTURE(parse_lines, by_simdjson, &ReplyParser::line_by_simdjson)
    ->Unit(benchmark::kMillisecond)
    ->MeasureProcessCPUTime();

// All of the listing: pieces of 16 KB in, items with fingerprints out.
void whole_listing(benchmark::State& state) {
  ApiOptions options;
  options.base_url = "https://api.test/v4";
  options.key_id = "1";
  options.secret = Secret("x");
  options.requests_per_minute = 1'000'000;
  const std::string& text = realistic_stream();
  std::vector<ListedItem> batch;
  for (auto _ : state) {
    ManualClock clock;
    FakeTransport transport(clock);
    transport.otherwise(ok(""));
    auto listing = list_media(options, MediaFilter{}, transport, clock);
    listing->advance(clock.steady_now());
    const auto& request = transport.started().front().request;
    std::uint64_t sum = 0;
    for (std::size_t at = 0; at < text.size(); at += 16'384) {
      request.on_body(std::string_view(text).substr(at, 16'384));
      while (listing->take(batch))
        for (const ListedItem& item : batch) sum += item.id ^ item.fingerprint.low;
    }
    benchmark::DoNotOptimize(sum);
    for (Completed& completed : transport.wait(clock.steady_now())) listing->handle(completed);
    listing->take(batch);
    if (listing->state() != Listing::State::complete) state.SkipWithError("not complete");
  }
  report(state);
}
BENCHMARK(whole_listing)->Unit(benchmark::kMillisecond)->MeasureProcessCPUTime();

}  // namespace
}  // namespace medimirror

BENCHMARK_MAIN();
