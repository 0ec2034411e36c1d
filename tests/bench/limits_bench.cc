// The bare loops that whole runs of medimirror are compared with; scripts/bench.sh runs them.
//   limits_bench decode FOLDER   every picture of the folder through the decoder's code, with a 450² JPEG and a 200² WebP
//                                of each: bytes in memory, one process a core, nothing else
//   limits_bench parse FILE      simdjson over every line of a listing in memory, and nothing else
// Prints one line of JSON: seconds and cpu_seconds, both without the reading of the input.
#include <fmt/format.h>
#include <simdjson.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <new>
#include <string>
#include <string_view>
#include <thread>
#include <variant>
#include <vector>

#include "base/file.h"
#include "image/inspector.h"
#include "image/vips_runtime.h"

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

int decode(const std::filesystem::path& folder) {
  std::vector<std::string> pictures;
  for (const auto& entry : std::filesystem::directory_iterator(folder))
    if (entry.path().extension() == ".jpg") pictures.push_back(read_file(entry.path()));
  const std::vector<Recipe> wanted = recipes();
  // shared by the processes, so that each takes the next picture when it is done with one
  void* shared = ::mmap(nullptr, sizeof(std::atomic<std::size_t>), PROT_READ | PROT_WRITE,
                        MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (shared == MAP_FAILED) return 1;
  auto* next = new (shared) std::atomic<std::size_t>(0);
  return measured(RUSAGE_CHILDREN, [&] {
    const unsigned processes = std::max(1U, std::thread::hardware_concurrency());
    for (unsigned i = 0; i < processes; ++i) {
      if (::fork() != 0) continue;
      start_vips();
      for (std::size_t at; (at = next->fetch_add(1)) < pictures.size();)
        if (std::holds_alternative<Rejection>(inspect_pixels(pictures[at], wanted))) ::_exit(1);
      ::_exit(0);
    }
    bool good = true;
    for (int status = 0; ::wait(&status) > 0;) good = good && status == 0;
    return good;
  });
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
  if (what == "parse") return parse(argv[2]);
  fmt::print(stderr, "usage: limits_bench decode FOLDER | parse FILE\n");
  return 2;
}
