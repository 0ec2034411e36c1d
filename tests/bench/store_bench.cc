// Micro-benchmarks of the store room. Arguments are stated in the names; files/s and ns are per item.
#include <benchmark/benchmark.h>
#include <sys/resource.h>

#include <random>
#include <thread>

#include "base/file.h"
#include "base/sha256.h"
#include "store/index.h"
#include "store/local_blob_store.h"
#include "support/temporary_folder.h"

namespace medimirror {
namespace {

constexpr std::size_t kPictureBytes = 45'000;

Digest digest_of(std::uint64_t n) {
  std::mt19937_64 random(n);
  Digest digest;
  for (auto& byte : digest.bytes) byte = static_cast<std::uint8_t>(random());
  return digest;
}

std::string url_of(MediaId id) {
  return "https://media.example.be/2024/03/photo/huge/" + std::to_string(id * 7919) + ".jpg?v=3";
}

AssetRecord asset_of(MediaId id, AssetState state) {
  AssetRecord record;
  record.state = state;
  record.url = url_of(id);
  record.source_format = "huge";
  record.first_listed = 1'700'000'000;
  if (state != AssetState::held) return record;
  record.digest = digest_of(id);
  record.held_url = record.url;
  record.etag = "\"5f3e-6123abcd\"";
  record.last_modified = "Tue, 05 Mar 2024 10:11:12 GMT";
  record.fetched_at = 1'700'000'100;
  record.attempts = {{1'700'000'100, 1, "fetched", "", 1}};
  return record;
}

// As the pipeline does it: two threads stage, then one commits.
void blob_commit(benchmark::State& state) {
  const auto group_size = static_cast<std::size_t>(state.range(0));
  const bool durable = state.range(1) != 0;
  const TemporaryFolder folder;
  const auto store = make_local_blob_store({folder / "store", durable});
  std::string picture(kPictureBytes, '\0');
  std::mt19937_64 random(1);
  for (char& c : picture) c = static_cast<char>(random());
  std::uint64_t next = 0;
  for (auto _ : state) {
    std::vector<StagedBlob> group(group_size);
    {
      const auto stage = [&](std::size_t from, std::size_t to) {
        for (std::size_t i = from; i < to; ++i) group[i] = store->stage(digest_of(next + i), picture, 1);
      };
      const std::jthread other([&] { stage(0, group_size / 2); });
      stage(group_size / 2, group_size);
    }
    store->commit(group);
    next += group_size;
  }
  state.counters["files"] = benchmark::Counter(static_cast<double>(next), benchmark::Counter::kIsRate);
}
BENCHMARK(blob_commit)
    ->ArgNames({"group", "durable"})
    ->ArgsProduct({{16, 64, 256}, {1, 0}})
    ->UseRealTime()
    ->MinTime(2)
    ->Unit(benchmark::kMillisecond);

// A million items of a first run: what the listing writes, then what fetching changes.
class FullIndex : public benchmark::Fixture {
 public:
  static constexpr MediaId kItems = 1'000'000;

  void SetUp(const benchmark::State&) override {
    if (index) return;
    Index::Options options;
    options.durable = false;
    index = Index::open(folder / "index", options);
    for (const bool fetched : {false, true})
      for (MediaId id = 1; id <= kItems;) {
        IndexGroup group = index->group();
        for (const MediaId end = id + 512; id < end && id <= kItems; ++id) write(group, id, fetched);
        group.commit();
      }
  }

  static void write(IndexGroup& group, MediaId id, bool fetched) {
    group.put_asset({id, "huge"}, asset_of(id, fetched ? AssetState::held : AssetState::wanted));
    if (fetched) {
      group.put_blob(digest_of(id), {kPictureBytes, {ImageFormat::jpeg, 1500, 1500, 1, false, ""}, 1, 1, 1});
      return;
    }
    MediaItem item;
    item.id = id;
    item.kind = MediaKind::photo;
    item.photo_type = "packshot";
    item.formats = {{"huge", url_of(id)}, {"large", url_of(id)}, {"medium", url_of(id)}};
    item.locales = {"nl", "fr"};
    item.created_at = item.updated_at = 1'700'000'000;
    group.put_media(item);
    group.put_mark(id, {id, id, 1, 0, false});
  }

  static inline TemporaryFolder folder;
  static inline std::unique_ptr<Index> index;
};

double memory_peak_mb() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) / 1024;
}

BENCHMARK_F(FullIndex, mark_walk)(benchmark::State& state) {
  for (auto _ : state) {
    const IndexView view = index->view();
    IndexView::MarkWalk walk(view);
    for (MediaId id = 1; id <= kItems; ++id)
      if (!walk.at(id)) state.SkipWithError("a mark is missing");
  }
  state.counters["mark"] =
      benchmark::Counter(static_cast<double>(kItems),
                         benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
  state.counters["index_bytes_an_item"] =
      static_cast<double>(std::filesystem::file_size(folder / "index/data.mdb")) / kItems;
  state.counters["peak_mb"] = memory_peak_mb();
}

BENCHMARK_F(FullIndex, asset_lookup)(benchmark::State& state) {
  const IndexView view = index->view();
  std::mt19937_64 random(1);
  for (auto _ : state) benchmark::DoNotOptimize(view.asset({1 + random() % kItems, "huge"}));
  state.counters["peak_mb"] = memory_peak_mb();
}

// A group of 512 changed assets with its commit (not durable here: the disk is blob_commit's matter).
BENCHMARK_F(FullIndex, put_asset)(benchmark::State& state) {
  constexpr MediaId kGroup = 512;
  MediaId id = 0;
  for (auto _ : state) {
    IndexGroup group = index->group();
    for (MediaId i = 0; i < kGroup; ++i) {
      id = id % kItems + 1;
      group.put_asset({id, "huge"}, asset_of(id, AssetState::held));
    }
    group.commit();
  }
  state.counters["asset"] =
      benchmark::Counter(static_cast<double>(kGroup),
                         benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
}

}  // namespace
}  // namespace medimirror

BENCHMARK_MAIN();
