// Role: the concurrent stage of a run: threads, inboxes, back-pressure, shutdown.
//
//   loop (this thread: listing, downloads, curl) --ImageWork--> W image workers --Arrived--> writer
//        ^                          \------------ListedBatch, NotFetched-------------------^   |
//        '--------------- Feedback: there is room again, how far the writer is ----------------'
//
// The loop's parts: listing_feed, download_queue, and the downloader of fetch/.
// Place: sync gives it an open index, a store, a transport and a listing; what it returns is counted, not yet
// retired or published. The index is the queue: what the listing names anew is committed as wanted, and
// downloads follow the listing with a cursor, so memory does not grow with the catalogue and a killed run
// knows what it wanted.
// Failure: any thread's Error stops the others and is in the result, beside the counts of what was done
// before it. Items fail as counts.
// Limits: Room (items and bytes between wire and disk, no more than the disk can take), inbox capacities, what the listing parsed and is not
// planned.
#pragma once

#include <cstdint>
#include <exception>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "api/listing.h"
#include "fetch/downloader.h"
#include "run/catalogue_walk.h"
#include "run/image_worker.h"
#include "run/listing_drive.h"
#include "run/writer.h"
#include "store/blob_store.h"
#include "store/index.h"

namespace medimirror {

struct PipelineOptions {
  RunNumber run = 0;
  Downloader::Options downloader;
  ImageWorker::Options image;
  Writer::Options writer;
  std::size_t image_threads = 2;
  std::int64_t room_items = 4096;
  std::int64_t room_bytes = std::int64_t{128} << 20;
  std::filesystem::path overflow;  // where bodies go that are too large for memory
  CatalogueWalk::Look look = CatalogueWalk::Look::at_changed;
  bool make_missing_derivatives = false;  // a recipe changed: look at every picture that is held
  std::uint64_t seed = 0;                 // of the jitter
  HostMemory hosts;                       // from earlier runs
};

struct PipelineResult {
  std::exception_ptr failure;  // what ended the run early
  bool listing_complete = false;
  std::string listing_doubt;        // why it is not, though it ended well (catalogue_walk.h)
  bool listing_ended = false;       // one way or another; else the run was stopped before
  std::vector<MediaId> seen;        // ascending
  std::uint64_t already_known = 0;  // of those, how many the index knew before
  CatalogueWalk::Totals unchanged;  // see catalogue_walk.h
  std::uint64_t listed = 0;         // different media
  std::uint64_t unparsable = 0;
  Writer::Totals written;
  std::uint64_t tried_listed = 0, tried_carried_over = 0;  // assets with an outcome
  bool queue_done = false;                                 // every wanted asset was tried
  bool disk_is_full = false;                               // they were not, for this reason (disk_room.h)
  std::vector<HostTrouble> trouble;
  HostMemory hosts;
  std::uint64_t requests = 0, retries = 0, bytes_downloaded = 0;
};

// `listing` may be null: then only what the index already wants is fetched.
PipelineResult run_pipeline(const PipelineOptions& options, Listing* listing, const Wire& wire, Index& index,
                            BlobStore& blobs);

}  // namespace medimirror
