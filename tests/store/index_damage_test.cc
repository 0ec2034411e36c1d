// A file that LMDB itself would crash on must end in a sentence.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <random>

#include "base/error.h"
#include "base/file.h"
#include "store/index.h"
#include "support/temporary_folder.h"

namespace medimirror {
namespace {

using testing::HasSubstr;

class IndexDamageTest : public testing::Test {
 protected:
  static constexpr std::size_t kPage = 4096;

  std::filesystem::path folder() const { return temporary_ / "index"; }
  std::filesystem::path file() const { return folder() / "data.mdb"; }

  void make() {
    Index::Options fast;
    fast.durable = false;
    const auto index = Index::open(folder(), fast);
    for (MediaId id = 1; id < 3000; id += 300) {
      IndexGroup group = index->group();
      for (MediaId i = id; i < id + 300; ++i) {
        group.put_mark(i, {i, i, 1, 0, false});
        AssetRecord record;
        record.url = std::string(100, 'u');
        group.put_asset({i, "huge"}, record);
      }
      group.put_run(id, {0, 0, 0, true, std::string(30'000, 'r')});
      group.commit();
    }
  }

  // The sentence of the refusal to open; empty when it opens.
  std::string refusal() {
    try {
      Index::open(folder(), {});
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::index);
      return error.what();
    }
    return {};
  }

  void overwrite(std::size_t offset, std::string_view bytes) {
    std::string content = read_file(file());
    content.replace(offset, bytes.size(), bytes);
    replace_file(file(), content);
  }

  TemporaryFolder temporary_;
};

TEST_F(IndexDamageTest, AWholeFileHasNone) {
  EXPECT_EQ(Index::find_damage(folder()), std::nullopt) << "no index";
  make();
  EXPECT_EQ(Index::find_damage(folder()), std::nullopt);
  EXPECT_EQ(refusal(), "");
}

TEST_F(IndexDamageTest, AnEmptyFileIsOneThatWasNotBegun) {
  replace_file((std::filesystem::create_directories(folder()), file()), "");
  EXPECT_EQ(refusal(), "");
}

TEST_F(IndexDamageTest, EveryCutIsRefusedOrHarmless) {
  make();
  const std::string whole = read_file(file());
  for (std::size_t size = 1; size < whole.size(); size += size < 3 * kPage ? 1001 : 37 * kPage) {
    replace_file(file(), whole.substr(0, size));
    const std::string sentence = refusal();
    EXPECT_THAT(sentence, HasSubstr("medimirror rebuild")) << "cut to " << size << " of " << whole.size();
  }
}

TEST_F(IndexDamageTest, ForeignBytesAreRefused) {
  std::filesystem::create_directories(folder());
  replace_file(file(), std::string(64 * 1024, 'x'));
  EXPECT_THAT(refusal(), HasSubstr("medimirror rebuild"));
}

TEST_F(IndexDamageTest, AnOverwrittenMetaPageIsRefused) {
  for (const std::size_t page : {0, 1}) {
    std::filesystem::remove_all(folder());
    make();
    overwrite(page * kPage, std::string(kPage, '\0'));
    EXPECT_THAT(refusal(), HasSubstr("medimirror rebuild")) << "meta page " << page;
  }
}

TEST_F(IndexDamageTest, AnUnwrittenTailOfFreePagesIsNoDamage) {
  {
    const auto index = Index::open(folder(), {});
    IndexGroup group = index->group();
    // Taken and given back in one group: these pages are counted and never written.
    group.put_run(1, {0, 0, 0, true, std::string(400'000, 'r')});
    group.put_run(1, {0, 0, 0, true, "short"});
    group.commit();
  }
  EXPECT_EQ(refusal(), "");
  EXPECT_EQ(Index::find_damage(folder()), std::nullopt);
}

// Whatever lies in the pages, looking for damage comes back. Pages in use are found out; free ones do not
// matter.
TEST_F(IndexDamageTest, OverwrittenPagesAreFoundWithoutFallingOverThem) {
  make();
  const std::string whole = read_file(file());
  std::mt19937_64 random(1);
  std::size_t found = 0;
  const std::size_t pages = whole.size() / kPage;
  for (std::size_t page = 2; page < pages; ++page) {
    std::string damaged = whole;
    for (std::size_t i = 0; i < kPage; ++i) damaged[page * kPage + i] = static_cast<char>(random());
    std::ofstream(file(), std::ios::binary) << damaged;
    if (Index::find_damage(folder())) ++found;
  }
  EXPECT_GT(found, pages / 2) << "of " << pages;
}

TEST_F(IndexDamageTest, ADamagedRecordIsNamed) {
  make();
  const std::string content = read_file(file());
  std::string key = encode_key(AssetKey{1500, "huge"});
  // Spoil the record in every place where it may lie, old copies of its page included.
  std::string damaged = content;
  std::size_t spoiled = 0;
  AssetRecord record;
  record.url = std::string(100, 'u');
  const std::string entry = key + encode(record);
  for (std::size_t at = damaged.find(entry); at != std::string::npos;
       at = damaged.find(entry, at + 1), ++spoiled)
    damaged[at + key.size() + 20] = 'X';
  ASSERT_GT(spoiled, 0u);
  replace_file(file(), damaged);
  const auto index = Index::open(folder(), {});
  const IndexView view = index->view();
  EXPECT_TRUE(view.asset({1499, "huge"}));
  try {
    view.asset({1500, "huge"});
    FAIL() << "nothing was thrown";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::index);
    EXPECT_THAT(error.what(), HasSubstr("media 1500 huge"));
    EXPECT_THAT(error.what(), HasSubstr("medimirror rebuild"));
  }
}

}  // namespace
}  // namespace medimirror
