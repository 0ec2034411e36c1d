// The bare loops that whole runs of medimirror are compared with; scripts/bench.sh runs them.
//   limits_bench decode FOLDER   every picture of the folder through the decoder's code, with a 450² JPEG and a 200² WebP
//                                of each: bytes in memory, one process a core, nothing else
//   limits_bench codecs FOLDER   the calls of libjpeg-turbo and libwebp for the same, and nothing else
//   limits_bench small FOLDER    every picture decoded by libjpeg-turbo at an eighth of its size: all of its data, hardly a pixel
//   limits_bench parse FILE      simdjson over every line of a listing in memory, and nothing else
// Prints one line of JSON: seconds and cpu_seconds, both without the reading of the input.
#include <fmt/format.h>
#include <simdjson.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <new>
#include <string>
#include <string_view>
#include <thread>
#include <variant>
#include <vector>

// wants what cstdio and cstddef declare
#include <jpeglib.h>

#include "base/file.h"
#include "image/derivative.h"
#include "image/inspector.h"
#include "image/jpeg_encoder.h"
#include "image/resample.h"
#include "image/vips_runtime.h"
#include "image/webp_encoder.h"

namespace {

using namespace medimirror;

double cpu_seconds(int who) {
  rusage usage{};
  getrusage(who, &usage);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + 1e-6 * static_cast<double>(t.tv_usec);
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

template <typename Work>
int measured(int who, Work work) {
  const auto begin = std::chrono::steady_clock::now();
  const double cpu_before = cpu_seconds(who);
  const bool good = work();
  const std::chrono::duration<double> wall = std::chrono::steady_clock::now() - begin;
  fmt::print("{{\"seconds\": {:.6f}, \"cpu_seconds\": {:.6f}}}\n", wall.count(),
             cpu_seconds(who) - cpu_before);
  return good ? 0 : 1;
}

std::vector<Recipe> recipes() {
  Recipe medium, thumb;
  medium.name = "medium";
  medium.width = medium.height = 450;
  thumb.name = "thumb";
  thumb.width = thumb.height = 200;
  thumb.format = ImageFormat::webp;
  return {medium, thumb};
}

std::vector<std::string> photos_of(const std::filesystem::path& folder) {
  std::vector<std::string> photos;
  for (const auto& entry : std::filesystem::directory_iterator(folder))
    if (entry.path().extension() == ".jpg") photos.push_back(read_file(entry.path()));
  return photos;
}

// One process a core; each takes the next photo when it is done with one. `one` says whether it could.
template <typename One>
int on_all_cores(std::size_t photos, One one) {
  void* shared = ::mmap(nullptr, sizeof(std::atomic<std::size_t>), PROT_READ | PROT_WRITE,
                        MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (shared == MAP_FAILED) return 1;
  auto* next = new (shared) std::atomic<std::size_t>(0);
  return measured(RUSAGE_CHILDREN, [&] {
    const unsigned processes = std::max(1U, std::thread::hardware_concurrency());
    for (unsigned i = 0; i < processes; ++i) {
      if (::fork() != 0) continue;
      start_vips();
      for (std::size_t at; (at = next->fetch_add(1)) < photos;)
        if (!one(at)) ::_exit(1);
      ::_exit(0);
    }
    bool good = true;
    for (int status = 0; ::wait(&status) > 0;) good = good && status == 0;
    return good;
  });
}

int decode(const std::filesystem::path& folder) {
  const std::vector<std::string> photos = photos_of(folder);
  const std::vector<Recipe> wanted = recipes();
  return on_all_cores(photos.size(), [&](std::size_t at) {
    return std::holds_alternative<Inspection>(inspect_pixels(photos[at], wanted));
  });
}

// ---------------------------------------------------------------- the codecs alone

// A photo at 1/`divisor` of its size; libjpeg ends the process when it cannot.
Pixels decoded(const std::string& photo, unsigned divisor) {
  jpeg_decompress_struct jpeg{};
  jpeg_error_mgr errors;
  jpeg.err = jpeg_std_error(&errors);
  jpeg_create_decompress(&jpeg);
  jpeg_mem_src(&jpeg, reinterpret_cast<const unsigned char*>(photo.data()), photo.size());
  jpeg_read_header(&jpeg, TRUE);
  jpeg.scale_num = 1;
  jpeg.scale_denom = divisor;
  jpeg_start_decompress(&jpeg);
  Pixels pixels{
      jpeg.output_width, jpeg.output_height, static_cast<std::uint32_t>(jpeg.output_components), {}};
  pixels.data.resize(pixels.row_bytes() * pixels.height);
  while (jpeg.output_scanline < jpeg.output_height) {
    JSAMPROW row = pixels.row(jpeg.output_scanline);
    jpeg_read_scanlines(&jpeg, &row, 1);
  }
  jpeg_finish_decompress(&jpeg);
  jpeg_destroy_decompress(&jpeg);
  return pixels;
}

// Decoding at the scale that the recipes need, and encoding what was resampled before the clock ran.
int codecs(const std::filesystem::path& folder) {
  constexpr std::size_t kMadeMax = 100;  // of more photos the first ones are encoded again
  const std::vector<std::string> photos = photos_of(folder);
  const std::vector<Recipe> wanted = recipes();
  std::vector<std::array<Pixels, 2>> made;
  for (std::size_t i = 0; i < std::min(kMadeMax, photos.size()); ++i) {
    const Pixels half = decoded(photos[i], 2);
    auto& pair = made.emplace_back();
    for (std::size_t one = 0; one < pair.size(); ++one) {
      const DerivativeSize size = place(half.width, half.height, wanted[one]);
      pair[one] = resample(half, half.width, half.height, size.width, size.height);
    }
  }
  return on_all_cores(photos.size(), [&](std::size_t at) {
    const auto& [medium, thumb] = made[at % made.size()];
    return !decoded(photos[at], 2).data.empty() && !encode_jpeg(medium, wanted[0].quality).empty() &&
           !encode_webp(thumb, wanted[1].quality).empty();
  });
}

int decode_small(const std::filesystem::path& folder) {
  const std::vector<std::string> photos = photos_of(folder);
  return on_all_cores(photos.size(), [&](std::size_t at) { return !decoded(photos[at], 8).data.empty(); });
}

int parse(const std::filesystem::path& file) {
  const simdjson::padded_string text(read_file(file));
  return measured(RUSAGE_SELF, [&] {
    simdjson::dom::parser parser;
    parser.threaded = false;
    simdjson::dom::document_stream stream;
    if (parser.parse_many(text).get(stream)) return false;
    bool good = true;
    for (auto document : stream) good = good && document.error() == simdjson::SUCCESS;
    return good;
  });
}

}  // namespace

int main(int argc, char** argv) {
  const std::string_view what = argc == 3 ? argv[1] : "";
  if (what == "decode") return decode(argv[2]);
  if (what == "codecs") return codecs(argv[2]);
  if (what == "small") return decode_small(argv[2]);
  if (what == "parse") return parse(argv[2]);
  fmt::print(stderr, "usage: limits_bench decode FOLDER | codecs FOLDER | small FOLDER | parse FILE\n");
  return 2;
}
