// Role: a whole run, in reading order: read sync.cc first.
// Place: cli fills SyncOptions from the configuration and shows the report.
// Failure: what ends a run early is in the report (error, exit_code), so that it is written down too; only a
// store that cannot be locked or opened throws, since then there is nowhere to write.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "api/client.h"
#include "base/clock.h"
#include "base/stop.h"
#include "fetch/selection.h"
#include "http/curl_transport.h"
#include "report/progress.h"
#include "report/run_report.h"
#include "run/pipeline.h"
#include "run/product_stage.h"
#include "run/replace_limit.h"
#include "run/retire.h"
#include "tree/publisher.h"
#include "tree/view.h"

namespace medimirror {

struct SyncOptions {
  std::filesystem::path store_folder, reports_folder;
  ApiOptions api;
  MediaFilter filter;
  std::chrono::seconds full_listing_every{0};  // 0: always the complete listing
  Selection selection;
  ProductOptions products;
  CurlTransportOptions transport;
  PipelineOptions pipeline;
  PublishOptions publish;
  ViewSet views = {};
  RetireOptions retire;
  ReplaceOptions replace;

  enum class Listed { normally, in_full, not_at_all } listed = Listed::normally;  // --full, --retry-failed
  bool dry_run = false;
  bool durable = true;  // false is for measuring only; publish.durable says it of the tree
};

RunReport run_sync(const SyncOptions& options, const Clock& clock, Progress& progress, const StopFlag& stop);

}  // namespace medimirror
