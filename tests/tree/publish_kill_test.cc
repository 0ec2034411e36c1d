// Publishing is killed at every k-th system call, for real: a traced child that runs until its k-th stop.
// What it leaves must be whole at that moment, and the next publish must make it right, whether the catalogue
// stayed as it was or went back to what it had been.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <optional>

#include "tree/manifest.h"
#include "tree/publish_fixture.h"

namespace medimirror {
namespace {

using testing::IsEmpty;

namespace fs = std::filesystem;

// A folder in memory where there is one: the file system is not what is tested here.
class InMemory {
 public:
  InMemory() {
    if (::access("/dev/shm", W_OK) == 0) ::setenv("TMPDIR", "/dev/shm", 1);
  }
  ~InMemory() { ::unsetenv("TMPDIR"); }
};

class PublishKilled : public testing::Test {
 protected:
  struct Place {
    std::unique_ptr<LocalBlobStore> blobs;
    std::unique_ptr<Index> index;
    PublishOptions options;
  };

  static PublishOptions options_in(const fs::path& root, const char* path = "{format}/{id}.{ext}") {
    return {.media_folder = root / "media",
            .changes_file = root / "reports" / "changes.txt",
            .path = template_of(path),
            .recipes = {},
            .derivative_source = "huge",
            .durable = true};
  }

  static std::unique_ptr<LocalBlobStore> blobs_in(const fs::path& root) {
    return make_local_blob_store({.folder = root / "store", .durable = false});
  }
  static std::unique_ptr<Index> index_in(const fs::path& root) {
    return Index::open(root / "store" / "index", {});
  }

