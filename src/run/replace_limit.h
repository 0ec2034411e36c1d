// Role: which pictures that are about to be replaced are held, because so many at once, or so many by one and the same, are
// no update of theirs: a service whose pictures have all become a placeholder says nothing else. Pure.
// Place: sync asks with the plan of what to publish; what is held stays published as it is, and is looked at again in the
// next run.
#pragma once

#include <cstdint>
#include <set>
#include <span>
#include <string>

#include "base/media.h"
#include "base/units.h"
#include "tree/publisher.h"

namespace medimirror {

struct ReplaceOptions {
  CountOrShare max{25, true};  // of what is published
  bool asked_for =
      false;  // the user named `max` for this run: then it holds for one and the same picture, too
};

// How many different pictures one and the same may replace in a run.
constexpr std::uint64_t kReplacedByOneMax = 10;

struct HeldReplacements {
  std::set<MediaId> media;
  std::string sentence;  // why, and what to do
};

HeldReplacements hold_replacements(std::span<const PublishPlan::Renewal> renewals, std::uint64_t published,
                                   const ReplaceOptions& options);

}  // namespace medimirror
