// Role: changes the catalogue on demand, as time does with the real one, and remembers what was changed.
// Threads: any number; readers get an immutable snapshot and keep it as long as they like.
// Failure: a request that cannot be met throws Error{usage}; a state folder of another catalogue
// Error{config}.
// Format: <state>/evolution.json, one JSON object, rewritten whole at each evolution.
#pragma once

#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/clock.h"
#include "sandbox/catalogue.h"

namespace medimirror::sandbox {

enum class Evolve { added, changed, query_changed, touched, unpublished, removed, reuploaded };
inline constexpr std::string_view kEvolveNames[] = {"new",         "changed", "query_changed", "touched",
                                                    "unpublished", "removed", "reuploaded"};

class Evolution {
 public:
  Evolution(const CatalogueOptions& options, std::optional<std::filesystem::path> state, const Clock& clock);

  std::shared_ptr<const Catalogue> snapshot() const;

  // `request` is {"new": n, "changed": n or [ids], …}; the answer names the ids by kind, pairs for
  // "reuploaded".
  std::string evolve(const std::string& request);

 private:
  struct Step;  // one evolution in the making
  void load();
  void save(const Overlay& overlay) const;

  const CatalogueOptions options_;
  const std::optional<std::filesystem::path> state_;
  const Clock& clock_;
  std::mutex evolving_;
  mutable std::mutex mutex_;  // guards the pointer only
  std::shared_ptr<const Overlay> overlay_;
  std::shared_ptr<const Catalogue> catalogue_;
};

}  // namespace medimirror::sandbox
