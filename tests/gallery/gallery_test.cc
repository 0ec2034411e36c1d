#include "gallery/gallery.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "base/file.h"
#include "base/sha256.h"
#include "support/temporary_folder.h"

namespace medimirror {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::SizeIs;
using Json = nlohmann::ordered_json;

// The value that a data file hands over.
Json value_of(const std::string& script) {
  const auto start = script.find(", ");
  EXPECT_EQ(script.substr(0, 13), "galleryData(\"");
  EXPECT_EQ(script.substr(script.size() - 3), ");\n");
  return Json::parse(script.substr(start + 2, script.size() - start - 5));
}

struct Fixture {
  TemporaryFolder folder;
  std::unique_ptr<Index> index;
  GalleryOptions options;

  Fixture() {
    std::filesystem::create_directories(folder / "store");
    index = Index::open(folder / "store" / "index", {});
    options.folder = folder / "reports" / "gallery";
    options.media_folder = folder / "media";
    options.cards_per_file = options.details_per_file = options.failures_per_file = 8;
  }

  static MediaItem item(MediaId id) {
    MediaItem item;
    item.id = id;
    item.kind = MediaKind::photo;
    item.photo_type = "packshot";
    item.locales = {"nl", "fr"};
    item.formats = {{"huge", "https://media.example/" + std::to_string(id) + ".jpg?key=abc"}};
    return item;
  }

  static Digest digest_of(const std::string& name) { return sha256(name); }

  static void put_blob(IndexGroup& group, const Digest& digest, std::uint32_t side) {
    BlobRecord blob;
    blob.bytes = 1000;
    blob.info.format = ImageFormat::jpeg;
    blob.info.width = blob.info.height = side;
    group.put_blob(digest, blob);
  }

