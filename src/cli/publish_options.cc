#include "cli/publish_options.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"

namespace medimirror {

PublishOptions publish_options(const Config& config) {
  auto parsed = PathTemplate::parse(config.publish.path);
  if (const auto* mistake = std::get_if<std::string>(&parsed))
    throw Error(ErrorKind::config, fmt::format("publish.path: {}", *mistake));
  return {.media_folder = config.media_dir,
          .changes_file = config.reports_dir() / "changes.txt",
          .path = std::get<PathTemplate>(std::move(parsed)),
          .recipes = config.derivatives,
          .derivative_source = config.select.formats.front()};
}

ViewSet view_set(const Config& config) {
  ViewSet set;
  set.grace = UnixSeconds{config.publish.grace_days} * 86'400;
  for (const ViewSettings& settings : config.views) {
    auto parsed = ViewPath::parse(settings.path);
    if (const auto* mistake = std::get_if<std::string>(&parsed))
      throw Error(ErrorKind::config, fmt::format("view.path: {}", *mistake));
    View view{.name = settings.name,
              .path = std::get<ViewPath>(std::move(parsed)),
              .format = settings.format.empty() ? config.select.formats.front() : settings.format,
              .recipe = {},
              .pick = settings.pick,
              .max_per_product = settings.max_per_product,
              .near_duplicates = settings.near_duplicates};
    const auto recipe = std::ranges::find(config.derivatives, settings.derivative, &Recipe::name);
    if (recipe != config.derivatives.end()) view.recipe = *recipe;
    set.views.push_back(std::move(view));
  }
  return set;
}

DecoderOptions decoder_options(const Config& config) {
  DecoderOptions options;
  options.limits.bytes_max = config.media.bytes_max;
  options.limits.pixels_max = config.image.pixels_max;
  options.limits.pages_max = config.image.pages_max;
  options.time_max = config.image.timeout;
  options.memory_bytes_max = config.image.decoder_memory;
  return options;
}

}  // namespace medimirror
