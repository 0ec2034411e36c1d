// A main for a fuzz target without a fuzzer: feeds it every file of the folders named, and each of them cut and bent in a
// fixed number of ways, so that a plain build replays the corpus in every test run.
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

constexpr int kBendingsPerFile = 300;

void feed(const std::string& bytes) {
  LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
}

std::string bent(std::string bytes, std::mt19937_64& random) {
  const auto position = [&] { return static_cast<std::size_t>(random() % (bytes.size() + 1)); };
  for (auto changes = 1 + random() % 4; changes > 0; --changes) {
    switch (random() % 4) {
      case 0:
        bytes.resize(position());
        break;
      case 1:
        if (!bytes.empty()) bytes[position() % bytes.size()] = static_cast<char>(random());
        break;
      case 2:
        bytes.insert(position(), 1 + random() % 8, static_cast<char>(random()));
        break;
      default: {
        const std::size_t from = position();
        bytes.insert(position(), std::string(bytes, from, random() % 64));
      }
    }
  }
  return bytes;
}

}  // namespace

int main(int argc, char** argv) {
  std::size_t files = 0, inputs = 0;
  std::mt19937_64 random(1);
  for (int i = 1; i < argc; ++i) {
    for (const auto& entry : std::filesystem::recursive_directory_iterator(argv[i])) {
      if (!entry.is_regular_file()) continue;
      std::ifstream file(entry.path(), std::ios::binary);
      const std::string bytes{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
      feed(bytes);
      for (int n = 0; n < kBendingsPerFile; ++n) feed(bent(bytes, random));
      ++files;
      inputs += 1 + kBendingsPerFile;
    }
  }
  std::printf("%zu files of the corpus, %zu inputs, no harm\n", files, inputs);
  return files > 0 ? 0 : 1;
}
