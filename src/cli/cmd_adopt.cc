#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <thread>

#include "base/clock.h"
#include "base/error.h"
#include "base/stop.h"
#include "base/units.h"
#include "cli/commands.h"
#include "cli/publish_options.h"
#include "cli/signals.h"
#include "store/local_blob_store.h"
#include "store/sound_index.h"
#include "upkeep/adopt.h"

namespace medimirror {

namespace {

AdoptOptions adopt_options(const Config& config, const std::filesystem::path& folder,
                           const AdoptFlags& flags) {
  AdoptOptions options;
  options.store_folder = config.store_dir;
  options.folder = folder;
  options.recipes = config.derivatives;
  options.decoder = decoder_options(config);
  options.pixels = config.image.validate == ImageSettings::Validate::pixels;
  options.threads = config.image.decoders != 0
                        ? config.image.decoders
                        : std::max<std::size_t>(1, std::thread::hardware_concurrency());
  options.reserve_bytes = config.publish.reserve;
  options.trust_names = flags.trust_names;
  return options;
}

void print_text(const AdoptResult& result) {
  constexpr std::size_t kBrokenShown = 50;
  for (std::size_t i = 0; i < std::min(result.broken.size(), kBrokenShown); ++i)
    fmt::print("broken: {}: {}\n", result.broken[i].first, result.broken[i].second);
  if (result.broken_count > kBrokenShown)
    fmt::print("… and {} more; --json names them\n", result.broken_count - kBrokenShown);
  fmt::print("files      {} looked at, {} of them no pictures\n", format_count(result.files),
             format_count(result.others));
  fmt::print("adopted    {} ({}), {} more had bytes that are held already\n", format_count(result.adopted),
             format_bytes(result.adopted_bytes), format_count(result.known));
  fmt::print("broken     {}\n", format_count(result.broken_count));
  fmt::print("names      {} tell which address they came from; {} wanted pictures are held now\n",
             format_count(result.named), format_count(result.matched));
  if (result.interrupted) {
    fmt::print("interrupted; what was done is kept, adopt again to go on\n");
  } else {
    fmt::print("next: `medimirror sync` takes what fits without fetching it\n");
  }
}

void print_json(const AdoptResult& result) {
  nlohmann::ordered_json json = {
      {"files", result.files}, {"adopted", result.adopted}, {"adopted_bytes", result.adopted_bytes},
      {"known", result.known}, {"others", result.others},   {"broken", result.broken_count},
      {"named", result.named}, {"matched", result.matched}, {"complete", !result.interrupted}};
  json["broken_files"] = nlohmann::json::array();
  for (const auto& [path, sentence] : result.broken)
    json["broken_files"].push_back({{"path", path}, {"reason", sentence}});
  fmt::print("{}\n", json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
}

}  // namespace

ExitStatus adopt_command(const Config& config, const std::filesystem::path& folder, const AdoptFlags& flags) {
  if (!std::filesystem::is_directory(folder))
    throw Error(ErrorKind::usage, fmt::format("{} is not a folder", folder.native()));
  const AdoptOptions options = adopt_options(config, folder, flags);
  StopFlag stop;
  const SignalWatch signals(stop);
  const SystemClock clock;
  const LockedStore store(config.store_dir, "adopt", IndexCheck::not_lost);
  const std::unique_ptr<BlobStore> blobs = make_local_blob_store({config.store_dir});
  blobs->sweep();
  const AdoptResult result = adopt(options, *store.index, *blobs, clock, stop);
  if (flags.json) {
    print_json(result);
  } else {
    print_text(result);
  }
  if (result.interrupted) return ExitStatus::interrupted;
  return result.broken_count > 0 ? ExitStatus::some_failed : ExitStatus::done;
}

}  // namespace medimirror
