// Replays the corpus of the record fuzzer, and a fixed amount of noise, in every test run.
#include <gtest/gtest.h>

#include <filesystem>
#include <random>

#include "base/file.h"
#include "fuzz/record_fuzz.cc"

namespace medimirror {
namespace {

void feed(const std::string& bytes) {
  EXPECT_EQ(LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()), 0);
}

TEST(RecordFuzz, TheCorpusDoesNoHarm) {
  const std::filesystem::path corpus =
      std::filesystem::path(__FILE__).parent_path().parent_path() / "fuzz" / "corpus" / "record";
  std::size_t files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(corpus)) {
    feed(read_file(entry.path()));
    ++files;
  }
  EXPECT_GE(files, 10u);
}

TEST(RecordFuzz, NoiseDoesNoHarm) {
  std::mt19937_64 random(1);
  for (int i = 0; i < 50'000; ++i) {
    std::string bytes(2 + random() % 60, '\1');  // 1: the version that is taken
    for (std::size_t at = 2; at < bytes.size(); ++at)
      bytes[at] = static_cast<char>(random() >> (random() % 40));
    bytes[0] = static_cast<char>(random());
    feed(bytes);
  }
}

}  // namespace
}  // namespace medimirror
