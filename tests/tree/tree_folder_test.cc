#include "tree/tree_folder.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <array>
#include <barrier>
#include <exception>
#include <thread>

#include "support/temporary_folder.h"

namespace medimirror {
namespace {

class NoFiles final : public BlobPlacer {
 public:
  Placement place(const Digest& /*digest*/, const std::string& /*target*/) override { return {}; }
};

// Each has folders of its own, but for those above them.
TEST(TreeFolder, SeveralMayMakeTheFolderAboveTheirsAtOnce) {
  constexpr int kRounds = 500;
  const TemporaryFolder root;
  const TreeFolder tree(root.path(), false, false);
  std::barrier start(2);
  std::array<std::exception_ptr, 2> failures;
  const auto work = [&](std::size_t self) {
    NoFiles blobs;
    for (int round = 0; round < kRounds; ++round) {
      TreeFolder copy = tree;
      const std::string path = std::to_string(round) + "/huge/" + std::to_string(self) + "/1.jpg";
      start.arrive_and_wait();
      try {
        if (!copy.place(blobs, {}, path)) throw std::runtime_error("something stands in the way of " + path);
      } catch (...) {
        failures[self] = std::current_exception();
      }
    }
  };
  {
    const std::jthread other(work, 1);
    work(0);
  }
  for (const std::exception_ptr& failure : failures)
    EXPECT_NO_THROW(if (failure) std::rethrow_exception(failure));
  for (int round = 0; round < kRounds; ++round) {
    struct stat info {};
    ASSERT_EQ(::stat((root / std::to_string(round) / "huge" / "1").c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 0777, 0755u);
  }
}

}  // namespace
}  // namespace medimirror
