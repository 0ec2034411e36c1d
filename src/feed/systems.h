// Role: the systems that an import file can be made for, and what each of them takes: kinds of pictures, bytes, pixels,
// names, texts. A table; pure.
// Place: picture_checks holds pictures to it, fitted_text texts, the writers take their columns from their own files.
// Rule: where sources disagree about a limit, the stricter one stands here: a picture that a shop would have taken is
// named in the list of problems, one that breaks an import is named nowhere. README has the table with its sources.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/image.h"

namespace medimirror {

enum class FeedSystem { magento, woocommerce, prestashop, shopware, shopify, google, csv, jsonl, sqlite };

// The words of the command line.
std::optional<FeedSystem> parse_feed_system(std::string_view name);
std::vector<std::string> feed_system_names();

// A limit of 0: none is known.
struct FeedRules {
  std::string_view title;            // "Magento 2"
  std::string_view extension;        // of the file that is written
  std::vector<ImageFormat> formats;  // empty: all of them
  std::uint64_t bytes_max = 0;
  std::uint64_t pixels_max = 0;
  std::uint32_t side_max = 0, side_min = 0;
  std::size_t pictures_max = 0;    // of a product
  std::size_t url_bytes_max = 0;   // URLs are ASCII
  std::size_t name_bytes_max = 0;  // of the last part of the path
  bool lower_case_names = false;   // what is not of [a-z0-9_.-] in a name is changed by the system
  bool size_suffixes = false;      // names that end in _thumb, _small, _medium stand for sizes there
  bool https_only = false;
  std::uint64_t file_bytes_max = 0;  // of the import file itself

  bool is_shop = true;  // it needs a code for each product, and an extension that tells the truth
  bool needs_name = false;
  std::size_t title_max = 0, text_max = 0;  // characters of the product's name, and of a picture's text
  std::string_view text_forbidden;          // signs that its importer refuses or misreads
};

const FeedRules& rules_of(FeedSystem system);

}  // namespace medimirror
