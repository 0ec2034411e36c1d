#include "upkeep/adopt.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <deque>
#include <exception>
#include <map>
#include <mutex>
#include <thread>
#include <variant>

#include "base/ascii.h"
#include "base/error.h"
#include "base/inbox.h"
#include "base/parallel.h"
#include "base/sha256.h"
#include "base/units.h"
#include "fetch/adopted_names.h"
#include "image/header.h"
#include "image/media_type.h"

namespace medimirror {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t kBrokenNamed = 10'000;
constexpr std::size_t kQueueChunk = 10'000;

struct Looked {
  std::string path;  // relative to the folder
  std::uint64_t bytes = 0;
  std::string refusal;  // a sentence; empty: a good picture
  bool other = false;   // no picture, and does not claim to be one
  Digest digest;
  BlobRecord record;
  std::optional<StagedBlob> staged;  // nothing: held already
  struct Made {
    std::uint64_t recipe = 0;
    Digest digest;
    BlobRecord record;
    StagedBlob staged;
  };
  std::vector<Made> derivatives;
};

bool claims_to_be_a_picture(const fs::path& path) {
  const std::string extension = lower(path.extension().native());
  return !extension.empty() && (extension == ".jpeg" || parse_image_format(extension.substr(1)).has_value());
}

class Adoption {
 public:
  Adoption(const AdoptOptions& options, Index& index, BlobStore& blobs, const Clock& clock,
           const StopFlag& stop)
      : options_(options), index_(index), blobs_(blobs), clock_(clock), stop_(stop), inbox_(kInboxItems) {}

  AdoptResult run() {
    std::error_code error;
    files_ = fs::recursive_directory_iterator(options_.folder, fs::directory_options::skip_permission_denied,
                                              error);
    if (error) throw_errno(error.value(), fmt::format("read the folder {}", options_.folder.native()));
    look_at_files();
    if (failure_) std::rethrow_exception(failure_);
    result_.interrupted = stop_.requested();
    write_adopted_names(options_.store_folder, names_);
    match_wanted();
    std::ranges::sort(result_.broken);
    return std::move(result_);
  }

 private:
  static constexpr std::size_t kInboxItems = 64;

  void look_at_files() {
    std::atomic<std::size_t> running = std::max<std::size_t>(1, options_.threads);
    std::vector<std::jthread> threads;
    const auto look_on = [&] {
      try {
        look();
      } catch (...) {
        note_failure();
      }
      if (--running == 0) inbox_.close();
    };
    try {
      for (std::size_t i = running; i > 0; --i) threads.push_back(start_thread(look_on));
      for (;;) {
        std::deque<Looked> some = inbox_.take_all();
        if (some.empty()) return;
        keep(some);
      }
    } catch (...) {
      note_failure();
      inbox_.close();  // the threads find it closed and end
    }
  }

  void note_failure() {
    const std::lock_guard lock(mutex_);
    if (!failure_) failure_ = std::current_exception();
  }

  // ---- the threads that look

  std::optional<fs::path> next_file() {
    const std::lock_guard lock(mutex_);
    while (files_ != fs::recursive_directory_iterator() && !failure_ && !stop_.requested()) {
      const fs::directory_entry entry = *files_;
      std::error_code error;
      const bool regular = entry.symlink_status(error).type() == fs::file_type::regular;
      if (entry.path().filename().native().starts_with('.')) files_.disable_recursion_pending();
      files_.increment(error);
      if (error) throw_errno(error.value(), fmt::format("read the folder {}", options_.folder.native()));
      if (regular && !entry.path().filename().native().starts_with('.')) return entry.path();
    }
    return std::nullopt;
  }

  void look() {
    Decoder decoder(options_.decoder);
    while (const std::optional<fs::path> path = next_file())
      if (!inbox_.push(look_at(*path, decoder))) return;
  }

  Looked look_at(const fs::path& path, Decoder& decoder) {
    Looked looked;
    looked.path = path.lexically_relative(options_.folder).native();
    struct stat info {};
    if (::stat(path.c_str(), &info) != 0) return refuse(looked, std::strerror(errno));
    looked.bytes = static_cast<std::uint64_t>(info.st_size);
    if (looked.bytes > options_.decoder.limits.bytes_max)
      return refuse(looked,
                    fmt::format("it has {}, more than a picture may have", format_bytes(looked.bytes)));
    std::string bytes;
    try {
      bytes = read_file(path);
    } catch (const Error& error) {
      return refuse(looked, error.what());
    }
    if (detect_format(bytes) == ImageFormat::unknown && !claims_to_be_a_picture(path)) {
      looked.other = true;
      return looked;
    }
    looked.digest = sha256(bytes);
    inspect(looked, bytes, decoder, std::min<UnixSeconds>(info.st_mtim.tv_sec, clock_.unix_now()));
    return looked;
  }

  static Looked refuse(Looked& looked, std::string sentence) {
    looked.refusal = std::move(sentence);
    return std::move(looked);
  }

