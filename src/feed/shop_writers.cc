// The import files of shops. Columns and separators are those of each system's own import; see README, "Export".
#include <fmt/format.h>

#include "base/cells.h"
#include "feed/feed_writer.h"
#include "feed/fitted_text.h"

namespace medimirror {

namespace {

using Columns = std::initializer_list<std::string_view>;

// What all of them have in common: rows of cells, and texts that the system can take.
class ShopWriter : public FeedWriter {
 public:
  ShopWriter(const WriterOptions& options, ByteSink sink, ProblemList& problems, char separator)
      : options_(options),
        rules_(rules_of(options.system)),
        sink_(std::move(sink)),
        problems_(problems),
        cells_(row_, separator, Formulas::keep) {}

 protected:
  void write_names(Columns columns, std::string_view name_column) {
    for (const std::string_view column : columns) cells_.add(column);
    if (options_.with_names && !name_column.empty()) cells_.add(name_column);
    end_row();
  }

  void cell(std::string_view text) { cells_.add(text); }

  void name_cell(const FeedProduct& product) {
    if (options_.with_names) cell(fitted(product, rules_.title_max, rules_.text_forbidden));
  }

  void end_row() {
    cells_.end();
    sink_(row_);
    row_.clear();
  }

  // Every change is told, once for a product and kind of change.
  std::string fitted(const FeedProduct& product, std::size_t characters_max, std::string_view forbidden) {
    FittedText text = fit_text(product.name, {characters_max, forbidden, false});
    if (product.product.id != told_of_) {
      told_of_ = product.product.id;
      told_.fill(false);
    }
    if (text.changed)
      tell(FeedProblem::text_changed, product,
           "control characters, or signs with a meaning of their own there, "
           "were replaced in the name");
    if (text.cut)
      tell(FeedProblem::text_cut, product,
           fmt::format("{} takes {} characters of the name", rules_.title, characters_max));
    if (is_formula_like(text.text))
      tell(FeedProblem::formula_like_text, product,
           "a spreadsheet takes this name for a formula: import the file without opening it in one");
    return std::move(text.text);
  }

  std::string picture_text(const FeedProduct& product) {
    return fitted(product, rules_.text_max, rules_.text_forbidden);
  }

  // `count` times the same text as a list, which has no way to hold its own separator in an element.
  std::string picture_texts(const FeedProduct& product, std::size_t count) {
    if (count == 0) return {};
    const std::string text = fitted(product, rules_.text_max, std::string(rules_.text_forbidden) + ',');
    std::string list = text;
    for (std::size_t i = 1; i < count; ++i) list += ',' + text;
    return list;
  }

  static std::string addresses(const FeedProduct& product, std::size_t first, char separator) {
    std::string list;
    for (std::size_t i = first; i < product.pictures.size(); ++i) {
      if (i > first) list += separator;
      list += product.pictures[i].url;
    }
    return list;
  }

  const WriterOptions options_;
  const FeedRules& rules_;

 private:
  void tell(FeedProblem problem, const FeedProduct& product, std::string_view detail) {
    bool& told = told_[static_cast<std::size_t>(problem)];
    if (!told) problems_.add(problem, &product, nullptr, detail);
    told = true;
  }

  ByteSink sink_;
  ProblemList& problems_;
  std::string row_;
  CellRow cells_;
  std::string told_of_;
  std::array<bool, kFeedProblems> told_{};
};

// The first picture plays all roles, the others are additional. A picture that is named twice is imported once.
class MagentoWriter final : public ShopWriter {
 public:
  MagentoWriter(const WriterOptions& options, ByteSink sink, ProblemList& problems)
      : ShopWriter(options, std::move(sink), problems, ',') {
    write_names({"sku", "base_image", "base_image_label", "small_image", "small_image_label",
                 "thumbnail_image", "thumbnail_image_label", "swatch_image", "swatch_image_label",
                 "additional_images", "additional_image_labels"},
                "name");
  }

  void add(const FeedProduct& product) override {
    const std::string label = picture_text(product);
    cell(product.code);
    for (int role = 0; role < 4; ++role) {
      cell(product.pictures.front().url);
      cell(label);
    }
    cell(addresses(product, 1, ','));
    cell(picture_texts(product, product.pictures.size() - 1));
    name_cell(product);
    end_row();
  }
};

class WooCommerceWriter final : public ShopWriter {
 public:
  WooCommerceWriter(const WriterOptions& options, ByteSink sink, ProblemList& problems)
      : ShopWriter(options, std::move(sink), problems, ',') {
    write_names({"SKU", "Images"}, "Name");
  }

