// Role: makes the index again when it is lost or damaged, from what is on the disk beside it.
// Sources: the kept catalogue of the newest run (history.h): records with URLs and validators, settings; the blobs
// themselves, which decide what is held; media/manifest.jsonl, which says what is published, or, where it is lost, the
// newest kept tree. What only the manifest knows comes back as a picture without a URL: it stays published, and the
// next sync fetches it once more, since nobody can say which version it is. A blob that is lost while a link to it is
// in media/ is taken back from there.
// The numbers of pictures in views come back from the catalogue; views are planned by the next sync.
// What cannot come back: attempts, the marks of the listing (so the next listing is complete and looks at every
// item, without fetching what is held), reports of earlier runs, dates of the last verify, and what a run fetched
// that never came to publish.
// Place: the rebuilt index is made beside the old one and takes its place at the end; the old one is kept under
// another name. Then the tree is published from it: files that are right are not touched, and none is removed.
// Threads: the caller's, who holds the store lock and has no index open.
// Failure: throws Error{disk}. A kept list that is damaged is passed over for the newest good one, and named.
// Killed at any moment: sync refuses to start without an index, and rebuild starts anew.
// Limits: reads no blob that the catalogue knows; whether their bytes are right is verify's to say.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "base/clock.h"
#include "store/blob_store.h"
#include "tree/publisher.h"

namespace medimirror {

struct RebuildOptions {
  std::filesystem::path store_folder;
  PublishOptions publish;
};

struct RebuildResult {
  RunNumber catalogue_run = 0;  // 0: none was kept
  enum class Tree { manifest, kept, none } tree = Tree::none;
  std::uint64_t media = 0, assets = 0, held = 0, blobs = 0, published_before = 0;
  std::uint64_t without_url = 0;    // known from the manifest alone
  std::uint64_t lost = 0;           // named, but their bytes are gone
  std::uint64_t taken_back = 0;     // blobs that only media/ still had
  std::uint64_t unknown_blobs = 0;  // in the store, and nothing names them: gc's
  std::vector<std::string> notes;   // sentences: lists that were damaged, first lost paths
  std::filesystem::path old_index;  // where the old one is now; empty: there was none
  PublishResult published;
};

RebuildResult rebuild(const RebuildOptions& options, const Clock& clock);

}  // namespace medimirror