  void inspect(Looked& looked, const std::string& bytes, Decoder& decoder, UnixSeconds mtime) {
    {
      const IndexView view = index_.view();
      const std::optional<BlobRecord> known = view.blob(looked.digest);
      const bool underived = std::ranges::any_of(options_.recipes, [&](const Recipe& recipe) {
        return !view.derivative({looked.digest, recipe.key()});
      });
      if (known && blobs_.has(looked.digest) && !underived) {
        looked.record = *known;
        return;
      }
    }
    Inspection inspection;
    if (!options_.pixels && options_.recipes.empty()) {
      auto verdict = inspect_header(bytes, options_.decoder.limits);
      if (const auto* refused = std::get_if<Rejection>(&verdict)) {
        looked.refusal = refused->detail;
        return;
      }
      inspection.info = std::get<ImageInfo>(std::move(verdict));
    } else {
      auto verdict = decoder.inspect(bytes, options_.recipes);
      if (const auto* refused = std::get_if<Rejection>(&verdict)) {
        looked.refusal = refused->detail;
        return;
      }
      inspection = std::get<Inspection>(std::move(verdict));
    }
    looked.record = record_of(bytes, inspection.info, mtime);
    looked.staged = blobs_.stage(looked.digest, bytes, mtime);
    for (const MadeDerivative& made : inspection.derivatives) {
      const Digest digest = sha256(made.bytes);
      looked.derivatives.push_back({options_.recipes.at(made.recipe).key(), digest,
                                    record_of(made.bytes, made.info, mtime),
                                    blobs_.stage(digest, made.bytes, mtime)});
    }
  }

  BlobRecord record_of(const std::string& bytes, const ImageInfo& info, UnixSeconds mtime) const {
    BlobRecord record;
    record.bytes = bytes.size();
    record.info = info;
    record.mtime = mtime;
    record.first_seen = clock_.unix_now();
    return record;
  }

  // ---- the thread that keeps

  void keep(std::deque<Looked>& some) {
    if (blobs_.space().bytes_free < options_.reserve_bytes)
      throw Error(
          ErrorKind::disk,
          fmt::format("less than {} are free where the store is (publish.reserve): free some space and adopt "
                      "again, what is done is kept",
                      format_bytes(options_.reserve_bytes)),
          "check the free space");
    std::vector<StagedBlob> staged;
    for (const Looked& looked : some) {
      if (looked.staged) staged.push_back(*looked.staged);
      for (const Looked::Made& made : looked.derivatives) staged.push_back(made.staged);
    }
    if (!staged.empty()) blobs_.commit(staged);
    IndexGroup group = index_.group();
    for (const Looked& looked : some) keep(looked, group);
    group.commit();
  }

  void keep(const Looked& looked, IndexGroup& group) {
    ++result_.files;
    if (looked.other) {
      ++result_.others;
      return;
    }
    if (!looked.refusal.empty()) {
      ++result_.broken_count;
      if (result_.broken.size() < kBrokenNamed) result_.broken.emplace_back(looked.path, looked.refusal);
      return;
    }
    if (group.blob(looked.digest)) {
      ++result_.known;
    } else {
      ++result_.adopted;
      result_.adopted_bytes += looked.record.bytes;
      group.put_blob(looked.digest, looked.record);
    }
    for (const Looked::Made& made : looked.derivatives) {
      if (!group.blob(made.digest)) group.put_blob(made.digest, made.record);
      group.put_derivative({looked.digest, made.recipe}, made.digest);
    }
    const std::vector<std::string> names = names_of_file(looked.path, options_.trust_names);
    if (!names.empty()) ++result_.named;
    for (const std::string& name : names) names_.emplace_back(hash_of_name(name), looked.digest);
  }

  // ---- what earlier runs wanted

  void match_wanted() {
    const AdoptedNames adopted(options_.store_folder);
    for (std::optional<AssetKey> after;;) {
      const std::vector<AssetKey> some = index_.view().queued(after, kQueueChunk);
      if (some.empty()) return;
      IndexGroup group = index_.group();
      for (const AssetKey& key : some) {
        std::optional<AssetRecord> record = group.asset(key);
        if (!record || record->digest) continue;
        const std::optional<Digest> digest = adopted.find(key, record->url, group);
        if (!digest) continue;
        record->digest = digest;
        record->held_url = record->url;
        record->fetched_at = clock_.unix_now();
        record->state = AssetState::held;
        group.put_asset(key, *record);
        group.mark_unpublished(key);
        ++result_.matched;
      }
      group.commit();
      after = some.back();
    }
  }

  const AdoptOptions& options_;
  Index& index_;
  BlobStore& blobs_;
  const Clock& clock_;
  const StopFlag& stop_;
  Inbox<Looked> inbox_;
  std::mutex mutex_;  // of the two below
  fs::recursive_directory_iterator files_;
  std::exception_ptr failure_;
  std::vector<AdoptedName> names_;
  AdoptResult result_;
};

}  // namespace

AdoptResult adopt(const AdoptOptions& options, Index& index, BlobStore& blobs, const Clock& clock,
                  const StopFlag& stop) {
  return Adoption(options, index, blobs, clock, stop).run();
}

}  // namespace medimirror
