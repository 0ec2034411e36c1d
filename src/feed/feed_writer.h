// Role: one import file, product by product. Each system has its own columns, separators and roles of pictures.
// Place: feed makes one and hands it only what passed the checks. shop_writers.cc has the shops', plain_writers.cc CSV and
// JSON Lines, sqlite_writer.cc SQLite.
// Threads: one. Failure: throws Error{disk}. Not finished means not published.
// Format: README, "Export", names the columns; they are a contract.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "feed/problem_list.h"
#include "feed/product_pictures.h"
#include "feed/systems.h"

namespace medimirror {

class FeedWriter {
 public:
  virtual ~FeedWriter() = default;
  virtual void add(const FeedProduct& product) = 0;
  virtual void finish() {}
};

struct WriterOptions {
  FeedSystem system{};
  bool with_names = false;             // also the column that renames the shop's own products
  bool replace_pictures = false;       // PrestaShop: the pictures that the product has go
  std::string base_url, published_as;  // for the file's own description (SQLite)
};

using ByteSink = std::function<void(std::string_view)>;

// For every system but SQLite. Writes the row of names at once. `problems` and `sink` outlive it.
std::unique_ptr<FeedWriter> make_shop_writer(const WriterOptions& options, ByteSink sink,
                                             ProblemList& problems);
std::unique_ptr<FeedWriter> make_plain_writer(const WriterOptions& options, ByteSink sink,
                                              ProblemList& problems);

// Writes beside `path` and renames at the end.
std::unique_ptr<FeedWriter> make_sqlite_writer(const WriterOptions& options,
                                               const std::filesystem::path& path);

}  // namespace medimirror