  void hold(const MediaItem& item, const std::string& bytes, bool with_thumb = true) {
    IndexGroup group = index->group();
    group.put_media(item);
    AssetRecord record;
    record.state = AssetState::held;
    record.source_format = "huge";
    record.url = record.held_url = item.formats.front().url;
    record.digest = digest_of(bytes);
    record.attempts = {{1'700'000'000, 1, "fetched", "", 1}};
    group.put_asset({item.id, "huge"}, record);
    put_blob(group, *record.digest, 900);
    group.put_published({item.id, "huge"},
                        {"huge/" + std::to_string(item.id) + ".jpg", *record.digest, 1000, 1});
    if (with_thumb) {
      put_blob(group, digest_of(bytes + " thumb"), 200);
      group.put_published({item.id, "thumb"},
                          {"thumb/" + std::to_string(item.id) + ".webp", digest_of(bytes + " thumb"), 10, 1});
    }
    group.commit();
  }

  void fail(const MediaItem& item, const std::string& reason, const std::string& detail) {
    IndexGroup group = index->group();
    group.put_media(item);
    AssetRecord record;
    record.state = AssetState::failed;
    record.source_format = "huge";
    record.url = item.formats.front().url;
    record.attempts = {{1'700'000'000, 3, reason, detail, 5}};
    group.put_asset({item.id, "huge"}, record);
    group.commit();
  }

  GalleryResult build() { return build_gallery(options, index->view()); }

  std::string text(const std::string& name) const { return read_file(options.folder / name); }
  Json summary() const { return value_of(text("data/summary.js")); }

  // Rows of all files of a kind, in order, after having checked what the list of files says.
  std::vector<Json> rows(const std::string& kind, const Json& files) const {
    std::vector<Json> all;
    for (const Json& file : files) {
      const Json rows =
          value_of(text("data/" + kind + "-" + std::to_string(file[0].get<std::uint64_t>()) + ".js"));
      EXPECT_EQ(rows.size(), file[1].get<std::size_t>());
      for (const Json& row : rows) all.push_back(row);
    }
    return all;
  }

  std::map<std::string, std::string> data_files() const {
    std::map<std::string, std::string> files;
    for (const auto& entry : std::filesystem::directory_iterator(options.folder / "data"))
      files[entry.path().filename()] = read_file(entry.path());
    return files;
  }
};

TEST(Gallery, AnEmptyMirrorHasASite) {
  Fixture fixture;
  EXPECT_EQ(fixture.build().media, 0U);
  EXPECT_EQ(fixture.summary()["cards"], Json::array());
  EXPECT_EQ(fixture.summary()["runs"], Json::array());
  EXPECT_TRUE(std::filesystem::exists(fixture.options.folder / "index.html"));
}

TEST(Gallery, ThePageAllowsNothingFromOutsideAndNoInlineScript) {
  Fixture fixture;
  fixture.build();
  const std::string page = fixture.text("index.html");
  EXPECT_THAT(page, HasSubstr("default-src 'none'"));
  EXPECT_THAT(page, Not(HasSubstr("unsafe")));
  EXPECT_THAT(page, Not(HasSubstr("https:")));
  for (auto at = page.find("<script"); at != page.npos; at = page.find("<script", at + 1)) {
    EXPECT_EQ(page.substr(at, 13), "<script src=\"") << page.substr(at, 60);
  }
  for (const auto& entry : std::filesystem::directory_iterator(fixture.options.folder)) {
    if (entry.path().extension() != ".js") continue;
    EXPECT_THAT(read_file(entry.path()), Not(HasSubstr("innerHTML"))) << entry.path();
  }
}

TEST(Gallery, ACardShowsTheThumbnailElseThePicture) {
  Fixture fixture;
  fixture.hold(Fixture::item(5), "a");
  fixture.hold(Fixture::item(6), "b", false);
  fixture.build();
  const auto cards = fixture.rows("cards", fixture.summary()["cards"]);
  ASSERT_THAT(cards, SizeIs(2));
  EXPECT_EQ(cards[0][0], 5);
  EXPECT_EQ(cards[0][7], "thumb/5.webp");
  EXPECT_EQ(cards[0][8], 200);
  EXPECT_EQ(cards[1][7], "huge/6.jpg");
}

TEST(Gallery, NothingFromOutsideIsMarkup) {
  const std::string hostile = "</script><script>alert('1')</script>&<!--\xff\u2028";
  Fixture fixture;
  MediaItem item = Fixture::item(5);
  item.photo_type = hostile;
  item.locales = {hostile};
  item.target_groups = {hostile};
  fixture.hold(item, "a");
  fixture.fail(Fixture::item(6), "html_page", hostile);
  ProductRecord product;
  product.product.id = "M" + hostile;
  product.product.names = {{"nl", hostile}};
  product.product.media = {{5, MediaKind::photo, {}, {}}};
  IndexGroup group = fixture.index->group();
  group.put_product(product);
  group.commit();
  fixture.build();
  for (const auto& [name, text] : fixture.data_files()) {
    EXPECT_EQ(text.find_first_of("<>&"), std::string::npos) << name;
    for (const char c : text) ASSERT_LT(static_cast<unsigned char>(c), 0x80) << name;
  }
  const auto details = fixture.rows("details", fixture.summary()["details"]);
  EXPECT_EQ(details[0]["type"], "</script><script>alert('1')</script>&<!--\xef\xbf\xbd\u2028");
  EXPECT_EQ(details[0]["products"][0][3][0][1], details[0]["type"]);
}

TEST(Gallery, UrlsAreShownWithoutSecrets) {
  Fixture fixture;
  MediaItem item = Fixture::item(5);
  item.formats.front().url = "https://user:geheim@media.example/5.jpg";
  fixture.hold(item, "a");
  fixture.build();
  for (const auto& [name, text] : fixture.data_files()) EXPECT_THAT(text, Not(HasSubstr("geheim"))) << name;
}

TEST(Gallery, AFailureIsListedByReasonWithWhatToDo) {
  Fixture fixture;
  fixture.fail(Fixture::item(5), "html_page", "a page came");
  fixture.fail(Fixture::item(6), "../odd", "what is this");
  fixture.options.refused_sample = [](const AssetKey& key) {
    return key.media == 5 ? std::string("store/rejected/5-huge") : std::string();
  };
  fixture.build();
  const Json summary = fixture.summary();
  ASSERT_THAT(summary["failures"], SizeIs(2));
  EXPECT_EQ(summary["failures"][0]["reason"], "html_page");
  EXPECT_FALSE(summary["failures"][0]["to_do"].get<std::string>().empty());
  EXPECT_EQ(summary["failures"][1]["reason"], "other");
  const auto rows = fixture.rows("failed-html_page", summary["failures"][0]["files"]);
  ASSERT_THAT(rows, SizeIs(1));
  EXPECT_EQ(rows[0][2], "a page came");
  const auto details = fixture.rows("details", summary["details"]);
  EXPECT_EQ(details[0]["assets"][0]["refused"], "store/rejected/5-huge");
  EXPECT_FALSE(details[1]["assets"][0].contains("refused"));
}

TEST(Gallery, TheIndexHasEachMediumOnceInOrder) {
  Fixture fixture;
  for (const MediaId id : {3, 10, 11, 500}) fixture.hold(Fixture::item(id), std::to_string(id));
  fixture.build();
  const Json index = value_of(fixture.text("data/index.js"));
  EXPECT_THAT(index["steps"], ElementsAre(3, 7, 1, 489));
  for (const char* column : {"kind", "type", "language", "state", "problem"})
    EXPECT_THAT(index[column], SizeIs(4)) << column;
}

TEST(Gallery, EqualBytesAreNamed) {
  Fixture fixture;
  fixture.hold(Fixture::item(5), "same");
  fixture.hold(Fixture::item(9), "same");
  fixture.hold(Fixture::item(7), "other");
  fixture.build();
  const auto details = fixture.rows("details", fixture.summary()["details"]);
  EXPECT_EQ(details[0]["assets"][0]["same"], Json::array({9}));
  EXPECT_FALSE(details[1]["assets"][0].contains("same"));
}

TEST(Gallery, LooksAreNamedAndCountAsProblems) {
  Fixture fixture;
  fixture.hold(Fixture::item(1), "same");
  fixture.hold(Fixture::item(2), "same");
  fixture.hold(Fixture::item(3), "alone");
  for (MediaId id = 11; id <= 20; ++id) fixture.hold(Fixture::item(id), "no picture yet");
  fixture.options.reports = {"missing.csv"};
  fixture.build();
  const Json summary = fixture.summary();
  EXPECT_EQ(summary["reports"], Json({"missing.csv"}));
  EXPECT_EQ(summary["problems"]["values"], Json({Json::array(), {"duplicate"}, {"placeholder"}}));
  EXPECT_EQ(summary["problems"]["counts"], Json({1, 2, 10}));
  std::map<MediaId, Json> alike;
  for (const Json& row : fixture.rows("details", summary["details"]))
    alike[row["id"]] = row.value("alike", Json());
  EXPECT_EQ(alike[1], Json::array({1, 0, Json::array({Json::array({2, 1})})}));
  EXPECT_TRUE(alike[3].is_null());
  EXPECT_EQ(alike[11][0], 9);
  EXPECT_EQ(alike[11][1], 1);
}

TEST(Gallery, SearchHasAPlainTextOfEachProductWithPictures) {
  Fixture fixture;
  ProductRecord record;
  record.product.id = "M1";
  record.product.cnk = "0123456";
  record.product.eans = {"5412345678908"};
  record.product.names = {{"fr", "Crème\fÀ l'ŒIL\n"}, {"nl", "Zalf Ďž"}};
  record.product.media = {{7, MediaKind::photo, {}, {}}, {9, MediaKind::photo, {}, {}}};
  record.fingerprint.low = 1;
  ProductRecord bare;
  bare.product.id = "M2";
  bare.fingerprint.low = 2;
  IndexGroup group = fixture.index->group();
  group.put_product(record);
  group.put_product(bare);
  group.commit();
  fixture.build();
  const Json summary = fixture.summary();
  EXPECT_EQ(fixture.rows("search", summary["search"]),
            std::vector<Json>({"m1\t0123456\t5412345678908\tcreme a l'Œil \tzalf dz\f7,9"}));
  EXPECT_THAT(fixture.rows("products", summary["products"]), SizeIs(2));
}

TEST(Gallery, ASecondBuildWritesNothing) {
  Fixture fixture;
  for (MediaId id = 1; id <= 50; ++id) fixture.hold(Fixture::item(id), std::to_string(id));
  EXPECT_GT(fixture.build().files_written, 10U);
  const GalleryResult second = fixture.build();
  EXPECT_EQ(second.files_written, 0U);
  EXPECT_EQ(second.files_removed, 0U);
}

// Where files of rows end must not depend on what comes before: else one medium would rewrite all that follow.
TEST(Gallery, OneMoreMediumAmongManyChangesFewFiles) {
  Fixture fixture;
  for (MediaId id = 1; id <= 400; ++id) fixture.hold(Fixture::item(id * 10), std::to_string(id));
  fixture.build();
  const auto before = fixture.data_files();
  fixture.hold(Fixture::item(55), "new");
  const GalleryResult result = fixture.build();
  EXPECT_GT(before.size(), 60U);
  // a file of cards and one of details, perhaps the one after each, the index and the summary
  EXPECT_LE(result.files_written, 8U);
  const auto cards = fixture.rows("cards", fixture.summary()["cards"]);
  EXPECT_THAT(cards, SizeIs(401));
  std::uint64_t last = 0;
  for (const Json& card : cards) {
    EXPECT_GT(card[0].get<std::uint64_t>(), last);
    last = card[0].get<std::uint64_t>();
  }
}

TEST(Gallery, DataFilesThatAreNoLongerPartAreRemovedAndNothingElse) {
  Fixture fixture;
  fixture.fail(Fixture::item(5), "http_404", "gone");
  fixture.build();
  ASSERT_TRUE(std::filesystem::exists(fixture.options.folder / "data" / "failed-http_404-5.js"));
  std::ofstream(fixture.options.folder / "data" / "mine.txt") << "keep";
  std::ofstream(fixture.options.folder / "mine.js") << "keep";
  fixture.hold(Fixture::item(5), "now");
  EXPECT_EQ(fixture.build().files_removed, 1U);
  EXPECT_FALSE(std::filesystem::exists(fixture.options.folder / "data" / "failed-http_404-5.js"));
  EXPECT_TRUE(std::filesystem::exists(fixture.options.folder / "data" / "mine.txt"));
  EXPECT_TRUE(std::filesystem::exists(fixture.options.folder / "mine.js"));
}

TEST(Gallery, RunsComeOldestFirstAndABrokenReportIsNoHindrance) {
  Fixture fixture;
  IndexGroup group = fixture.index->group();
  RunRecord run;
  run.started = 1'700'000'000;
  run.finished = 1'700'000'060;
  run.listing_complete = true;
  run.report = R"({"outcome":"done","items":{"fetched":7,"failed":1},"bytes":{"downloaded":99},)"
               R"("failures":[{"media_id":1}],"notes":["look"],"seconds":12.5})";
  group.put_run(3, run);
  run.report = "{broken";
  run.exit_code = 1;
  group.put_run(5, run);
  group.commit();
  fixture.build();
  const Json runs = fixture.summary()["runs"];
  ASSERT_THAT(runs, SizeIs(2));
  EXPECT_EQ(runs[0]["run"], 3);
  EXPECT_EQ(runs[0]["fetched"], 7);
  EXPECT_EQ(runs[0]["seconds"], 12.5);
  EXPECT_EQ(runs[0]["notes"], Json::array({"look"}));
  EXPECT_EQ(runs[1]["seconds"], 60);
  EXPECT_EQ(runs[1]["exit"], 1);
}

TEST(Gallery, MediaAddresses) {
  struct Row {
    const char *folder, *media, *address;
  };
  for (const auto& [folder, media, address] : {
           Row{"/srv/m/reports/gallery", "/srv/m/media", "../../media/"},
           Row{"/srv/m/reports/gallery/", "/srv/m/media/", "../../media/"},
           Row{"/srv/m/reports/gallery", "/data/my pictures#1", "../../../../data/my%20pictures%231/"},
       })
    EXPECT_EQ(media_address(folder, media), address) << media;
}

}  // namespace
}  // namespace medimirror
