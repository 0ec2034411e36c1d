// A store, an index and a tree in a temporary folder, and assets to put into them in one line.
#pragma once

#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <set>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/file.h"
#include "base/sha256.h"
#include "store/index.h"
#include "store/local_blob_store.h"
#include "support/temporary_folder.h"
#include "tree/publisher.h"

namespace medimirror {

inline PathTemplate template_of(std::string_view text) {
  return std::get<PathTemplate>(PathTemplate::parse(text));
}

struct PublishFixture {
  TemporaryFolder folder;
  std::unique_ptr<LocalBlobStore> blobs =
      make_local_blob_store({.folder = folder / "store", .durable = false});
  std::unique_ptr<Index> index = Index::open(folder / "store" / "index", {});
  PublishOptions options{.media_folder = folder / "media",
                         .changes_file = folder / "reports" / "changes.txt",
                         .path = template_of("{format}/{id/1000}/{id}.{ext}"),
                         .recipes = {},
                         .derivative_source = "huge",
                         .durable = false};

  PublishFixture() { std::filesystem::create_directories(folder / "store"); }

  Digest keep(IndexGroup& group, std::string_view bytes, ImageFormat format,
              UnixSeconds mtime = 1'700'000'000) {
    const Digest digest = sha256(bytes);
    const StagedBlob staged = blobs->stage(digest, bytes, mtime);
    blobs->commit({&staged, 1});
    BlobRecord record;
    record.bytes = bytes.size();
    record.info.format = format;
    record.mtime = mtime;
    group.put_blob(digest, record);
    return digest;
  }

  // The picture of (id, format) is `bytes` from now on.
  Digest hold(MediaId id, const std::string& format, std::string_view bytes,
              ImageFormat image = ImageFormat::jpeg) {
    IndexGroup group = index->group();
    // each picture has its own time: rsync takes files of equal size and time for equal
    const Digest digest = keep(group, bytes, image, next_mtime++);
    AssetRecord asset;
    asset.state = AssetState::held;
    asset.source_format = format;
    asset.digest = digest;
    group.put_asset({id, format}, asset);
    group.mark_unpublished({id, format});
    group.commit();
    return digest;
  }

  void retire(MediaId id, const std::string& format) {
    IndexGroup group = index->group();
    AssetRecord asset = *group.asset({id, format});
    asset.state = AssetState::retired;
    group.put_asset({id, format}, asset);
    group.mark_unpublished({id, format});
    group.commit();
  }

  void mark(MediaId id, const std::string& format) {
    IndexGroup group = index->group();
    group.mark_unpublished({id, format});
    group.commit();
  }

  PublishPlan plan() const { return plan_publish(options, index->view()); }

  PublishResult publish() { return execute_publish(options, plan(), *index, *blobs); }

  UnixSeconds next_mtime = 1'700'000'000;

  std::filesystem::path media(std::string_view path) const { return options.media_folder / path; }

  // Every file and folder under media/, but the lists.
  std::set<std::string> tree() const {
    std::set<std::string> paths;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(options.media_folder)) {
      const std::string path = std::filesystem::relative(entry.path(), options.media_folder);
      if (path != "manifest.jsonl" && path != "SHA256SUMS")
        paths.insert(entry.is_directory() ? path + '/' : path);
    }
    return paths;
  }

  std::vector<std::string> lines_of(const std::filesystem::path& file) const {
    std::istringstream text(read_file(file));
    std::vector<std::string> lines;
    for (std::string line; std::getline(text, line);) lines.push_back(line);
    return lines;
  }
};

// Runs a shell command; its exit status and what it printed.
inline std::pair<int, std::string> run_command(const std::string& command) {
  std::string output;
  FILE* pipe = ::popen((command + " 2>&1").c_str(), "r");
  if (pipe == nullptr) return {-1, ""};
  char buffer[4096];
  for (std::size_t count; (count = ::fread(buffer, 1, sizeof buffer, pipe)) > 0;)
    output.append(buffer, count);
  const int status = ::pclose(pipe);
  return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, output};
}

}  // namespace medimirror
