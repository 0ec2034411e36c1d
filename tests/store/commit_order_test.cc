// The order of system calls that makes a commit safe, taken from a trace of this very program:
//   a file is renamed into blobs/ only after its fsync, and commit() returns only after an fsync of each folder it
//   renamed into; LMDB's commit comes after both. One syncfs stands for all of these that were due when it began.
// The test runs itself under strace with a filter that selects the scenario.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <map>
#include <regex>
#include <set>
#include <sstream>

#include "base/file.h"
#include "base/sha256.h"
#include "store/index.h"
#include "store/local_blob_store.h"
#include "support/temporary_folder.h"

namespace medimirror {
namespace {

constexpr const char* kFolderVariable = "MEDIMIRROR_COMMIT_ORDER_FOLDER";

// Only when started by the test below.
TEST(CommitOrderScenario, CommitsSmallGroupsAndALargeOne) {
  const char* const folder = std::getenv(kFolderVariable);
  if (folder == nullptr) GTEST_SKIP() << "a part of CommitOrder, which starts it";
  const auto store = make_local_blob_store({std::filesystem::path(folder) / "store", true});
  const auto index = Index::open(std::filesystem::path(folder) / "index", {});
  for (int g = 0; g < 3; ++g) {
    std::vector<StagedBlob> group;
    for (int i = 0; i < (g < 2 ? 20 : 300); ++i) {
      const std::string bytes = std::to_string(i + 15 * g);  // a few are there already
      group.push_back(store->stage(sha256(bytes), bytes, 1));
    }
    store->commit(group);
    IndexGroup records = index->group();
    for (const StagedBlob& blob : group) records.put_blob(blob.digest, {});
    records.commit();
  }
}

struct Call {
  std::string name, arguments;
  bool failed = false;
};

// Calls in the order in which they were finished, or, for a rename, begun: what must come before it must be over.
std::vector<Call> parse(const std::string& trace) {
  static const std::regex whole(R"(^\d+ +(\w+)\((.*)\) += (-?\d+).*$)");
  static const std::regex unfinished(R"(^(\d+) +(\w+)\((.*) <unfinished \.\.\.>$)");
  static const std::regex resumed(R"(^(\d+) +<\.\.\. (\w+) resumed>.*\) += (-?\d+).*$)");
  std::vector<Call> calls;
  std::map<std::string, Call> open;
  std::istringstream lines(trace);
  for (std::string line; std::getline(lines, line);) {
    std::smatch match;
    if (std::regex_match(line, match, unfinished)) {
      open[match[1]] = {match[2], match[3]};
      if (match[2] == "rename") calls.push_back(open[match[1]]);
    } else if (std::regex_match(line, match, resumed)) {
      Call call = open[match[1]];
      call.failed = match[3].str().starts_with('-');
      if (call.name != "rename") calls.push_back(call);
    } else if (std::regex_match(line, match, whole)) {
      calls.push_back({match[1], match[2], match[3].str().starts_with('-')});
    }
  }
  return calls;
}

TEST(CommitOrder, RenamesOnlyWhatIsSyncedAndIndexesOnlyWhatIsNamed) {
  if (std::system("strace -o /dev/null true 2>/dev/null") != 0)
    GTEST_SKIP() << "strace is not there or not allowed";
  const TemporaryFolder folder;
  const std::filesystem::path trace_file = folder / "trace";
  char self[4096] = {};
  ASSERT_GT(::readlink("/proc/self/exe", self, sizeof self - 1), 0);
  const std::string command =
      std::string(kFolderVariable) + "='" + folder.path().native() +
      "' strace -f -y -s 0 -e trace=rename,renameat,renameat2,utimensat,fsync,fdatasync,syncfs,pwrite64 -o "
      "'" +
      trace_file.native() + "' '" + self + "' --gtest_filter='CommitOrderScenario.*' >/dev/null 2>&1";
  ASSERT_EQ(std::system(command.c_str()), 0);

  const std::string store = folder / "store", database = folder / "index" / "data.mdb";
  const std::regex descriptor(R"(^\d+<([^>]*)>.*)");
  const std::regex rename(R"re(^"([^"]*)"(?:\.\.\.)?, "([^"]*)"(?:\.\.\.)?$)re");
  std::set<std::string> written_files, synced_files, folders_to_sync;
  std::size_t renames = 0, index_writes = 0, folder_syncs = 0, whole_syncs = 0;
  for (const Call& call : parse(read_file(trace_file))) {
    std::smatch match;
    if (call.failed) continue;
    if (call.name.starts_with("rename")) {
      ASSERT_TRUE(std::regex_match(call.arguments, match, rename)) << call.arguments;
      const std::string from = match[1], to = match[2];
      if (!to.starts_with(store + "/blobs/")) continue;
      EXPECT_TRUE(synced_files.contains(from)) << "renamed before its fsync: " << from;
      folders_to_sync.insert(std::filesystem::path(to).parent_path());
      ++renames;
      continue;
    }
    if (!std::regex_match(call.arguments, match, descriptor)) continue;
    const std::string path = match[1];
    if (call.name == "utimensat") {  // the last step of stage()
      written_files.insert(path);
    } else if (call.name == "syncfs") {
      synced_files.insert(written_files.begin(), written_files.end());
      folders_to_sync.clear();
      ++whole_syncs;
    } else if (call.name == "fsync" && path.starts_with(store)) {
      synced_files.insert(path);
      folder_syncs += folders_to_sync.erase(path);
    } else if (call.name == "pwrite64" && path == database) {
      EXPECT_TRUE(folders_to_sync.empty())
          << "the index is written before the fsync of " << *folders_to_sync.begin();
      ++index_writes;
    }
  }
  EXPECT_TRUE(folders_to_sync.empty());
  EXPECT_EQ(renames, 330u);
  EXPECT_GT(folder_syncs, 20u);
  EXPECT_TRUE(whole_syncs == 2 || whole_syncs == 0) << whole_syncs;  // none where syncfs is not to be trusted
  EXPECT_GE(index_writes, 3u);
}

// An fsync that fails ends the run: it is not tried again, and from then on nothing is named or indexed.
TEST(CommitOrder, AFailedSyncIsFinal) {
  if (std::system(
          "strace -o /dev/null -e trace=fsync -e inject=fsync:error=EIO:when=9999 true 2>/dev/null") != 0)
    GTEST_SKIP() << "strace is not there or not allowed";
  char self[4096] = {};
  ASSERT_GT(::readlink("/proc/self/exe", self, sizeof self - 1), 0);
  // of each thread's calls: a file's fsync in an early group, in a later one, a large group's files and its folders
  for (const std::string failing : {"fsync:error=EIO:when=3+", "fsync:error=EIO:when=7+",
                                    "syncfs:error=EIO:when=1+", "syncfs:error=EIO:when=2+"}) {
    const TemporaryFolder folder;
    const std::filesystem::path trace_file = folder / "trace", output = folder / "output";
    const std::string command =
        std::string(kFolderVariable) + "='" + folder.path().native() +
        "' strace -f -y -s 0 -e trace=rename,fsync,syncfs,pwrite64 -e inject=" + failing + " -o '" +
        trace_file.native() + "' '" + self + "' --gtest_filter='CommitOrderScenario.*' >'" + output.native() +
        "' 2>&1";
    const bool ended_well = std::system(command.c_str()) == 0;
    const std::string trace = read_file(trace_file);
    if (failing.starts_with("syncfs") && trace.find("syncfs(") == std::string::npos)
      continue;  // not to be trusted here
    EXPECT_FALSE(ended_well) << failing;
    EXPECT_NE(read_file(output).find("Input/output error"), std::string::npos) << read_file(output);

    const std::size_t failure = trace.find("EIO");
    ASSERT_NE(failure, std::string::npos);
    EXPECT_EQ(trace.find("rename(", failure), std::string::npos) << failing;
    EXPECT_EQ(trace.find("pwrite64(", failure), std::string::npos) << failing;
    std::map<std::string, int> failures;
    const std::regex failed(R"(sync\w*\(\d+<([^>]*)>\) += -1 EIO)");
    for (std::sregex_iterator at(trace.begin(), trace.end(), failed), end; at != end; ++at)
      ++failures[(*at)[1]];
    for (const auto& [path, times] : failures) EXPECT_EQ(times, 1) << path << " was tried again";
  }
}

}  // namespace
}  // namespace medimirror
