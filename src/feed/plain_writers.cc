// CSV and JSON Lines of our own: everything that is known of a published picture. See README, "Export".
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "base/cells.h"
#include "base/units.h"
#include "feed/feed_writer.h"
#include "feed/fitted_text.h"

namespace medimirror {

namespace {

// One row a picture. For spreadsheets and people: a byte order mark, and no cell that is a formula.
class CsvWriter final : public FeedWriter {
 public:
  CsvWriter(ByteSink sink, ProblemList& problems)
      : sink_(std::move(sink)), problems_(problems), cells_(row_, ',', Formulas::apostrophe) {
    row_ = "\xEF\xBB\xBF";
    for (const std::string_view column :
         {"code", "product", "cnk", "eans", "status", "name", "position", "media", "kind", "photo_type",
          "url", "path", "format", "width", "height", "bytes", "sha256", "modified"})
      cells_.add(column);
    end_row();
  }

  void add(const FeedProduct& product) override {
    const std::string name = fitted(product, product.name);
    std::string eans;
    for (const std::string& ean : product.product.eans) eans += (eans.empty() ? "" : "|") + ean;
    std::size_t position = 0;
    for (const FeedPicture& picture : product.pictures) {
      for (const std::string_view text :
           {std::string_view(product.code), std::string_view(product.product.id),
            std::string_view(product.product.cnk), std::string_view(eans),
            std::string_view(product.product.status), std::string_view(name)})
        cells_.add(text);
      cells_.add(fmt::format("{}", ++position));
      cells_.add(fmt::format("{}", picture.media));
      cells_.add(picture.kind);
      cells_.add(picture.photo_type);
      cells_.add(picture.url);
      cells_.add(picture.file.path);
      cells_.add(name_of(picture.info.format));
      cells_.add(fmt::format("{}", picture.info.width));
      cells_.add(fmt::format("{}", picture.info.height));
      cells_.add(fmt::format("{}", picture.file.bytes));
      cells_.add(picture.file.digest.hex());
      cells_.add(format_utc(picture.file.mtime));
      end_row();
    }
  }

 private:
  std::string fitted(const FeedProduct& product, std::string_view name) {
    FittedText text = fit_text(name, {});
    if (text.changed)
      problems_.add(FeedProblem::text_changed, &product, nullptr,
                    "control characters were replaced in the name");
    return std::move(text.text);
  }

  void end_row() {
    cells_.end();
    sink_(row_);
    row_.clear();
  }

  ByteSink sink_;
  ProblemList& problems_;
  std::string row_;
  CellRow cells_;
};

// One object a product.
class JsonLinesWriter final : public FeedWriter {
 public:
  explicit JsonLinesWriter(ByteSink sink) : sink_(std::move(sink)) {}

  void add(const FeedProduct& product) override {
    using Json = nlohmann::ordered_json;
    Json json = {
        {"code", product.code},       {"product", product.product.id}, {"status", product.product.status},
        {"cnk", product.product.cnk}, {"eans", product.product.eans},  {"name", product.name}};
    Json& names = json["names"] = Json::object();
    for (const auto& [locale, name] : product.product.names) names[locale] = name;
    Json& pictures = json["pictures"] = Json::array();
    for (const FeedPicture& picture : product.pictures)
      pictures.push_back({{"position", pictures.size() + 1},
                          {"media", picture.media},
                          {"kind", picture.kind},
                          {"photo_type", picture.photo_type},
                          {"url", picture.url},
                          {"path", picture.file.path},
                          {"format", name_of(picture.info.format)},
                          {"width", picture.info.width},
                          {"height", picture.info.height},
                          {"bytes", picture.file.bytes},
                          {"sha256", picture.file.digest.hex()},
                          {"modified", format_utc(picture.file.mtime)}});
    sink_(json.dump(-1, ' ', false, Json::error_handler_t::replace) + '\n');
  }

 private:
  ByteSink sink_;
};

}  // namespace

std::unique_ptr<FeedWriter> make_plain_writer(const WriterOptions& options, ByteSink sink,
                                              ProblemList& problems) {
  if (options.system == FeedSystem::csv) return std::make_unique<CsvWriter>(std::move(sink), problems);
  return std::make_unique<JsonLinesWriter>(std::move(sink));
}

}  // namespace medimirror
