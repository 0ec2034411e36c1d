// Role: the last run as numbers for Prometheus: a file for the node exporter's textfile collector, so that a
// nightly run that fails, or does not happen, raises an alarm.
// Place: sync writes reports/metrics.prom from the run's report; undo says there what it made of the tree.
// Failure: throws Error{disk}. The file is replaced atomically, as the collector reads at any moment. What a run does not
// know (one that ended before it listed anything, say) keeps the value that it had.
// Format: Prometheus text exposition; the names are a contract: add, never change.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "report/run_report.h"

namespace medimirror {

// Of what the run knows.
void write_metrics(const std::filesystem::path& file, const RunReport& report);

// Between runs: all else stays.
struct TreeGauges {
  std::uint64_t files = 0;
  bool held = false;
};
void write_tree_metrics(const std::filesystem::path& file, const TreeGauges& tree);

}  // namespace medimirror
