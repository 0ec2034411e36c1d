#include "run/replace_limit.h"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>
#include <vector>

namespace medimirror {

namespace {

using Renewal = PublishPlan::Renewal;

constexpr std::size_t kExamples = 3;

// Those that one picture takes the place of, where it is more than `limit` different ones. Of pictures that were equal before,
// each counts once.
std::set<MediaId> replaced_by_one(std::span<const Renewal> renewals, std::uint64_t limit) {
  std::vector<Renewal> sorted(renewals.begin(), renewals.end());
  std::ranges::sort(sorted, {},
                    [](const Renewal& one) { return std::tuple(one.now, one.before, one.media); });
  std::set<MediaId> media;
  for (auto first = sorted.begin(); first != sorted.end();) {
    auto end = first;
    std::uint64_t different = 0;
    for (; end != sorted.end() && end->now == first->now; ++end)
      if (end == first || end->before != std::prev(end)->before) ++different;
    if (different > limit)
      for (auto one = first; one != end; ++one) media.insert(one->media);
    first = end;
  }
  return media;
}

std::string examples(const std::set<MediaId>& media) {
  std::string text;
  std::size_t shown = 0;
  for (const MediaId id : media) {
    if (shown++ == kExamples) return text + ", …";
    text += fmt::format("{}{}", text.empty() ? "media " : ", ", id);
  }
  return text;
}

}  // namespace

HeldReplacements hold_replacements(std::span<const Renewal> renewals, std::uint64_t published,
                                   const ReplaceOptions& options) {
  HeldReplacements held;
  const std::uint64_t limit = options.max.of(published);
  const auto flag = [&] {
    return fmt::format("if this is right, run once with --max-replace {}", renewals.size());
  };
  if (renewals.size() > limit) {
    for (const Renewal& one : renewals) held.media.insert(one.media);
    held.sentence = fmt::format(
        "{} of the published pictures have got other bytes, and at most {} may be replaced in one run "
        "(publish.max_replace): they stay as they were; {}",
        renewals.size(), limit, flag());
    return held;
  }
  held.media = replaced_by_one(renewals, options.asked_for ? limit : kReplacedByOneMax);
  if (!held.media.empty())
    held.sentence = fmt::format(
        "the pictures of {} media ({}) have all become one and the same, as a placeholder would: they stay "
        "as they were; {}",
        held.media.size(), examples(held.media), flag());
  return held;
}

}  // namespace medimirror
