#include "cli/tree_gauges.h"

#include "base/file.h"
#include "cli/open_mirror.h"
#include "history/undo.h"
#include "report/metrics.h"

namespace medimirror {

void write_tree_gauges(const Config& config, const Index& index) {
  make_folders(config.reports_dir());
  const IndexView view = index.view();
  write_tree_metrics(config.reports_dir() / "metrics.prom",
                     {.files = view.published_count(), .held = held_tree(view).has_value()});
}

void write_tree_gauges(const Config& config) {
  write_tree_gauges(config, *open_mirror(config));
}

}  // namespace medimirror
