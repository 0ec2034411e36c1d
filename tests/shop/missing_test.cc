#include "shop/missing.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "base/file.h"
#include "shop/code_resolution.h"
#include "shop/missing_files.h"
#include "store/index.h"
#include "support/temporary_folder.h"

namespace medimirror {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

constexpr const char* kFormat = "huge";

class Missing : public testing::Test {
 protected:
  void product(const std::string& cnk, std::vector<ProductMedia> media, const std::string& status = "active",
               std::vector<std::string> eans = {}) {
    ProductRecord record;
    record.product = {"M" + cnk,        status, cnk, std::move(eans), {{"fr", "Pilule"}, {"nl", "Pil"}},
                      std::move(media), {}};
    record.fingerprint.low = ++fingerprint_;
    IndexGroup group = index_->group();
    group.put_product(record);
    group.commit();
  }

  void picture(MediaId id, AssetState state, bool held, const std::string& source_format = kFormat,
               const std::string& outcome = "fetched") {
    AssetRecord record;
    record.state = state;
    record.url = "http://host/a";
    record.source_format = source_format;
    if (held) record.digest = Digest{};
    if (!outcome.empty())
      record.attempts.push_back({1'700'000'000, 1, outcome, outcome == "fetched" ? "" : "so it says", 1});
    list(id);
    IndexGroup group = index_->group();
    group.put_asset({id, kFormat}, record);
    group.commit();
  }

  void list(MediaId id, MediaKind kind = MediaKind::photo) {
    MediaItem item;
    item.id = id;
    item.kind = kind;
    IndexGroup group = index_->group();
    group.put_media(item);
    group.put_mark(id, {});
    group.commit();
  }

  std::string reason_of(const std::string& code, std::vector<std::string> locales = {}) {
    const MissingList list =
        find_missing(parse_code_list(code), index_->view(), {{kFormat}, std::move(locales)});
    if (list.rows.empty()) return "";
    row_ = list.rows.front();
    return row_.reason;
  }

  TemporaryFolder folder_;
  std::unique_ptr<Index> index_ = Index::open(folder_.path() / "index", {.durable = false});
  std::uint64_t fingerprint_ = 0;
  MissingRow row_;
};

TEST_F(Missing, EachReasonHasItsName) {
  product("0000001", {{1, MediaKind::photo, 1}});
  picture(1, AssetState::held, true);
  EXPECT_EQ(reason_of("0000001"), "");

  product("0000002", {{2, MediaKind::photo, 1}});
  picture(2, AssetState::held, true, "medium");
  EXPECT_EQ(reason_of("0000002"), "smaller_format");
  EXPECT_THAT(row_.detail, HasSubstr("medium"));

  product("0000003", {{3, MediaKind::photo, 1}});
  picture(3, AssetState::failed, true, kFormat, "http_500");
  EXPECT_EQ(reason_of("0000003"), "older_picture");

  product("0000004", {{4, MediaKind::photo, 1}});
  picture(4, AssetState::failed, false, kFormat, "http_404");
  EXPECT_EQ(reason_of("0000004"), "download_failed");
  EXPECT_EQ(row_.cause, "http_404");
  EXPECT_EQ(row_.last_attempt, 1'700'000'000);
  EXPECT_EQ(row_.media, 4u);

  product("0000005", {{5, MediaKind::photo, 1}});
  picture(5, AssetState::failed, false, kFormat, "html_page");
  EXPECT_EQ(reason_of("0000005"), "rejected");
  EXPECT_EQ(row_.cause, "html_page");

  product("0000006", {{6, MediaKind::photo, 1}});
  picture(6, AssetState::wanted, false, kFormat, "");
  EXPECT_EQ(reason_of("0000006"), "not_yet_downloaded");

  product("0000007", {{7, MediaKind::photo, 1}});
  list(7);
  EXPECT_EQ(reason_of("0000007"), "no_fitting_format");

  product("0000008", {{8, MediaKind::photo, 1}});
  EXPECT_EQ(reason_of("0000008"), "not_selected");

  product("0000009", {{9, MediaKind::photo, 1, {"fr"}}});
  EXPECT_EQ(reason_of("0000009", {"nl"}), "no_photo_in_language");
  EXPECT_EQ(reason_of("0000009", {"fr"}), "not_selected");

  product("0000010", {});
  EXPECT_EQ(reason_of("0000010"), "no_photo");
  product("0000011", {}, "inactive");
  EXPECT_EQ(reason_of("0000011"), "product_inactive");
  product("0000012", {}, "replaced");
  EXPECT_EQ(reason_of("0000012"), "product_replaced");
  product("0000013", {}, "no_selection");
  EXPECT_EQ(reason_of("0000013"), "product_not_selected");

  EXPECT_EQ(reason_of("7654321"), "unknown_code");
  EXPECT_EQ(reason_of("0000001\n5400000000011\n"), "wrong_check_digit");
  EXPECT_EQ(row_.line, 2u);
}

TEST_F(Missing, WhatAListingDidNotReachIsNotCalledUnknown) {
  product("0000001", {{1, MediaKind::photo, 1, {"fr"}}});
  const MissingList list =
      find_missing(parse_code_list("0000001\n7654321"), index_->view(), {{kFormat}, {"nl"}, false, false});
  ASSERT_EQ(list.rows.size(), 2u);
  EXPECT_EQ(list.rows[0].reason, "not_yet_listed");
  EXPECT_EQ(list.rows[1].reason, "not_yet_looked_up");
}

TEST_F(Missing, TheBestPictureOfTheBestProductCounts) {
  product("0000001", {{1, MediaKind::photo, 1}, {2, MediaKind::frontal, 2}});
  picture(1, AssetState::failed, false, kFormat, "http_404");
  picture(2, AssetState::held, true);
  EXPECT_EQ(reason_of("0000001"), "");

  product("0000002", {}, "active", {"5400000000010"});
  product("0000003", {{2, MediaKind::frontal, 1}}, "active", {"5400000000010"});
  EXPECT_EQ(reason_of("5400000000010"), "");
  EXPECT_EQ(reason_of("05400000000010"), "");  // the same GTIN in 14 digits
  EXPECT_EQ(reason_of("0000002"), "no_photo");
}

TEST_F(Missing, AnInactiveProductWithItsPictureIsNotMissing) {
  product("0000001", {{1, MediaKind::photo, 1}}, "inactive");
  picture(1, AssetState::held, true);
  EXPECT_EQ(reason_of("0000001"), "");
}

TEST_F(Missing, TheWorstOfTheFormatsCounts) {
  product("0000001", {{1, MediaKind::photo, 1}});
  picture(1, AssetState::held, true);
  const MissingList list =
      find_missing(parse_code_list("0000001"), index_->view(), {{kFormat, "thumbnail"}, {}});
  ASSERT_EQ(list.rows.size(), 1u);
  EXPECT_EQ(list.rows[0].format, "thumbnail");
}

TEST_F(Missing, IsSortedByCodeWhateverTheOrderOfTheList) {
  const auto csv_of = [&](const std::string& codes) {
    return missing_as_csv(find_missing(parse_code_list(codes), index_->view(), {{kFormat}, {}}));
  };
  EXPECT_EQ(csv_of("0000003\n0000001\n0000002\n"), csv_of("0000001\n0000002\n0000003\n"));
}

TEST_F(Missing, ResolvesCodesToMedia) {
  product("0000001", {{5, MediaKind::photo, 1}, {3, MediaKind::frontal, 1}}, "active", {"5400000000010"});
  product("0000002", {{3, MediaKind::photo, 1}, {9, MediaKind::photo, 1}});
  const CodeList codes = parse_code_list("05400000000010\nM0000002\n7654321\n");
  const CodeResolution resolution = resolve_codes(codes.codes, index_->view());
  EXPECT_THAT(resolution.media, ElementsAre(3, 5, 9));
  EXPECT_EQ(resolution.found, 2u);
}

MissingList hostile_list() {
  MissingList list;
  list.asked = 3;
  MissingRow row;
  row.code = "0012345";
  row.kind = "cnk";
  row.name = "=cmd|' /C calc'!A0";
  row.detail = "a \"quote\", a comma\nand \xFF bytes";
  row.reason = "no_photo";
  list.rows = {row};
  return list;
}

TEST(MissingFiles, AreHarmlessInASpreadsheet) {
  const std::string csv = missing_as_csv(hostile_list());
  EXPECT_TRUE(
      csv.starts_with("\xEF\xBB\xBF"
                      "code,kind,line,product,name,status,reason,cause,detail,"));
  EXPECT_THAT(csv, HasSubstr("0012345,cnk,"));
  EXPECT_THAT(csv, HasSubstr("'=cmd|"));
  EXPECT_THAT(csv, HasSubstr("\"a \"\"quote\"\", a comma and ? bytes\""));
}

TEST(MissingFiles, EqualListsMakeEqualBytes) {
  const TemporaryFolder folder;
  write_missing_files(folder.path(), hostile_list());
  const std::string first = read_file(folder.path() / "missing.xlsx");
  EXPECT_TRUE(first.starts_with("PK"));
  write_missing_files(folder.path(), hostile_list());
  EXPECT_EQ(read_file(folder.path() / "missing.xlsx"), first);
  EXPECT_FALSE(std::filesystem::exists(folder.path() / ".missing.xlsx.unfinished"));
  EXPECT_THAT(read_file(folder.path() / "missing.json"), HasSubstr("\"code\":\"0012345\""));
}

}  // namespace
}  // namespace medimirror
