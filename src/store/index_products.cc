// The tables of products: see index.h. One record a product; the other three tables are ways to find it.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "base/product_code.h"
#include "store/index.h"
#include "store/index_tables.h"

namespace medimirror {

using namespace index_tables;

namespace {

// No real code comes near; LMDB takes keys of at most 511 bytes.
constexpr std::size_t kCodeBytesMax = 200;

std::string fingerprint_key(const Fingerprint& fingerprint) {
  return encode_key(MediaId{fingerprint.high}) + encode_key(MediaId{fingerprint.low});
}

std::string code_prefix(std::string_view code) {
  return lookup_form(code) + '\0';
}

// Every key under which the two finding tables name this product.
std::set<std::pair<Table, std::string>> finding_keys(const Product& product) {
  std::set<std::pair<Table, std::string>> keys;
  const auto add_code = [&](const std::string& code) {
    if (!code.empty() && code.size() <= kCodeBytesMax && code.find('\0') == code.npos)
      keys.emplace(kCodes, code_prefix(code) + product.id);
  };
  add_code(product.cnk);
  for (const std::string& ean : product.eans) add_code(ean);
  for (const ProductMedia& media : product.media)
    keys.emplace(kMediaProducts, encode_key(media.id) + product.id);
  return keys;
}

std::vector<std::string> rest_of_keys(const lmdb::Transaction& transaction, Table table,
                                      const std::string& prefix) {
  std::vector<std::string> rests;
  lmdb::Cursor cursor(transaction, handle(transaction, table));
  for (bool here = cursor.seek(prefix); here && cursor.key().starts_with(prefix); here = cursor.next())
    rests.emplace_back(cursor.key().substr(prefix.size()));
  return rests;
}

}  // namespace

std::optional<ProductRecord> IndexReader::product(std::string_view id) const {
  if (id.empty() || id.size() > kProductIdBytesMax) return std::nullopt;
  return get<ProductRecord>(*transaction_, kProducts, id, decode<ProductRecord>);
}

std::optional<std::string> IndexReader::product_listed_as(const Fingerprint& fingerprint) const {
  const auto id = transaction_->get(handle(*transaction_, kProductMarks), fingerprint_key(fingerprint));
  return id ? std::optional<std::string>(*id) : std::nullopt;
}

std::vector<std::string> IndexReader::products_of_code(std::string_view code) const {
  if (code.empty() || code.size() > kCodeBytesMax) return {};
  return rest_of_keys(*transaction_, kCodes, code_prefix(code));
}

std::vector<std::string> IndexReader::products_of_media(MediaId id) const {
  return rest_of_keys(*transaction_, kMediaProducts, encode_key(id));
}

void IndexReader::each_product(const std::function<bool(const ProductRecord&)>& callback) const {
  each(
      *transaction_, kProducts, [](std::string_view key) { return std::optional<std::string>(key); },
      decode<ProductRecord>,
      [&](const std::string& /*id*/, const ProductRecord& record) { return callback(record); });
}

std::uint64_t IndexReader::product_count() const {
  return transaction_->count(handle(*transaction_, kProducts));
}

void IndexReader::each_product_fault(const FaultSink& callback) const {
  const auto has = [&](Table table, std::string_view key) {
    return transaction_->get(handle(*transaction_, table), key).has_value();
  };
  std::map<Table, std::uint64_t> expected = {{kProductMarks, 0}, {kCodes, 0}, {kMediaProducts, 0}};
  lmdb::Cursor products(*transaction_, handle(*transaction_, kProducts));
  for (bool found = products.first(); found; found = products.next()) {
    const std::string id(products.key());
    const std::optional<ProductRecord> record = decode<ProductRecord>(products.value());
    if (!record) continue;  // each_unreadable names it
    if (record->product.id != id)
      callback("products", fmt::format("under {} stands the product {}", id, record->product.id));
    ++expected[kProductMarks];
    if (product_listed_as(record->fingerprint) != id)
      callback("product_marks", fmt::format("the line of product {} does not lead to it", id));
    for (const auto& [table, key] : finding_keys(record->product)) {
      ++expected[table];
      if (!has(table, key))
        callback(kTableNames[table], fmt::format("product {} cannot be found by all that names it", id));
    }
  }
  for (const auto& [table, count] : expected) {
    const std::uint64_t entries = transaction_->count(handle(*transaction_, table));
    if (entries > count)
      callback(kTableNames[table],
               fmt::format("it has {} entries, and the products account for {}", entries, count));
  }
}

void IndexGroup::put_product(const ProductRecord& record) {
  const std::string& id = record.product.id;
  if (id.empty() || id.size() > kProductIdBytesMax)
    throw Error(ErrorKind::internal,
                fmt::format("a product's id must have 1 to {} bytes", kProductIdBytesMax), "write the index");
  std::set<std::pair<Table, std::string>> old_keys;
  if (const std::optional<ProductRecord> old = product(id)) {
    old_keys = finding_keys(old->product);
    transaction_->remove(handle(*transaction_, kProductMarks), fingerprint_key(old->fingerprint));
  }
  const auto keys = finding_keys(record.product);
  for (const auto& [table, key] : old_keys)
    if (!keys.contains({table, key})) transaction_->remove(handle(*transaction_, table), key);
  for (const auto& [table, key] : keys)
    if (!old_keys.contains({table, key})) transaction_->put(handle(*transaction_, table), key, {});
  transaction_->put(handle(*transaction_, kProductMarks), fingerprint_key(record.fingerprint), id);
  transaction_->put(handle(*transaction_, kProducts), id, encode(record));
  mark_views_stale();
}

void IndexGroup::remove_product(std::string_view id) {
  const std::optional<ProductRecord> old = product(id);
  if (!old) return;
  for (const auto& [table, key] : finding_keys(old->product))
    transaction_->remove(handle(*transaction_, table), key);
  transaction_->remove(handle(*transaction_, kProductMarks), fingerprint_key(old->fingerprint));
  transaction_->remove(handle(*transaction_, kProducts), id);
  mark_views_stale();
}

}  // namespace medimirror