  // One group of changes; an asset without bytes is retired.
  struct Change {
    MediaId id;
    const char* bytes;
    ImageFormat format = ImageFormat::jpeg;
  };
  static void change(const fs::path& root, const std::vector<Change>& changes) {
    const auto blobs = blobs_in(root);
    const auto index = index_in(root);
    IndexGroup group = index->group();
    for (const Change& one : changes) {
      AssetRecord asset = group.asset({one.id, "huge"}).value_or(AssetRecord{});
      asset.state = one.bytes == nullptr ? AssetState::retired : AssetState::held;
      if (one.bytes != nullptr) {
        const Digest digest = sha256(one.bytes);
        const StagedBlob staged = blobs->stage(digest, one.bytes, 1'700'000'000);
        blobs->commit({&staged, 1});
        BlobRecord blob;
        blob.bytes = std::string_view(one.bytes).size();
        blob.info.format = one.format;
        group.put_blob(digest, blob);
        asset.digest = digest;
      }
      group.put_asset({one.id, "huge"}, asset);
      group.mark_unpublished({one.id, "huge"});
    }
    group.commit();
  }

  static void publish(const PublishOptions& options, const fs::path& root) {
    const auto blobs = blobs_in(root);
    const auto index = index_in(root);
    const PublishPlan plan = plan_publish(options, index->view());
    execute_publish(options, plan, *index, *blobs);
  }

  static std::set<std::string> files_in(const fs::path& folder) {
    std::set<std::string> files;
    for (const auto& entry : fs::recursive_directory_iterator(folder))
      if (entry.is_regular_file()) files.insert(fs::relative(entry.path(), folder));
    files.erase("manifest.jsonl");
    files.erase("SHA256SUMS");
    return files;
  }

  // What a reader may rely on at any moment: every picture is one of the whole ones.
  static void expect_whole(const fs::path& root) {
    for (const std::string& file : files_in(root / "media")) {
      if (fs::path(file).filename().native().front() == '.') continue;
      EXPECT_TRUE(whole_.contains(read_file(root / "media" / file))) << file;
    }
  }

  static void expect_right(const fs::path& root) {
    const auto index = index_in(root);
    const IndexView view = index->view();
    std::vector<ManifestEntry> entries;
    std::set<std::string> paths;
    std::uint64_t wanted = 0;
    view.each_asset([&](const AssetKey& key, const AssetRecord& asset) {
      if (!asset.to_publish()) return true;
      ++wanted;
      const auto record = view.published(key);
      EXPECT_TRUE(record && record->digest == *asset.digest) << key.media;
      if (!record) return true;
      EXPECT_EQ(sha256(read_file(root / "media" / record->path)), record->digest) << record->path;
      entries.push_back({record->path, record->digest, record->bytes, record->mtime, key.media, key.format});
      paths.insert(record->path);
      return true;
    });
    EXPECT_EQ(view.published_count(), wanted);
    EXPECT_EQ(files_in(root / "media"), paths);
    std::ranges::sort(entries, {}, &ManifestEntry::path);
    std::string manifest, sums;
    for (const ManifestEntry& entry : entries) {
      manifest += manifest_line(entry);
      sums += entry.digest.hex() + "  " + entry.path + "\n";
    }
    EXPECT_EQ(read_file(root / "media" / "manifest.jsonl"), manifest);
    EXPECT_EQ(read_file(root / "media" / "SHA256SUMS"), sums);
    EXPECT_THAT(view.unpublished(std::nullopt, 10), IsEmpty());
    EXPECT_EQ(files_in(root / "reports"), std::set<std::string>{"changes.txt"});
  }

  // Publishes in a child that is killed at its `stop`-th system call. Its exit status if it ended before
  // that.
  static std::optional<int> publish_until(const PublishOptions& options, const fs::path& root, int stop) {
    const pid_t child = ::fork();
    if (child == 0) {
      if (::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr) != 0) ::_exit(77);
      ::raise(SIGSTOP);
      try {
        publish(options, root);
      } catch (const std::exception&) {
        ::_exit(1);
      }
      ::_exit(0);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    for (int stops = 0; WIFSTOPPED(status); ++stops) {
      if (stops == stop) ::kill(child, SIGKILL);
      if (::ptrace(PTRACE_SYSCALL, child, nullptr, nullptr) != 0 && stops != stop) break;
      ::waitpid(child, &status, 0);
    }
    if (WIFEXITED(status)) return WEXITSTATUS(status);
    return std::nullopt;
  }

  // before: what was published; after: what the killed publish wanted; then: what the next one wants.
  void kill_everywhere(const std::vector<Change>& before, const std::vector<Change>& after,
                       const std::vector<Change>& then, const char* path_after = "{format}/{id}.{ext}") {
    const InMemory in_memory;
    const TemporaryFolder folder;
    const fs::path origin = folder / "origin", work = folder / "work";
    fs::create_directories(origin / "store");
    change(origin, before);
    publish(options_in(origin), origin);
    change(origin, after);
    constexpr int kStep = 7;  // each system call stops twice; 7 hits both kinds of stop
    int kills = 0;
    for (int stop = 1;; stop += kStep) {
      ASSERT_EQ(
          run_command("rm -rf " + work.native() + " && cp -a " + origin.native() + " " + work.native()).first,
          0);
      const auto status = publish_until(options_in(work, path_after), work, stop);
      if (status == 77) GTEST_SKIP() << "ptrace is not allowed here";
      ASSERT_NE(status, 1);
      if (status == 0) break;
      ++kills;
      expect_whole(work);
      change(work, then);
      publish(options_in(work, path_after), work);
      expect_right(work);
      if (HasFailure()) FAIL() << "killed at stop " << stop;
    }
    EXPECT_GT(kills, 20);
  }

  inline static const std::set<std::string> whole_{"one", "two", "two, new", "three", "four"};
  const std::vector<Change> before_{{1, "one"}, {2, "two"}, {3, "three"}};
  // removed, replaced, moved, added
  const std::vector<Change> after_{
      {1, nullptr}, {2, "two, new"}, {3, "three", ImageFormat::png}, {4, "four"}};
};

TEST_F(PublishKilled, TheNextOneGoesOn) {
  kill_everywhere(before_, after_, {});
}

TEST_F(PublishKilled, TheNextOneTakesBackWhatIsNotWantedAnyMore) {
  kill_everywhere(before_, after_, {{1, "one"}, {2, "two"}, {3, "three"}, {4, nullptr}});
}

TEST_F(PublishKilled, ANewTemplate) {
  kill_everywhere(before_, {{1, "one"}, {2, "two"}, {3, "three"}}, {}, "{id}/{format}.{ext}");
}

}  // namespace
}  // namespace medimirror
