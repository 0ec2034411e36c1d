// A mirror on the real disk with pictures, derivatives, duplicates and a published tree, and ways to hurt it.
#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/stop.h"
#include "tree/publish_fixture.h"
#include "upkeep/gc.h"
#include "upkeep/repair.h"
#include "upkeep/verify.h"
#include "upkeep/verify_files.h"

namespace medimirror {

class MirrorFixture {
 public:
  explicit MirrorFixture(MediaId pictures = 6) {
    fixture_.options.recipes = {recipe()};
    for (MediaId id = 1; id <= pictures; ++id) hold(id);
    fixture_.publish();
    close();
  }

  static Recipe recipe() {
    Recipe recipe;
    recipe.name = "thumb";
    recipe.width = recipe.height = 100;
    return recipe;
  }
  static std::string bytes_of(MediaId id) {
    return "picture " + std::to_string(1000 + id) + std::string(5000, 'x');
  }
  static std::string thumb_bytes_of(MediaId id) {
    return "thumb " + std::to_string(1000 + id) + std::string(500, 'y');
  }
  static Digest digest_of(MediaId id) { return sha256(bytes_of(id)); }
  static Digest thumb_of(MediaId id) { return sha256(thumb_bytes_of(id)); }
  static std::string path_of(MediaId id) { return "huge/0/" + std::to_string(id) + ".jpg"; }
  static std::string thumb_path_of(MediaId id) { return "thumb/0/" + std::to_string(id) + ".jpg"; }

  // As a sync does when it has fetched the picture: blob, derivative, record.
  void hold(MediaId id) {
    Index& index = open();
    fixture_.hold(id, "huge", bytes_of(id));
    IndexGroup group = index.group();
    const Digest thumb = fixture_.keep(group, thumb_bytes_of(id), ImageFormat::jpeg, fixture_.next_mtime++);
    group.put_derivative({digest_of(id), recipe().key()}, thumb);
    group.commit();
  }

  // A blob and its record that no asset asks for.
  Digest keep_unnamed(const std::string& bytes) {
    IndexGroup group = open().group();
    const Digest digest = fixture_.keep(group, bytes, ImageFormat::jpeg, fixture_.next_mtime++);
    group.commit();
    close();
    return digest;
  }

  Index& open() {
    if (!fixture_.index) fixture_.index = Index::open(store() / "index", {});
    return *fixture_.index;
  }
  void close() { fixture_.index.reset(); }  // what is tested opens it itself
  void publish() {
    open();
    fixture_.publish();
    close();
  }

  template <typename Change>
  void change(const Change& change) {
    IndexGroup group = open().group();
    change(group);
    group.commit();
    close();
  }

  std::filesystem::path store() const { return fixture_.folder / "store"; }
  std::filesystem::path media() const { return fixture_.options.media_folder; }
  std::filesystem::path blob(const Digest& digest) const { return blob_path(store(), digest); }

  VerifyOptions verify_options(VerifyDepth depth) const {
    VerifyOptions options;
    options.store_folder = store();
    options.media_folder = media();
    options.changes_file = fixture_.options.changes_file;
    options.depth = depth;
    options.threads = 2;
    return options;
  }
  RepairOptions repair_options(VerifyDepth depth = VerifyDepth::content) const {
    return {.verify = verify_options(depth), .publish = fixture_.options, .dry_run = false};
  }
  GcOptions gc_options() const {
    GcOptions options;
    options.store_folder = store();
    options.changes_file = fixture_.options.changes_file;
    options.recipes = fixture_.options.recipes;
    options.durable = false;
    return options;
  }

  using Found = std::vector<std::pair<std::string, std::string>>;  // kind, subject; sorted
  Found verify_with(const VerifyOptions& options, VerifyReport* report = nullptr) {
    close();
    Found found;
    const VerifyReport made = verify(options, clock_, stop_, [&](const Finding& finding) {
      found.emplace_back(name_of(finding.kind), finding.subject);
    });
    if (report != nullptr) *report = made;
    std::ranges::sort(found);
    return found;
  }
  Found verify_at(VerifyDepth depth) { return verify_with(verify_options(depth)); }

  std::vector<std::string> repair_with(const RepairOptions& options) {
    close();
    std::vector<std::string> actions;
    repair(options, clock_, stop_, [&](const RepairAction& action) {
      actions.push_back(std::string(name_of(action.step)) + ' ' + action.subject);
    });
    return actions;
  }
  std::vector<std::string> repair_all() { return repair_with(repair_options()); }

  GcReport gc_with(const GcOptions& options) {
    close();
    return collect_garbage(options, clock_, stop_, [](const GcReport&) {});
  }

  const Clock& clock() const { return clock_; }
  StopFlag& stop() { return stop_; }

 private:
  PublishFixture fixture_;
  SystemClock clock_;
  StopFlag stop_;
};

// Writes over a read-only file where it lies, as a failing disk would: all its names show it, and its time does not.
inline void overwrite(const std::filesystem::path& path, std::string_view bytes) {
  const auto mode = std::filesystem::status(path).permissions();
  const auto time = std::filesystem::last_write_time(path);
  std::filesystem::permissions(path, std::filesystem::perms(0644));
  {
    const UniqueFd fd = open_file(path, O_WRONLY | O_TRUNC);
    write_all(fd.get(), bytes, path);
  }
  std::filesystem::permissions(path, mode);
  std::filesystem::last_write_time(path, time);
}

inline void flip_a_bit(const std::filesystem::path& path) {
  std::string bytes = read_file(path);
  bytes[bytes.size() / 2] = static_cast<char>(bytes[bytes.size() / 2] ^ 1);
  overwrite(path, bytes);
}

// Another file under that name; other names keep the old one.
inline void put_in_place_of(const std::filesystem::path& path, std::string_view bytes, unsigned mode = 0444) {
  std::filesystem::remove(path);
  std::filesystem::create_directories(path.parent_path());
  const UniqueFd fd = open_file(path, O_WRONLY | O_CREAT | O_EXCL, mode);
  write_all(fd.get(), bytes, path);
}

}  // namespace medimirror
