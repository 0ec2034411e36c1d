// Each kind of damage, made one at a time, is found: that finding and no other.
#include "upkeep/verify.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <linux/magic.h>
#include <sys/mman.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <functional>

#include "base/error.h"
#include "store/store_lock.h"
#include "upkeep/store_fixture.h"
#include "upkeep/verify_content.h"

namespace medimirror {
namespace {

namespace fs = std::filesystem;
using Found = MirrorFixture::Found;

struct Damage {
  std::string name;
  std::function<void(MirrorFixture&)> make;
  Found at_structure, at_content;
};

Found one(const std::string& kind, const std::string& subject) {
  return {{kind, subject}};
}

void PrintTo(const Damage& damage, std::ostream* out) {
  *out << damage.name;
}

const std::string kThree = MirrorFixture::digest_of(3).hex();
const std::string kThumb = MirrorFixture::thumb_of(3).hex();
const std::string kPath = MirrorFixture::path_of(3);

fs::path blob_of(MirrorFixture& mirror, MediaId id) {
  return mirror.blob(MirrorFixture::digest_of(id));
}

std::vector<Damage> damages() {
  using M = MirrorFixture;
  const auto same = [](std::string name, std::function<void(M&)> make, Found found) {
    return Damage{std::move(name), std::move(make), found, found};
  };
  return {
      same("nothing", [](M&) {}, {}),
      {"flipped", [](M& m) { flip_a_bit(blob_of(m, 3)); }, {}, one("blob_wrong_content", kThree)},
      same(
          "truncated", [](M& m) { overwrite(blob_of(m, 3), M::bytes_of(3).substr(0, 100)); },
          one("blob_wrong_size", kThree)),
      same(
          "emptied", [](M& m) { overwrite(blob_of(m, 3), ""); }, one("blob_wrong_size", kThree)),
      same(
          "deleted", [](M& m) { fs::remove(blob_of(m, 3)); }, one("blob_missing", kThree)),
      same(
          "deleted_derivative", [](M& m) { fs::remove(m.blob(M::thumb_of(3))); },
          one("blob_missing", kThumb)),
      {"overwritten_by_another",
       [](M& m) { overwrite(blob_of(m, 3), M::bytes_of(4)); },
       {},
       one("blob_wrong_content", kThree)},
      {"swapped",
       [](M& m) {
         fs::rename(blob_of(m, 3), m.store() / "x");
         fs::rename(blob_of(m, 4), blob_of(m, 3));
         fs::rename(m.store() / "x", blob_of(m, 4));
       },
       [] {
         Found found = {{"published_replaced", M::path_of(3)},
                        {"published_replaced", M::path_of(4)},
                        {"blob_other_time", M::digest_of(3).hex()},
                        {"blob_other_time", M::digest_of(4).hex()}};
         std::ranges::sort(found);
         return found;
       }(),
       [] {
         Found found = {
             {"published_replaced", M::path_of(3)},         {"published_replaced", M::path_of(4)},
             {"blob_other_time", M::digest_of(3).hex()},    {"blob_other_time", M::digest_of(4).hex()},
             {"blob_wrong_content", M::digest_of(3).hex()}, {"blob_wrong_content", M::digest_of(4).hex()}};
         std::ranges::sort(found);
         return found;
       }()},
      same(
          "touched", [](M& m) { fs::last_write_time(blob_of(m, 3), fs::file_time_type::clock::now()); },
          one("blob_other_time", kThree)),
      same(
          "writable", [](M& m) { fs::permissions(blob_of(m, 3), fs::perms(0644)); },
          one("blob_wrong_mode", kThree)),
      same(
          "a_folder",
          [](M& m) {
            fs::remove(blob_of(m, 3));
            fs::create_directory(blob_of(m, 3));
          },
          one("blob_not_a_file", kThree)),
      same(
          "foreign_among_blobs", [](M& m) { put_in_place_of(m.store() / "blobs" / "ab" / "notes.txt", "x"); },
          one("unknown_file", "blobs/ab/notes.txt")),
      same(
          "foreign_in_blobs", [](M& m) { put_in_place_of(m.store() / "blobs" / "notes.txt", "x"); },
          one("unknown_file", "blobs/notes.txt")),
      same(
          "asset_without_blob",
          [](M& m) {
            m.change([](IndexGroup& g) {
              AssetRecord asset = *g.asset({3, "huge"});
              asset.digest = sha256("never kept");
              g.put_asset({3, "huge"}, asset);
            });
          },
          one("asset_without_blob", "media 3 huge")),
      same(
          "derivative_without_blob",
          [](M& m) {
            m.change([](IndexGroup& g) { g.put_derivative({M::digest_of(3), 7}, sha256("never kept")); });
          },
          one("derivative_without_blob", "derivative of " + kThree)),
      same(
          "published_missing", [](M& m) { fs::remove(m.media() / kPath); }, one("published_missing", kPath)),
      same(
          "published_replaced", [](M& m) { put_in_place_of(m.media() / kPath, "another"); },
          one("published_replaced", kPath)),
      same(
          "published_copied", [](M& m) { put_in_place_of(m.media() / kPath, M::bytes_of(3)); },
          one("published_replaced", kPath)),
      same(
          "published_exchanged",
          [](M& m) {
            fs::remove(m.media() / kPath);
            fs::create_hard_link(m.media() / M::path_of(4), m.media() / kPath);
          },
          one("published_replaced", kPath)),
      same(
          "published_symlink",
          [](M& m) {
            fs::remove(m.media() / kPath);
            fs::create_symlink(m.media() / M::path_of(4), m.media() / kPath);
          },
          one("published_replaced", kPath)),
      same(
          "extra_file", [](M& m) { put_in_place_of(m.media() / "huge" / "0" / "note.txt", "x"); },
          one("extra_file", "huge/0/note.txt")),
      same(
          "extra_file_in_new_folder",
          [](M& m) { put_in_place_of(m.media() / "huge" / "7" / "deep" / "x", "x"); },
          one("extra_file", "huge/7/deep/x")),
      same("the_users_own_folder", [](M& m) { put_in_place_of(m.media() / "own" / "index.html", "x"); }, {}),
      same("the_users_own_file", [](M& m) { put_in_place_of(m.media() / "index.html", "x"); }, {}),
      same(
          "manifest_cut", [](M& m) { fs::resize_file(m.media() / "manifest.jsonl", 30); },
          one("manifest_differs", "manifest.jsonl")),
      same(
          "manifest_longer",
          [](M& m) {
            overwrite(m.media() / "manifest.jsonl", read_file(m.media() / "manifest.jsonl") + "x");
          },
          one("manifest_differs", "manifest.jsonl")),
      same(
          "manifest_gone", [](M& m) { fs::remove(m.media() / "manifest.jsonl"); },
          one("manifest_differs", "manifest.jsonl")),
      same(
          "sums_changed", [](M& m) { flip_a_bit(m.media() / "SHA256SUMS"); },
          one("sums_differ", "SHA256SUMS")),
      same(
          "unknown_blob",
          [](M& m) {
            const Digest digest = sha256("left by a killed run");
            put_in_place_of(m.blob(digest), "left by a killed run");
          },
          one("unknown_blob", sha256("left by a killed run").hex())),
      same(
          "unused_record", [](M& m) { m.change([](IndexGroup& g) { g.put_blob(sha256("gone"), {}); }); },
          one("unused_record", sha256("gone").hex())),
  };
}

class EachDamage : public testing::TestWithParam<Damage> {};

TEST_P(EachDamage, IsFoundAndNothingElse) {
  MirrorFixture mirror;
  GetParam().make(mirror);
  EXPECT_EQ(mirror.verify_at(VerifyDepth::structure), GetParam().at_structure);
  EXPECT_EQ(mirror.verify_at(VerifyDepth::content), GetParam().at_content);
  // and again: looking changed nothing
  EXPECT_EQ(mirror.verify_at(VerifyDepth::content), GetParam().at_content);
}

INSTANTIATE_TEST_SUITE_P(Verify, EachDamage, testing::ValuesIn(damages()),
                         [](const auto& test) { return test.param.name; });

TEST(Verify, AnUnknownBlobWithOtherBytesIsDamage) {
  MirrorFixture mirror;
  const Digest digest = sha256("left by a killed run");
  put_in_place_of(mirror.blob(digest), "LEFT by a killed run");
  EXPECT_EQ(mirror.verify_at(VerifyDepth::content),
            (Found{{"blob_wrong_content", digest.hex()}, {"unknown_blob", digest.hex()}}));
}

TEST(Verify, ADamagedRecordIsNamedWithRebuild) {
  MirrorFixture mirror;
  // the bytes of one record, in the file, after its key: XXH3 tells
  const fs::path file = mirror.store() / "index" / "data.mdb";
  std::string bytes = read_file(file);
  for (const MediaId id : {3, 5}) {
    const Digest digest = MirrorFixture::digest_of(id);
    const std::string key(reinterpret_cast<const char*>(digest.bytes.data()), digest.bytes.size());
    for (std::size_t at = bytes.find(key); at != std::string::npos; at = bytes.find(key, at + 1))
      bytes[at + key.size() + 3] = static_cast<char>(bytes[at + key.size() + 3] ^ 0x40);
  }
  overwrite(file, bytes);
  std::vector<std::string> details;
  VerifyOptions options = mirror.verify_options(VerifyDepth::content);
  const VerifyReport report = verify(options, mirror.clock(), mirror.stop(), [&](const Finding& finding) {
    if (finding.kind == FindingKind::index_damaged) details.push_back(finding.detail);
  });
  ASSERT_FALSE(details.empty());
  for (const std::string& detail : details) EXPECT_NE(detail.find("rebuild"), std::string::npos) << detail;
  for (const MediaId id : {3, 5})  // each is named, not the first alone
    EXPECT_EQ(std::ranges::count(details,
                                 fmt::format("the record of blob {} cannot be read: run medimirror rebuild",
                                             MirrorFixture::digest_of(id).hex())),
              1)
        << id;
  EXPECT_GT(report.damage(), 0u);
  EXPECT_EQ(report.objects_read, 12u);  // the blobs are read all the same
}

TEST(Verify, ADamagedNumberOfAViewIsFound) {
  MirrorFixture mirror;
  const ViewNumber number{0x01020304, 0x1112131415161718};
  mirror.change([&](IndexGroup& group) { group.put_view_number({"shop", "M5489B0D8B", 3}, number); });
  EXPECT_EQ(mirror.verify_at(VerifyDepth::structure), Found{});
  const fs::path file = mirror.store() / "index" / "data.mdb";
  std::string bytes = read_file(file);
  const std::string record = encode(number);
  for (std::size_t at = bytes.find(record); at != std::string::npos; at = bytes.find(record, at + 1))
    bytes[at + 4] = static_cast<char>(bytes[at + 4] ^ 1);
  overwrite(file, bytes);
  EXPECT_EQ(mirror.verify_at(VerifyDepth::structure), (Found{{"index_damaged", "table view_numbers"}}));
}

TEST(Verify, TheTablesOfProductsAreHeldAgainstEachOther) {
  const auto damaged_with = [](std::string_view from, std::string_view to) {
    MirrorFixture mirror;
    mirror.change([](IndexGroup& group) {
      ProductRecord record;
      record.product.id = "M5489B0D8B";
      record.product.cnk = "1234567";
      record.product.media.emplace_back().id = 0x0102030405060708;
      record.fingerprint.high = 0x1112131415161718;
      record.fingerprint.low = 0x2122232425262728;
      group.put_product(record);
    });
    EXPECT_EQ(mirror.verify_at(VerifyDepth::structure), Found{});
    const fs::path file = mirror.store() / "index" / "data.mdb";
    std::string bytes = read_file(file);
    for (std::size_t at = bytes.find(from); at != std::string::npos; at = bytes.find(from, at + 1))
      bytes.replace(at, to.size(), to);
    overwrite(file, bytes);
    return mirror.verify_at(VerifyDepth::structure);
  };
  using namespace std::string_view_literals;
  const auto table = [](const char* name) {
    return std::pair<std::string, std::string>("index_damaged", name);
  };
  // a code, a medium and a line that lead elsewhere: the keys alone, not the record, which has a checksum
  EXPECT_EQ(damaged_with("1234567\0M5489B0D8B"sv, "1234568"), Found{table("table codes")});
  EXPECT_EQ(damaged_with("\1\2\3\4\5\6\7\10M5489B0D8B"sv, "\1\2\3\4\5\6\7\11"),
            Found{table("table media_products")});
  EXPECT_EQ(damaged_with("\x21\x22\x23\x24\x25\x26\x27\x28M5489B0D8B"sv, "\x21\x22\x23\x24\x25\x26\x27\x29"),
            Found{table("table product_marks")});
}

TEST(Verify, BytesAreReadNoFasterThanTheBandwidth) {
  StopFlag stop;
  Pace pace(1000, stop);
  const Pace::Time start = Pace::Time(std::chrono::hours(1));
  const auto after = [&](int ms) { return start + std::chrono::milliseconds(ms); };
  EXPECT_EQ(pace.turn(500, start), start);       // the first reads at once
  EXPECT_EQ(pace.turn(250, start), after(500));  // and who comes next waits for its bytes
  EXPECT_EQ(pace.turn(1000, after(100)), after(750));
  EXPECT_EQ(pace.turn(1, after(5000)), after(5000));  // idle time is not saved up
  EXPECT_EQ(pace.turn(1, after(5000)), after(5001));

  // and every byte of a verify passes it: 12 objects at 100 KB/s cannot be read at once
  MirrorFixture mirror;
  VerifyOptions options = mirror.verify_options(VerifyDepth::content);
  options.bytes_per_second_max = 100'000;
  VerifyReport report;
  EXPECT_EQ(mirror.verify_with(options, &report), Found{});
  EXPECT_EQ(report.objects_read, 12u);
  // the last piece need not have passed when it is read
  EXPECT_GE(report.reading_seconds, static_cast<double>(report.bytes_read - 6000) / 100'000 - 0.001);
}

TEST(Verify, AnOverwrittenPageOfTheIndexIsFoundWithoutACrash) {
  MirrorFixture mirror;
  const fs::path file = mirror.store() / "index" / "data.mdb";
  std::string bytes = read_file(file);
  for (std::size_t page = 2; page * 4096 < bytes.size(); ++page)
    std::fill_n(bytes.begin() + static_cast<long>(page * 4096), 4096, '\xff');
  overwrite(file, bytes);
  const Found found = mirror.verify_at(VerifyDepth::content);
  ASSERT_FALSE(found.empty());
  EXPECT_EQ(found.front().first, "index_damaged");
}

TEST(Verify, ALostIndexIsDamage) {
  MirrorFixture mirror;
  mirror.close();
  fs::remove_all(mirror.store() / "index");
  EXPECT_EQ(mirror.verify_at(VerifyDepth::structure), one("index_damaged", "index"));
  EXPECT_FALSE(fs::exists(mirror.store() / "index"));
}

TEST(Verify, RemembersWhatItReadAndNotWhatIsBad) {
  MirrorFixture mirror;
  flip_a_bit(blob_of(mirror, 3));
  mirror.verify_at(VerifyDepth::content);
  const IndexView view = mirror.open().view();
  EXPECT_GT(view.blob(MirrorFixture::digest_of(4))->last_verified, 0);
  EXPECT_EQ(view.blob(MirrorFixture::digest_of(3))->last_verified, 0);
}

TEST(Verify, ReadsByAgeNewObjectsAndTheLongestUnread) {
  MirrorFixture mirror;
  const UnixSeconds now = mirror.clock().unix_now();
  mirror.change([&](IndexGroup& group) {
    for (MediaId id = 1; id <= 4; ++id) {
      BlobRecord record = *group.blob(MirrorFixture::digest_of(id));
      record.last_verified = now - 10 * static_cast<UnixSeconds>(id);
      group.put_blob(MirrorFixture::digest_of(id), record);
    }
  });
  VerifyOptions options = mirror.verify_options(VerifyDepth::content);
  options.unread_for = std::chrono::seconds(25);
  VerifyReport report;
  mirror.verify_with(options, &report);
  EXPECT_EQ(report.objects_read, 10u);  // of 12: two were read less than 25 s ago
}

TEST(Verify, SlicesCoverEachObjectOnce) {
  MirrorFixture mirror(20);
  std::uint64_t read = 0;
  for (std::uint64_t slice = 1; slice <= 3; ++slice) {
    VerifyOptions options = mirror.verify_options(VerifyDepth::content);
    options.slice = slice;
    options.slices = 3;
    VerifyReport report;
    mirror.verify_with(options, &report);
    EXPECT_LT(report.objects_read, 40u);
    read += report.objects_read;
  }
  EXPECT_EQ(read, 40u);
}

TEST(Verify, TimeThatIsUpLeavesTheRestForTheNext) {
  MirrorFixture mirror;
  VerifyOptions options = mirror.verify_options(VerifyDepth::content);
  options.time_limit = std::chrono::seconds(0);
  VerifyReport report;
  EXPECT_EQ(mirror.verify_with(options, &report), Found{});
  EXPECT_FALSE(report.complete);
  EXPECT_EQ(report.objects_read, 0u);
  mirror.verify_with(mirror.verify_options(VerifyDepth::content), &report);
  EXPECT_TRUE(report.complete);
}

TEST(Verify, AStopIsHeeded) {
  MirrorFixture mirror;
  VerifyOptions options = mirror.verify_options(VerifyDepth::content);
  options.each_kept = [&](const auto&) {
    mirror.stop().request();
  };  // the last that is looked at before reading
  VerifyReport report;
  mirror.verify_with(options, &report);
  EXPECT_TRUE(report.interrupted);
  EXPECT_FALSE(report.complete);
}

TEST(Verify, AStopBeforeAllOfTheStructureWasSeenFindsNothing) {
  MirrorFixture mirror;
  mirror.stop().request();
  for (const VerifyDepth depth : {VerifyDepth::structure, VerifyDepth::content}) {
    try {
      mirror.verify_with(mirror.verify_options(depth));
      FAIL();
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::interrupted);
    }
  }
}

TEST(Verify, CopiesAreComparedWhereNothingIsLinked) {
  MirrorFixture mirror;
  // /dev/shm is another file system: there the tree is made of copies
  std::string name = "/dev/shm/medimirror-test-XXXXXX";
  if (::mkdtemp(name.data()) == nullptr) GTEST_SKIP() << "no /dev/shm to put a tree on another file system";
  fs::copy(mirror.media(), fs::path(name) / "media", fs::copy_options::recursive);
  for (const auto& entry : fs::recursive_directory_iterator(mirror.media()))
    if (entry.is_regular_file())
      fs::last_write_time(fs::path(name) / "media" / fs::relative(entry.path(), mirror.media()),
                          entry.last_write_time());
  VerifyOptions options = mirror.verify_options(VerifyDepth::content);
  options.media_folder = fs::path(name) / "media";
  VerifyReport report;
  EXPECT_EQ(mirror.verify_with(options, &report), Found{});
  EXPECT_EQ(report.objects_read, 24u);  // 12 blobs and their 12 copies
  const fs::path third = options.media_folder / kPath;
  const auto time = fs::last_write_time(third);
  flip_a_bit(third);
  fs::last_write_time(third, time);
  EXPECT_EQ(mirror.verify_with(options), one("published_replaced", kPath));
  fs::remove_all(name);
}

TEST(Verify, ATreeOfCopiesIsFoundWhereLinksWork) {
  MirrorFixture mirror(1);
  mirror.change([](IndexGroup&) {});
  for (const std::string& path : {MirrorFixture::path_of(1), MirrorFixture::thumb_path_of(1)}) {
    const auto time = fs::last_write_time(mirror.media() / path);
    const std::string bytes = read_file(mirror.media() / path);
    put_in_place_of(mirror.media() / path, bytes);
    fs::last_write_time(mirror.media() / path, time);
  }
  EXPECT_EQ(mirror.verify_at(VerifyDepth::structure),
            (Found{{"published_replaced", MirrorFixture::path_of(1)},
                   {"published_replaced", MirrorFixture::thumb_path_of(1)}}));
}

TEST(Verify, AnotherRunThatHoldsTheStoreIsSaid) {
  MirrorFixture mirror;
  const StoreLock lock(mirror.store(), "sync");
  try {
    mirror.verify_at(VerifyDepth::structure);
    FAIL() << "no lock was taken";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::locked);
  }
}

// mincore() tells which pages of a mapped file are in memory.
std::size_t pages_in_memory(const fs::path& path) {
  const UniqueFd fd = open_file(path, O_RDONLY);
  const std::size_t size = fs::file_size(path), pages = (size + 4095) / 4096;
  void* map = ::mmap(nullptr, size, PROT_READ, MAP_SHARED, fd.get(), 0);
  std::vector<unsigned char> resident(pages);
  const int failed = ::mincore(map, size, resident.data());
  ::munmap(map, size);
  EXPECT_EQ(failed, 0);
  return static_cast<std::size_t>(
      std::ranges::count_if(resident, [](unsigned char page) { return (page & 1) != 0; }));
}

TEST(Verify, WhatWasReadLeavesThePageCache) {
  MirrorFixture mirror;
  const fs::path path = blob_of(mirror, 3);
  {
    const UniqueFd fd = open_file(path, O_RDONLY);
    sync_file(fd.get(), path);  // what is not written yet cannot be dropped
  }
  read_file(path);
  if (pages_in_memory(path) == 0) GTEST_SKIP() << "this file system keeps no page cache";
  mirror.verify_at(VerifyDepth::content);
  struct statfs info {};
  ASSERT_EQ(::statfs(path.c_str(), &info), 0);
  if (info.f_type == TMPFS_MAGIC) GTEST_SKIP() << "tmpfs is the page cache";
  EXPECT_EQ(pages_in_memory(path), 0u);
}

}  // namespace
}  // namespace medimirror
