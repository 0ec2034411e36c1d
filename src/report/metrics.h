// Role: the last run as numbers for Prometheus: a file for the node exporter's textfile collector, so that a
// nightly run that fails, or does not happen, raises an alarm.
// Place: sync writes reports/metrics.prom from the run's report.
// Failure: write_metrics throws Error{disk}. The file is replaced atomically, as the collector reads at any
// moment.
// Format: Prometheus text exposition; the names are a contract: add, never change.
#pragma once

#include <filesystem>
#include <string>

#include "report/run_report.h"

namespace medimirror {

std::string to_prometheus(const RunReport& report);
void write_metrics(const std::filesystem::path& file, const RunReport& report);

}  // namespace medimirror
