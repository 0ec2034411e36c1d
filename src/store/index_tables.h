// Role: the tables of the index by name, and how an entry is read or its damage told.
// Place: private to index.cc (pictures), index_products.cc (products) and index_views.cc (numbers in views).
#pragma once

#include <fmt/format.h>

#include <array>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/error.h"
#include "store/lmdb.h"
#include "store/record.h"

namespace medimirror::index_tables {

enum Table : std::size_t {
  kMarks,
  kMedia,
  kAssets,
  kQueue,
  kAbsent,
  kUnpublished,
  kBlobs,
  kDerivatives,
  kPublished,
  kRuns,
  kSettings,
  kProducts,
  kProductMarks,
  kCodes,
  kMediaProducts,
  kViewNumbers,
  kPrints,
  kTableCount,
};
constexpr std::array<std::string_view, kTableCount> kTableNames = {
    "marks",         "media",       "assets",         "queue",        "absent",   "unpublished",
    "blobs",         "derivatives", "published",      "runs",         "settings", "products",
    "product_marks", "codes",       "media_products", "view_numbers", "prints"};

inline lmdb::Table handle(const lmdb::Transaction& transaction, Table table) {
  return transaction.environment().table(table);
}

// A key for people: "media 12 huge", "blob 0af3…".
inline std::string describe(Table table, std::string_view key) {
  if (table == kSettings) return fmt::format("setting {}", key);
  if (table == kProducts) return fmt::format("product {}", key);
  if (table == kViewNumbers) return "a number of a view";
  if (table > kProducts && table < kViewNumbers) return "an entry of a product";
  if (const auto digest = Digest::from_bytes(key)) return fmt::format("blob {}", digest->hex());
  if (const auto derivative = decode_derivative_key(key))
    return fmt::format("derivative of {}", derivative->source.hex());
  if (const auto number = decode_media_key(key))
    return fmt::format("{} {}", table == kRuns ? "run" : "media", *number);
  if (const auto asset = decode_asset_key(key))
    return fmt::format("media {} {}", asset->media, asset->format);
  return "key of an unknown shape";
}

[[noreturn]] inline void throw_damaged(const lmdb::Transaction& transaction, Table table,
                                       std::string_view key) {
  throw Error(
      ErrorKind::index,
      fmt::format("the index in {} is damaged at {}, {}: run medimirror rebuild, no picture is lost by it",
                  transaction.environment().folder().native(), kTableNames[table], describe(table, key)),
      "read the index");
}

// Decodes what came from `table` at `key`; nothing means damage, in a value as in a key.
template <typename Value>
Value require(std::optional<Value> value, const lmdb::Transaction& transaction, Table table,
              std::string_view key) {
  if (!value) throw_damaged(transaction, table, key);
  return std::move(*value);
}

template <typename Record, typename Decode>
std::optional<Record> get(const lmdb::Transaction& transaction, Table table, std::string_view key,
                          Decode decode_value) {
  const auto bytes = transaction.get(handle(transaction, table), key);
  if (!bytes) return std::nullopt;
  return require(decode_value(*bytes), transaction, table, key);
}

template <typename DecodeKey, typename DecodeValue, typename Callback>
void each(const lmdb::Transaction& transaction, Table table, DecodeKey decode_key, DecodeValue decode_value,
          const Callback& callback) {
  lmdb::Cursor cursor(transaction, handle(transaction, table));
  for (bool found = cursor.first(); found; found = cursor.next()) {
    const auto key = require(decode_key(cursor.key()), transaction, table, cursor.key());
    const auto value = require(decode_value(cursor.value()), transaction, table, cursor.key());
    if (!callback(key, value)) return;
  }
}

}  // namespace medimirror::index_tables
