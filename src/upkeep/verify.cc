#include "upkeep/verify.h"

#include <fmt/format.h>

#include "base/error.h"
#include "store/sound_index.h"
#include "upkeep/verify_content.h"
#include "upkeep/verify_structure.h"

namespace medimirror {

namespace {

class Verification {
 public:
  Verification(const VerifyOptions& options, const Clock& clock, const StopFlag& stop,
               const FindingSink& found)
      : options_(options), clock_(clock), stop_(stop), sink_(found), start_(clock.steady_now()) {
    report_.depth = options.depth;
  }

  VerifyReport run() {
    std::unique_ptr<Index> index;
    StructureResult work;
    {
      const StoreLock lock(options_.store_folder, "verify");
      index = open_index();
      work = check_structure(index.get());
    }
    // From here on others may change the store. Bytes never change, so all that can be met is that some are gone.
    return check_content(std::move(work), index.get());
  }

  StructureResult check_structure(const Index* index) {
    return StructureCheck(options_, index, stop_, found_, report_).run();
  }

  VerifyReport check_content(StructureResult work, Index* index) {
    if (options_.depth != VerifyDepth::structure) {
      const SteadyTime deadline = options_.time_limit ? start_ + *options_.time_limit : SteadyTime::max();
      ContentCheck(options_, index, clock_, stop_, found_, report_).run(std::move(work), deadline);
    }
    report_.seconds = std::chrono::duration<double>(clock_.steady_now() - start_).count();
    return std::move(report_);
  }

 private:
  // Null: it is damaged, which is said.
  std::unique_ptr<Index> open_index() {
    try {
      return open_sound_index(options_.store_folder, IndexCheck::every_page);
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::index) throw;
      found_({FindingKind::index_damaged, "index", error.what()});
      return nullptr;
    }
  }

  const VerifyOptions& options_;
  const Clock& clock_;
  const StopFlag& stop_;
  const FindingSink& sink_;
  const SteadyTime start_;
  VerifyReport report_;
  const FindingSink found_ = [this](const Finding& finding) {
    ++report_.counts[finding.kind];
    sink_(finding);
  };
};

}  // namespace

VerifyReport verify(const VerifyOptions& options, const Clock& clock, const StopFlag& stop,
                    const FindingSink& found) {
  return Verification(options, clock, stop, found).run();
}

VerifyReport verify_locked(const VerifyOptions& options, Index& index, const Clock& clock,
                           const StopFlag& stop, const FindingSink& found) {
  Verification verification(options, clock, stop, found);
  return verification.check_content(verification.check_structure(&index), &index);
}

}  // namespace medimirror
