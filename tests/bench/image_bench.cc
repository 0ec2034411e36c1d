// One core's worth of the image room, in pictures a second: what validation costs beside a bare decode, and
// what derivatives add. Pictures: 16 product-like JPEGs of 1500 × 1500, 150 to 300 KB.
#include <benchmark/benchmark.h>

#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "image/decoder_process.h"
#include "image/header.h"
#include "image/inspector.h"
#include "image/pictures.h"

namespace {

using namespace medimirror;
using vips::VImage;

const std::vector<std::string>& photos() {
  static const std::vector<std::string> made = [] {
    std::vector<std::string> all;
    for (int i = 0; i < 16; ++i)
      all.push_back(
          pictures::encoded(pictures::packshot(1500, 1500).gaussblur(0.6 + 0.02 * i).rot(VipsAngle(i % 4)),
                            ".jpg", VImage::option()->set("Q", 84 + i % 4)));
    return all;
  }();
  return made;
}

std::vector<Recipe> recipes(int count) {
  Recipe large, small;
  large.name = "large";
  large.width = large.height = 450;
  small.name = "small";
  small.width = small.height = 200;
  small.format = ImageFormat::webp;
  std::vector<Recipe> all{large, small};
  if (count == 3) return {small};
  all.resize(static_cast<std::size_t>(count));
  return all;
}

template <typename Work>
void for_each_photo(benchmark::State& state, Work work) {
  std::size_t next = 0, bytes = 0;
  for ([[maybe_unused]] auto _ : state) {
    const std::string& photo = photos()[next++ % photos().size()];
    bytes += photo.size();
    work(photo);
  }
  state.counters["photos/s"] =
      benchmark::Counter(static_cast<double>(state.iterations()), benchmark::Counter::kIsRate);
  state.counters["KB"] = static_cast<double>(bytes) / 1000 / static_cast<double>(state.iterations());
}

void header(benchmark::State& state) {
  const pictures::JpegLoader opened;
  for_each_photo(state, [](const std::string& photo) { benchmark::DoNotOptimize(inspect_header(photo)); });
}
BENCHMARK(header)->Unit(benchmark::kMillisecond);

// What libvips takes for the pixels alone, into one piece of memory.
void bare_decode(benchmark::State& state) {
  const pictures::JpegLoader opened;
  for_each_photo(state, [](const std::string& photo) {
    VipsBlob* blob = vips_blob_new(nullptr, photo.data(), photo.size());
    std::size_t size = 0;
    void* pixels = VImage::jpegload_buffer(blob).write_to_memory(&size);
    benchmark::DoNotOptimize(pixels);
    g_free(pixels);
    vips_area_unref(VIPS_AREA(blob));
  });
}
BENCHMARK(bare_decode)->Unit(benchmark::kMillisecond)->MeasureProcessCPUTime();

// Argument: 0 validates only, 1 adds the 450² JPEG, 2 the 200² WebP as well, 3 has the WebP alone.
void inspect(benchmark::State& state) {
  const std::vector<Recipe> wanted = recipes(static_cast<int>(state.range(0)));
  for_each_photo(state,
                 [&](const std::string& photo) { benchmark::DoNotOptimize(inspect_pixels(photo, wanted)); });
}
BENCHMARK(inspect)->Arg(0)->Arg(1)->Arg(2)->Arg(3)->Unit(benchmark::kMillisecond)->MeasureProcessCPUTime();

void inspect_in_process(benchmark::State& state) {
  const std::vector<Recipe> wanted = recipes(static_cast<int>(state.range(0)));
  Decoder decoder;
  decoder.warm_up();
  for_each_photo(state,
                 [&](const std::string& photo) { benchmark::DoNotOptimize(decoder.inspect(photo, wanted)); });
}
BENCHMARK(inspect_in_process)->Arg(0)->Arg(2)->Unit(benchmark::kMillisecond)->MeasureProcessCPUTime();

// The way of the shell tools: each size from the original.
void libvips_thumbnails(benchmark::State& state) {
  const pictures::JpegLoader opened;
  for_each_photo(state, [](const std::string& photo) {
    VipsBlob* blob = vips_blob_new(nullptr, photo.data(), photo.size());
    benchmark::DoNotOptimize(pictures::encoded(VImage::thumbnail_buffer(blob, 450), ".jpg"));
    benchmark::DoNotOptimize(pictures::encoded(VImage::thumbnail_buffer(blob, 200), ".webp"));
    vips_area_unref(VIPS_AREA(blob));
  });
}
BENCHMARK(libvips_thumbnails)->Unit(benchmark::kMillisecond)->MeasureProcessCPUTime();

void encode(benchmark::State& state) {
  const VImage picture =
      pictures::packshot(1500, 1500).gaussblur(1.0).thumbnail_image(state.range(0) ? 200 : 450).copy_memory();
  for_each_photo(state, [&](const std::string&) {
    benchmark::DoNotOptimize(
        pictures::encoded(picture, state.range(0) ? ".webp" : ".jpg", VImage::option()->set("Q", 82)));
  });
}
BENCHMARK(encode)->Arg(0)->Arg(1)->Unit(benchmark::kMillisecond)->MeasureProcessCPUTime();

}  // namespace

int main(int argc, char** argv) {
  if (argc == 2 && std::string_view(argv[1]) == "decoder-process") return medimirror::decoder_process_main(3);
  medimirror::start_vips();
  photos();  // made outside of what is measured
  benchmark::Initialize(&argc, argv);
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
