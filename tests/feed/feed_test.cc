// Import files from a small index, line by line.
#include "feed/feed.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sqlite3.h>

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/file.h"
#include "support/temporary_folder.h"

namespace medimirror {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr const char* kHuge = "huge";

class FeedFile : public testing::Test {
 protected:
  void product(const std::string& id, const std::string& cnk, const std::string& name,
               std::vector<ProductMedia> media, std::vector<std::string> eans = {},
               const std::string& status = "active") {
    ProductRecord record;
    record.product.id = id;
    record.product.cnk = cnk;
    record.product.status = status;
    record.product.eans = std::move(eans);
    if (!name.empty()) record.product.names = {{"fr", "fr:" + name}, {"nl", name}};
    record.product.media = std::move(media);
    record.fingerprint.low = ++fingerprint_;
    IndexGroup group = index_->group();
    group.put_product(record);
    group.commit();
  }

  void publish(MediaId id, const std::string& path, ImageFormat format = ImageFormat::jpeg,
               const std::string& as = kHuge, std::uint32_t side = 900) {
    Digest digest;
    digest.bytes[0] = static_cast<std::uint8_t>(id);
    digest.bytes[1] = static_cast<std::uint8_t>(format);
    BlobRecord blob;
    blob.bytes = 1000 + id;
    blob.info.format = format;
    blob.info.width = blob.info.height = side;
    MediaItem item;
    item.id = id;
    item.kind = MediaKind::photo;
    item.photo_type = "packshot";
    IndexGroup group = index_->group();
    group.put_media(item);
    group.put_blob(digest, blob);
    group.put_published({id, as}, {path, digest, blob.bytes, 1'700'000'000});
    group.commit();
  }

  void number(const std::string& view, const std::string& product, MediaId id, std::uint32_t number) {
    IndexGroup group = index_->group();
    group.put_view_number({view, product, id}, {number, 0});
    group.commit();
  }

  void SetUp() override {
    options_.selection.base_url = "https://s.example/";
    options_.selection.publication = kHuge;
    options_.selection.locales = {"nl"};
  }

  // Two products with pictures, one without, listed in another order than that of their codes.
  void shelf() {
    product("M2", "0000007", "Siroop", {{3, MediaKind::photo, 1}}, {"5400000000014"});
    product("M1", "1234567", "Pil \"5, 10\"",
            {{2, MediaKind::photo, 2}, {9, MediaKind::photo, {}}, {1, MediaKind::frontal, 1}}, {"40000007"});
    product("M3", "7777777", "Zalf", {{4, MediaKind::photo, 1}});
    publish(1, "huge/0/1.jpg");
    publish(2, "huge/0/2.png", ImageFormat::png);
    publish(9, "huge/0/9.jpg");
    publish(3, "huge/0/3.jpg");
  }

  std::string write(FeedSystem system) {
    options_.system = system;
    options_.output = folder_ / "feed";
    options_.problems = folder_ / "problems.csv";
    result_ = write_feed(options_, index_->view());
    return read_file(options_.output);
  }

  std::vector<std::string> lines(FeedSystem system) {
    std::vector<std::string> lines;
    const std::string text = write(system);
    for (std::size_t at = 0; at < text.size();) {
      const std::size_t end = text.find('\n', at);
      EXPECT_NE(end, std::string::npos) << "the last line has no end";
      lines.push_back(text.substr(at, end - at));
      at = end + 1;
    }
    return lines;
  }

  std::uint64_t count(FeedProblem problem) const {
    return result_.problems[static_cast<std::size_t>(problem)];
  }

  TemporaryFolder folder_;
  std::unique_ptr<Index> index_ = Index::open(folder_ / "index", {.durable = false});
  std::uint64_t fingerprint_ = 0;
  FeedOptions options_;
  FeedResult result_;
};

TEST_F(FeedFile, Magento) {
  shelf();
  EXPECT_THAT(
      lines(FeedSystem::magento),
      ElementsAre(
          "sku,base_image,base_image_label,small_image,small_image_label,thumbnail_image,thumbnail_image_"
          "label,"
          "swatch_image,swatch_image_label,additional_images,additional_image_labels",
          "0000007,https://s.example/huge/0/3.jpg,Siroop,https://s.example/huge/0/3.jpg,Siroop,"
          "https://s.example/huge/0/3.jpg,Siroop,https://s.example/huge/0/3.jpg,Siroop,,",
          "1234567,https://s.example/huge/0/1.jpg,\"Pil \"\"5, 10\"\"\",https://s.example/huge/0/1.jpg,"
          "\"Pil \"\"5, 10\"\"\",https://s.example/huge/0/1.jpg,\"Pil \"\"5, 10\"\"\","
          "https://s.example/huge/0/1.jpg,\"Pil \"\"5, 10\"\"\","
          "\"https://s.example/huge/0/2.png,https://s.example/huge/0/9.jpg\","
          "\"Pil \"\"5  10\"\",Pil \"\"5  10\"\"\""));
  EXPECT_EQ(result_.products, 2u);
  EXPECT_EQ(result_.pictures, 4u);
  EXPECT_EQ(result_.products_without_picture, 1u);
  EXPECT_EQ(count(FeedProblem::text_changed), 1u);  // a comma in a list of labels
}

TEST_F(FeedFile, WooCommerce) {
  shelf();
  EXPECT_THAT(lines(FeedSystem::woocommerce),
              ElementsAre("SKU,Images", "0000007,https://s.example/huge/0/3.jpg",
                          "1234567,\"https://s.example/huge/0/1.jpg,https://s.example/huge/0/2.png,"
                          "https://s.example/huge/0/9.jpg\""));
  options_.with_names = true;
  EXPECT_THAT(lines(FeedSystem::woocommerce)[1], "0000007,https://s.example/huge/0/3.jpg,Siroop");
}

TEST_F(FeedFile, PrestaShop) {
  shelf();
  EXPECT_THAT(lines(FeedSystem::prestashop),
              ElementsAre("Reference #;Image URLs (x,y,z...);Image alt texts (x,y,z...);"
                          "Delete existing images (0 = No, 1 = Yes)",
                          "0000007;https://s.example/huge/0/3.jpg;Siroop;0",
                          "1234567;https://s.example/huge/0/1.jpg,https://s.example/huge/0/2.png,"
                          "https://s.example/huge/0/9.jpg;"
                          "\"Pil \"\"5  10\"\",Pil \"\"5  10\"\",Pil \"\"5  10\"\"\";0"));
  options_.replace_pictures = true;
  EXPECT_EQ(lines(FeedSystem::prestashop)[1], "0000007;https://s.example/huge/0/3.jpg;Siroop;1");
}

TEST_F(FeedFile, Shopware) {
  shelf();
  EXPECT_THAT(
      lines(FeedSystem::shopware),
      ElementsAre("product_number;cover_media_url;cover_media_title;cover_media_alt;media",
                  "0000007;https://s.example/huge/0/3.jpg;Siroop;Siroop;",
                  "1234567;https://s.example/huge/0/1.jpg;\"Pil \"\"5, 10\"\"\";\"Pil \"\"5, 10\"\"\";"
                  "https://s.example/huge/0/2.png|https://s.example/huge/0/9.jpg"));
}

TEST_F(FeedFile, Shopify) {
  shelf();
  options_.selection.code = ShopCode::medipim_id;
  product("M9", "", "", {{1, MediaKind::photo, 1}});
  EXPECT_THAT(lines(FeedSystem::shopify),
              ElementsAre("Handle,Title,Image Src,Image Position,Image Alt Text",
                          "m1,\"Pil \"\"5, 10\"\"\",https://s.example/huge/0/1.jpg,1,\"Pil \"\"5, 10\"\"\"",
                          "m1,,https://s.example/huge/0/2.png,2,\"Pil \"\"5, 10\"\"\"",
                          "m1,,https://s.example/huge/0/9.jpg,3,\"Pil \"\"5, 10\"\"\"",
                          "m2,Siroop,https://s.example/huge/0/3.jpg,1,Siroop"));
  EXPECT_EQ(count(FeedProblem::no_name), 1u);
  EXPECT_EQ(result_.products_left_out, 1u);
  EXPECT_EQ(result_.pictures_left_out, 1u);
}

TEST_F(FeedFile, GoogleNeverQuotes) {
  shelf();
  options_.with_names = true;
  EXPECT_THAT(lines(FeedSystem::google),
              ElementsAre("id\timage_link\tadditional_image_link\ttitle",
                          "0000007\thttps://s.example/huge/0/3.jpg\t\tSiroop",
                          "1234567\thttps://s.example/huge/0/1.jpg\t"
                          "https://s.example/huge/0/2.png,https://s.example/huge/0/9.jpg\tPil  5, 10 "));
}

TEST_F(FeedFile, GoogleTakesElevenPicturesOfAProduct) {
  std::vector<ProductMedia> media;
  for (MediaId id = 1; id <= 13; ++id) {
    media.push_back({id, MediaKind::photo, static_cast<std::int64_t>(id)});
    publish(id, "huge/0/" + std::to_string(id) + ".jpg", id == 2 ? ImageFormat::avif : ImageFormat::jpeg);
  }
  product("M1", "1234567", "Pil", media);
  const std::vector<std::string> rows = lines(FeedSystem::google);
  EXPECT_EQ(std::ranges::count(rows[1], ','), 9);
  EXPECT_THAT(rows[1], HasSubstr("/12.jpg"));
  EXPECT_EQ(rows[1].find("/2.jpg"), std::string::npos);
  EXPECT_EQ(count(FeedProblem::too_many_pictures), 1u);
  EXPECT_EQ(count(FeedProblem::type_not_taken), 1u);
  EXPECT_EQ(result_.pictures_left_out, 2u);
  EXPECT_THAT(read_file(options_.problems),
              HasSubstr("1234567,M1,13,huge/0/13.jpg,too_many_pictures,left_out,"));
}

TEST_F(FeedFile, ProductsWithoutAFittingPictureHaveNoRow) {
  product("M1", "1234567", "Pil", {{1, MediaKind::photo, 1}});
  publish(1, "huge/0/1.webp", ImageFormat::webp);
  EXPECT_EQ(lines(FeedSystem::magento).size(), 1u);
  EXPECT_EQ(result_.products, 0u);
  EXPECT_EQ(result_.products_left_out, 1u);
  EXPECT_EQ(result_.pictures_left_out, 1u);
  EXPECT_EQ(result_.products_without_picture, 0u);
}

TEST_F(FeedFile, OneRowForACode) {
  publish(1, "huge/0/1.jpg");
  publish(2, "huge/0/2.jpg");
  publish(3, "huge/0/3.webp", ImageFormat::webp);
  product("M0", "1234567", "no picture", {});
  product("M1", "1234567", "old", {{1, MediaKind::photo, 1}}, {}, "replaced");
  product("M2", "1234567", "refused", {{3, MediaKind::photo, 1}});
  product("M3", "1234567", "new", {{2, MediaKind::photo, 1}});
  product("M4", "", "nameless", {{2, MediaKind::photo, 1}});
  const std::vector<std::string> rows = lines(FeedSystem::magento);
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_THAT(rows[1], HasSubstr("1234567,https://s.example/huge/0/2.jpg,new"));
  EXPECT_EQ(count(FeedProblem::repeated_code), 1u);
  EXPECT_EQ(count(FeedProblem::no_code), 1u);
  EXPECT_THAT(read_file(options_.problems), HasSubstr("1234567,M1,,,repeated_code,left_out,"));
}

TEST_F(FeedFile, CodesOfEachKind) {
  shelf();
  options_.selection.code = ShopCode::ean;
  EXPECT_THAT(lines(FeedSystem::woocommerce)[1], testing::StartsWith("40000007,"));
  product("M4", "", "", {{1, MediaKind::photo, 1}}, {"5400000000021"});
  product("M5", "", "", {{1, MediaKind::photo, 1}});
  options_.selection.code = ShopCode::any;
  const std::vector<std::string> rows = lines(FeedSystem::woocommerce);
  ASSERT_EQ(rows.size(), 5u);
  EXPECT_THAT(rows[3], testing::StartsWith("5400000000021,"));
  EXPECT_THAT(rows[4], testing::StartsWith("M5,"));
}

TEST_F(FeedFile, OnlyTheProductsAskedFor) {
  shelf();
  options_.selection.products = {"M2", "M8"};
  EXPECT_EQ(lines(FeedSystem::woocommerce).size(), 2u);
}

TEST_F(FeedFile, NamesByLanguage) {
  shelf();
  options_.selection.locales = {"en", "fr", "nl"};
  EXPECT_THAT(lines(FeedSystem::shopware)[1], HasSubstr(";fr:Siroop;"));
  options_.selection.locales = {"de"};
  EXPECT_THAT(lines(FeedSystem::shopware)[1], HasSubstr(";fr:Siroop;"));
  options_.selection.any_locale = false;
  EXPECT_THAT(lines(FeedSystem::shopware)[1], HasSubstr(".jpg;;;"));
}

TEST_F(FeedFile, FilesOfAViewInTheOrderOfTheirNumbers) {
  shelf();
  const std::string as = "by-cnk/M1";
  publish(1, "by-cnk/1234567/1234567_10.jpg", ImageFormat::jpeg, as);
  publish(2, "by-cnk/1234567/1234567_9.jpg", ImageFormat::jpeg, as);
  publish(9, "by-cnk/1234567/1234567_1.jpg", ImageFormat::jpeg, as);
  number("by-cnk", "M1", 1, 10);
  number("by-cnk", "M1", 2, 9);
  number("by-cnk", "M1", 9, 1);
  publish(3, "by-cnk/a/1.jpg", ImageFormat::jpeg, "by-cnk/M2/5400000000014");
  publish(3, "by-cnk/b/1.jpg", ImageFormat::jpeg, "by-cnk/M2/0000007");
  publish(3, "by-cnk/c/1.jpg", ImageFormat::jpeg, "by-cnk/M20");
  options_.selection.view = "by-cnk";
  EXPECT_THAT(lines(FeedSystem::woocommerce),
              ElementsAre("SKU,Images", "0000007,https://s.example/by-cnk/b/1.jpg",
                          "1234567,\"https://s.example/by-cnk/1234567/1234567_1.jpg,"
                          "https://s.example/by-cnk/1234567/1234567_9.jpg,"
                          "https://s.example/by-cnk/1234567/1234567_10.jpg\""));
}

TEST_F(FeedFile, FilesOfAViewThatNamesNoProduct) {
  shelf();
  for (const MediaId id : {1, 2}) publish(id, fmt::format("flat/{}.jpg", id), ImageFormat::jpeg, "flat/");
  options_.selection.view = "flat";
  EXPECT_THAT(
      lines(FeedSystem::woocommerce),
      ElementsAre("SKU,Images", "1234567,\"https://s.example/flat/1.jpg,https://s.example/flat/2.jpg\""));
}

TEST_F(FeedFile, CsvTellsEverything) {
  shelf();
  product("M4", "", "=HYPERLINK(\"http://x\")", {{1, MediaKind::photo, 1}});
  const std::vector<std::string> rows = lines(FeedSystem::csv);
  ASSERT_EQ(rows.size(), 6u);
  EXPECT_EQ(rows[0],
            "\xEF\xBB\xBF"
            "code,product,cnk,eans,status,name,position,media,kind,photo_type,url,path,format,width,"
            "height,bytes,sha256,modified");
  EXPECT_THAT(rows[1],
              testing::StartsWith(",M4,,,active,\"'=HYPERLINK(\"\"http://x\"\")\",1,1,photo,packshot,"));
  EXPECT_THAT(rows[2],
              testing::StartsWith("0000007,M2,0000007,5400000000014,active,Siroop,1,3,photo,packshot,"
                                  "https://s.example/huge/0/3.jpg,huge/0/3.jpg,jpeg,900,900,1003,0301"));
  EXPECT_THAT(rows[2], testing::EndsWith(",2023-11-14T22:13:20Z"));
}

TEST_F(FeedFile, JsonLinesHoldEveryName) {
  shelf();
  const std::string hostile("\0\x1b\"\\\n,;'=\u202E\u0085", 15);
  product("M4", "9999999", hostile, {{1, MediaKind::photo, 1}});
  const std::vector<std::string> rows = lines(FeedSystem::jsonl);
  ASSERT_EQ(rows.size(), 3u);
  const auto json = nlohmann::json::parse(rows[2]);
  EXPECT_EQ(json["names"]["nl"], hostile);
  EXPECT_EQ(json["cnk"], "9999999");
  EXPECT_EQ(json["pictures"][0]["position"], 1);
  EXPECT_EQ(json["pictures"][0]["sha256"].get<std::string>().size(), 64u);
}

TEST_F(FeedFile, HostileNamesCannotBreakAPhpImporter) {
  publish(1, "huge/0/1.jpg");
  publish(2, "huge/0/2.jpg");
  const std::vector<ProductMedia> media = {{1, MediaKind::photo, 1}, {2, MediaKind::photo, 2}};
  product("M1", "0000001", "ends, in a backslash\\", media);
  product("M2", "0000002", "<b>{=x}</b>", media);
  product("M3", "0000003", "=cmd|' /C calc'!A0", media);
  product("M4", "0000004", std::string(10'000, 'x'), media);
  for (const FeedSystem system : {FeedSystem::magento, FeedSystem::prestashop, FeedSystem::shopware}) {
    const std::string text = write(system);
    EXPECT_EQ(text.find('\\'), std::string::npos);
    EXPECT_GE(count(FeedProblem::text_changed), 1u);
    EXPECT_EQ(count(FeedProblem::text_cut), 1u);
    EXPECT_EQ(count(FeedProblem::formula_like_text), system == FeedSystem::prestashop ? 0u : 1u);
    EXPECT_EQ(result_.pictures, 8u);
  }
  EXPECT_EQ(write(FeedSystem::prestashop).find_first_of("<>{}"), std::string::npos);
}

class Rows {
 public:
  Rows(const std::filesystem::path& path, const char* query) {
    EXPECT_EQ(sqlite3_open_v2(path.c_str(), &database_, SQLITE_OPEN_READONLY, nullptr), SQLITE_OK);
    EXPECT_EQ(sqlite3_prepare_v2(database_, query, -1, &statement_, nullptr), SQLITE_OK)
        << sqlite3_errmsg(database_);
  }
  ~Rows() {
    sqlite3_finalize(statement_);
    sqlite3_close(database_);
  }
  std::vector<std::string> all() {
    std::vector<std::string> rows;
    while (sqlite3_step(statement_) == SQLITE_ROW) {
      std::string row;
      for (int i = 0; i < sqlite3_column_count(statement_); ++i) {
        if (i > 0) row += '|';
        const void* const bytes = sqlite3_column_blob(statement_, i);
        row.append(static_cast<const char*>(bytes == nullptr ? "" : bytes),
                   static_cast<std::size_t>(sqlite3_column_bytes(statement_, i)));
      }
      rows.push_back(row);
    }
    return rows;
  }

 private:
  sqlite3* database_ = nullptr;
  sqlite3_stmt* statement_ = nullptr;
};

TEST_F(FeedFile, SqliteJoins) {
  shelf();
  product("M4", "9999999", std::string("a\0'; DROP TABLE products; --", 28), {{1, MediaKind::photo, 1}},
          {"9999999"});
  const std::string bytes = write(FeedSystem::sqlite);
  const auto ask = [&](const char* query) { return Rows(options_.output, query).all(); };
  EXPECT_THAT(ask("PRAGMA integrity_check"), ElementsAre("ok"));
  EXPECT_THAT(ask("PRAGMA foreign_key_check"), ElementsAre());
  EXPECT_THAT(ask("PRAGMA user_version"), ElementsAre("1"));
  EXPECT_THAT(ask("SELECT code, name FROM products WHERE product < 'M4' ORDER BY code"),
              ElementsAre("0000007|Siroop", "1234567|Pil \"5, 10\"", "7777777|Zalf"));
  EXPECT_THAT(ask("SELECT name FROM products WHERE product = 'M4'"),
              ElementsAre(std::string("a\0'; DROP TABLE products; --", 28)));
  EXPECT_THAT(
      ask("SELECT position, url FROM pictures JOIN codes USING (product) WHERE code = '40000007' ORDER BY 1"),
      ElementsAre("1|https://s.example/huge/0/1.jpg", "2|https://s.example/huge/0/2.png",
                  "3|https://s.example/huge/0/9.jpg"));
  EXPECT_EQ(result_.products, 3u);
  EXPECT_EQ(result_.products_without_picture, 1u);
  EXPECT_EQ(write(FeedSystem::sqlite), bytes) << "equal mirrors make equal files";
}

TEST_F(FeedFile, AFailedExportLeavesTheOldFile) {
  shelf();
  for (const FeedSystem system : {FeedSystem::magento, FeedSystem::sqlite}) {
    const std::string before = write(system);
    const std::string problems = read_file(options_.problems);
    IndexGroup group = index_->group();
    Digest digest;
    digest.bytes[0] = 99;
    group.put_published({4, kHuge},
                        {"huge/0/4.jpg", digest, 1, 1});  // names bytes that the index does not know
    group.commit();
    EXPECT_THROW(write_feed(options_, index_->view()), Error);
    EXPECT_EQ(read_file(options_.output), before);
    EXPECT_EQ(read_file(options_.problems), problems);
    std::size_t files = 0;
    for (const auto& entry : std::filesystem::directory_iterator(folder_.path()))
      files += entry.is_regular_file();
    EXPECT_EQ(files, 2u) << "temporary files were left";
    IndexGroup undo = index_->group();
    undo.remove_published({4, kHuge});
    undo.commit();
  }
}

}  // namespace
}  // namespace medimirror