  void add(const FeedProduct& product) override {
    cell(product.code);
    cell(addresses(product, 0, ','));
    name_cell(product);
    end_row();
  }
};

class PrestaShopWriter final : public ShopWriter {
 public:
  PrestaShopWriter(const WriterOptions& options, ByteSink sink, ProblemList& problems)
      : ShopWriter(options, std::move(sink), problems, ';') {
    write_names({"Reference #", "Image URLs (x,y,z...)", "Image alt texts (x,y,z...)",
                 "Delete existing images (0 = No, 1 = Yes)"},
                "Name");
  }

  void add(const FeedProduct& product) override {
    cell(product.code);
    cell(addresses(product, 0, ','));
    cell(picture_texts(product, product.pictures.size()));
    cell(options_.replace_pictures ? "1" : "0");
    name_cell(product);
    end_row();
  }
};

// `media` holds what is not the cover: Shopware itself exports it so.
class ShopwareWriter final : public ShopWriter {
 public:
  ShopwareWriter(const WriterOptions& options, ByteSink sink, ProblemList& problems)
      : ShopWriter(options, std::move(sink), problems, ';') {
    write_names({"product_number", "cover_media_url", "cover_media_title", "cover_media_alt", "media"},
                "name");
  }

  void add(const FeedProduct& product) override {
    const std::string text = picture_text(product);
    cell(product.code);
    cell(product.pictures.front().url);
    cell(text);
    cell(text);
    cell(addresses(product, 1, '|'));
    name_cell(product);
    end_row();
  }
};

// One row a picture; the first of a product needs its title, which Shopify asks for in updates too.
class ShopifyWriter final : public ShopWriter {
 public:
  ShopifyWriter(const WriterOptions& options, ByteSink sink, ProblemList& problems)
      : ShopWriter(options, std::move(sink), problems, ',') {
    write_names({"Handle", "Title", "Image Src", "Image Position", "Image Alt Text"}, {});
  }

  void add(const FeedProduct& product) override {
    const std::string title = fitted(product, rules_.title_max, rules_.text_forbidden);
    const std::string text = picture_text(product);
    std::string handle = product.code;  // handles are of small letters
    for (char& c : handle)
      if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    for (std::size_t i = 0; i < product.pictures.size(); ++i) {
      cell(handle);
      cell(i == 0 ? std::string_view(title) : std::string_view());
      cell(product.pictures[i].url);
      cell(fmt::format("{}", i + 1));
      cell(text);
      end_row();
    }
  }
};

// Tab separated and never quoted: a quoted list of URLs is one value to Google.
class GoogleWriter final : public ShopWriter {
 public:
  GoogleWriter(const WriterOptions& options, ByteSink sink, ProblemList& problems)
      : ShopWriter(options, std::move(sink), problems, '\t') {
    write_names({"id", "image_link", "additional_image_link"}, "title");
  }

  void add(const FeedProduct& product) override {
    cell(product.code);
    cell(product.pictures.front().url);
    cell(addresses(product, 1, ','));
    name_cell(product);
    end_row();
  }
};

}  // namespace

std::unique_ptr<FeedWriter> make_shop_writer(const WriterOptions& options, ByteSink sink,
                                             ProblemList& problems) {
  switch (options.system) {
    case FeedSystem::magento:
      return std::make_unique<MagentoWriter>(options, std::move(sink), problems);
    case FeedSystem::woocommerce:
      return std::make_unique<WooCommerceWriter>(options, std::move(sink), problems);
    case FeedSystem::prestashop:
      return std::make_unique<PrestaShopWriter>(options, std::move(sink), problems);
    case FeedSystem::shopware:
      return std::make_unique<ShopwareWriter>(options, std::move(sink), problems);
    case FeedSystem::shopify:
      return std::make_unique<ShopifyWriter>(options, std::move(sink), problems);
    case FeedSystem::google:
      return std::make_unique<GoogleWriter>(options, std::move(sink), problems);
    case FeedSystem::csv:
    case FeedSystem::jsonl:
    case FeedSystem::sqlite:
      break;
  }
  return nullptr;
}

}  // namespace medimirror
