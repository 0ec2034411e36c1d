#include "store/index.h"

#include <fmt/format.h>

#include <utility>

#include "base/error.h"
#include "store/index_file.h"
#include "store/index_tables.h"
#include "store/lmdb.h"
#include "store/setting_names.h"

namespace medimirror {

using namespace index_tables;

namespace {

// All entries whose asset key belongs to `id`: format, record.
template <typename Record>
std::vector<std::pair<std::string, Record>> all_of(const lmdb::Transaction& transaction, Table table,
                                                   MediaId id) {
  std::vector<std::pair<std::string, Record>> found;
  const std::string prefix = encode_key(id);
  lmdb::Cursor cursor(transaction, handle(transaction, table));
  for (bool here = cursor.seek(prefix); here && cursor.key().starts_with(prefix); here = cursor.next()) {
    AssetKey key = require(decode_asset_key(cursor.key()), transaction, table, cursor.key());
    found.emplace_back(std::move(key.format),
                       require(decode<Record>(cursor.value()), transaction, table, cursor.key()));
  }
  return found;
}

std::vector<AssetKey> keys_after(const lmdb::Transaction& transaction, Table table,
                                 const std::optional<AssetKey>& after, std::size_t limit) {
  std::vector<AssetKey> keys;
  lmdb::Cursor cursor(transaction, handle(transaction, table));
  bool found = after ? cursor.seek_after(encode_key(*after)) : cursor.first();
  for (; found && keys.size() < limit; found = cursor.next())
    keys.push_back(require(decode_asset_key(cursor.key()), transaction, table, cursor.key()));
  return keys;
}

std::string checked_key(const AssetKey& key) {
  if (key.format.empty() || key.format.size() > kFormatNameBytesMax)
    throw Error(ErrorKind::internal,
                fmt::format("a format's name must have 1 to {} bytes", kFormatNameBytesMax),
                "write the index");
  return encode_key(key);
}

}  // namespace

// ---------------------------------------------------------------- reading

IndexReader::IndexReader(std::unique_ptr<lmdb::Transaction> transaction)
    : transaction_(std::move(transaction)) {}
IndexReader::IndexReader(IndexReader&&) noexcept = default;
IndexReader::~IndexReader() = default;

std::optional<ListingMark> IndexReader::mark(MediaId id) const {
  return get<ListingMark>(*transaction_, kMarks, encode_key(id), decode<ListingMark>);
}
std::optional<MediaItem> IndexReader::media(MediaId id) const {
  return get<MediaItem>(*transaction_, kMedia, encode_key(id), decode<MediaItem>);
}
std::optional<AssetRecord> IndexReader::asset(const AssetKey& key) const {
  return get<AssetRecord>(*transaction_, kAssets, encode_key(key), decode<AssetRecord>);
}
std::vector<std::pair<std::string, AssetRecord>> IndexReader::assets_of(MediaId id) const {
  return all_of<AssetRecord>(*transaction_, kAssets, id);
}
std::optional<BlobRecord> IndexReader::blob(const Digest& digest) const {
  return get<BlobRecord>(*transaction_, kBlobs, digest.view(), decode<BlobRecord>);
}
std::optional<Print> IndexReader::print(const Digest& digest) const {
  return get<Print>(*transaction_, kPrints, digest.view(), decode<Print>);
}
std::optional<Digest> IndexReader::derivative(const DerivativeKey& key) const {
  return get<Digest>(*transaction_, kDerivatives, encode_key(key), Digest::from_bytes);
}
std::optional<PublishedRecord> IndexReader::published(const AssetKey& key) const {
  return get<PublishedRecord>(*transaction_, kPublished, encode_key(key), decode<PublishedRecord>);
}
std::vector<std::pair<std::string, PublishedRecord>> IndexReader::published_of(MediaId id) const {
  return all_of<PublishedRecord>(*transaction_, kPublished, id);
}
std::optional<RunRecord> IndexReader::run(RunNumber number) const {
  return get<RunRecord>(*transaction_, kRuns, encode_key(number), decode<RunRecord>);
}
std::optional<std::pair<RunNumber, RunRecord>> IndexReader::last_run() const {
  lmdb::Cursor cursor(*transaction_, handle(*transaction_, kRuns));
  if (!cursor.last()) return std::nullopt;
  return std::pair{require(decode_media_key(cursor.key()), *transaction_, kRuns, cursor.key()),
                   require(decode<RunRecord>(cursor.value()), *transaction_, kRuns, cursor.key())};
}
std::optional<std::string> IndexReader::setting(std::string_view name) const {
  const auto value = transaction_->get(handle(*transaction_, kSettings), name);
  if (!value) return std::nullopt;
  return std::string(*value);
}

std::vector<AssetKey> IndexReader::queued(const std::optional<AssetKey>& after, std::size_t limit) const {
  return keys_after(*transaction_, kQueue, after, limit);
}
std::vector<AssetKey> IndexReader::absent(const std::optional<AssetKey>& after, std::size_t limit) const {
  return keys_after(*transaction_, kAbsent, after, limit);
}
std::vector<AssetKey> IndexReader::unpublished(const std::optional<AssetKey>& after,
                                               std::size_t limit) const {
  return keys_after(*transaction_, kUnpublished, after, limit);
}

namespace {

template <typename DecodeKey, typename DecodeValue>
void list_unreadable(const lmdb::Transaction& transaction, Table table, DecodeKey decode_key,
                     DecodeValue decode_value, const IndexReader::FaultSink& callback) {
  lmdb::Cursor cursor(transaction, handle(transaction, table));
  for (bool found = cursor.first(); found; found = cursor.next())
    if (!decode_key(cursor.key()) || !decode_value(cursor.value()))
      callback(kTableNames[table], describe(table, cursor.key()));
}

}  // namespace

void IndexReader::each_unreadable(const FaultSink& callback) const {
  const lmdb::Transaction& in = *transaction_;
  const auto any = [](std::string_view) { return true; };
  list_unreadable(in, kMarks, decode_media_key, decode<ListingMark>, callback);
  list_unreadable(in, kMedia, decode_media_key, decode<MediaItem>, callback);
  list_unreadable(in, kAssets, decode_asset_key, decode<AssetRecord>, callback);
  list_unreadable(in, kBlobs, Digest::from_bytes, decode<BlobRecord>, callback);
  list_unreadable(in, kPrints, Digest::from_bytes, decode<Print>, callback);
  list_unreadable(in, kDerivatives, decode_derivative_key, Digest::from_bytes, callback);
  list_unreadable(in, kPublished, decode_asset_key, decode<PublishedRecord>, callback);
  list_unreadable(in, kRuns, decode_media_key, decode<RunRecord>, callback);
  list_unreadable(in, kProducts, any, decode<ProductRecord>, callback);
  list_unreadable(in, kViewNumbers, decode_view_number_key, decode_view_number, callback);
  for (const Table table : {kQueue, kAbsent, kUnpublished})
    list_unreadable(in, table, decode_asset_key, any, callback);
}

void IndexReader::each_mark(const std::function<bool(MediaId, const ListingMark&)>& callback) const {
  each(*transaction_, kMarks, decode_media_key, decode<ListingMark>, callback);
}
void IndexReader::each_media(const std::function<bool(const MediaItem&)>& callback) const {
  each(*transaction_, kMedia, decode_media_key, decode<MediaItem>,
       [&](MediaId /*id*/, const MediaItem& item) { return callback(item); });
}
void IndexReader::each_asset(const std::function<bool(const AssetKey&, const AssetRecord&)>& callback) const {
  each(*transaction_, kAssets, decode_asset_key, decode<AssetRecord>, callback);
}
void IndexReader::each_blob(const std::function<bool(const Digest&, const BlobRecord&)>& callback) const {
  each(*transaction_, kBlobs, Digest::from_bytes, decode<BlobRecord>, callback);
}
void IndexReader::each_derivative(
    const std::function<bool(const DerivativeKey&, const Digest&)>& callback) const {
  each(*transaction_, kDerivatives, decode_derivative_key, Digest::from_bytes, callback);
}
void IndexReader::each_published(
    const std::function<bool(const AssetKey&, const PublishedRecord&)>& callback) const {
  each(*transaction_, kPublished, decode_asset_key, decode<PublishedRecord>, callback);
}
void IndexReader::each_run(const std::function<bool(RunNumber, const RunRecord&)>& callback) const {
  each(*transaction_, kRuns, decode_media_key, decode<RunRecord>, callback);
}

std::uint64_t IndexReader::mark_count() const {
  return transaction_->count(handle(*transaction_, kMarks));
}
std::uint64_t IndexReader::asset_count() const {
  return transaction_->count(handle(*transaction_, kAssets));
}
std::uint64_t IndexReader::queue_count() const {
  return transaction_->count(handle(*transaction_, kQueue));
}
std::uint64_t IndexReader::unpublished_count() const {
  return transaction_->count(handle(*transaction_, kUnpublished));
}
std::uint64_t IndexReader::blob_count() const {
  return transaction_->count(handle(*transaction_, kBlobs));
}
std::uint64_t IndexReader::derivative_count() const {
  return transaction_->count(handle(*transaction_, kDerivatives));
}
std::uint64_t IndexReader::published_count() const {
  return transaction_->count(handle(*transaction_, kPublished));
}

// ---------------------------------------------------------------- a snapshot

void IndexView::renew() {
  transaction_->renew();
}

IndexView::MarkWalk::MarkWalk(const IndexView& view)
    : cursor_(std::make_unique<lmdb::Cursor>(*view.transaction_, handle(*view.transaction_, kMarks))) {}
IndexView::MarkWalk::~MarkWalk() = default;

std::optional<ListingMark> IndexView::MarkWalk::at(MediaId id) {
  const lmdb::Transaction& transaction = cursor_->transaction();
  const std::string key = encode_key(id);
  // Where the cursor stands is the first mark from sought_ on. In an ascending listing the next one asked for
  // is mostly that one or the one after it; everything else is a search.
  const bool ascends = cursor_->is_current() && started_ && id >= sought_;
  if (!ascends) {
    on_entry_ = cursor_->seek(key);
  } else if (on_entry_ && cursor_->key() < key) {
    on_entry_ = cursor_->next();
    if (on_entry_ && cursor_->key() < key) on_entry_ = cursor_->seek(key);
  }
  started_ = true;
  sought_ = id;
  if (!on_entry_ || cursor_->key() != key) return std::nullopt;
  return require(decode<ListingMark>(cursor_->value()), transaction, kMarks, key);
}

// ---------------------------------------------------------------- a group of changes

void IndexGroup::put_mark(MediaId id, const ListingMark& mark) {
  transaction_->put(handle(*transaction_, kMarks), encode_key(id), encode(mark));
}
void IndexGroup::remove_mark(MediaId id) {
  transaction_->remove(handle(*transaction_, kMarks), encode_key(id));
}

void IndexGroup::put_media(const MediaItem& item) {
  transaction_->put(handle(*transaction_, kMedia), encode_key(item.id), encode(item));
}
void IndexGroup::remove_media(MediaId id) {
  transaction_->remove(handle(*transaction_, kMedia), encode_key(id));
}

void IndexGroup::put_asset(const AssetKey& key, const AssetRecord& record) {
  const std::string bytes = checked_key(key);
  transaction_->put(handle(*transaction_, kAssets), bytes, encode(record));
  const auto list = [&](Table table, bool listed) {
    if (listed)
      transaction_->put(handle(*transaction_, table), bytes, {});
    else
      transaction_->remove(handle(*transaction_, table), bytes);
  };
  list(kQueue, record.to_fetch());
  list(kAbsent, record.is_absent());
}
void IndexGroup::remove_asset(const AssetKey& key) {
  const std::string bytes = checked_key(key);
  transaction_->remove(handle(*transaction_, kAssets), bytes);
  transaction_->remove(handle(*transaction_, kQueue), bytes);
  transaction_->remove(handle(*transaction_, kAbsent), bytes);
}

void IndexGroup::put_blob(const Digest& digest, const BlobRecord& record) {
  transaction_->put(handle(*transaction_, kBlobs), digest.view(), encode(record));
  if (!record.info.print.empty())
    transaction_->put(handle(*transaction_, kPrints), digest.view(), encode(record.info.print));
}
void IndexGroup::remove_blob(const Digest& digest) {
  transaction_->remove(handle(*transaction_, kBlobs), digest.view());
  transaction_->remove(handle(*transaction_, kPrints), digest.view());
}

void IndexGroup::put_derivative(const DerivativeKey& key, const Digest& digest) {
  transaction_->put(handle(*transaction_, kDerivatives), encode_key(key), digest.view());
}
void IndexGroup::remove_derivative(const DerivativeKey& key) {
  transaction_->remove(handle(*transaction_, kDerivatives), encode_key(key));
}

void IndexGroup::put_published(const AssetKey& key, const PublishedRecord& record) {
  transaction_->put(handle(*transaction_, kPublished), checked_key(key), encode(record));
}
void IndexGroup::remove_published(const AssetKey& key) {
  transaction_->remove(handle(*transaction_, kPublished), checked_key(key));
}

void IndexGroup::mark_unpublished(const AssetKey& key) {
  transaction_->put(handle(*transaction_, kUnpublished), checked_key(key), {});
  mark_views_stale();
}
void IndexGroup::clear_unpublished(const AssetKey& key) {
  transaction_->remove(handle(*transaction_, kUnpublished), checked_key(key));
}

void IndexGroup::put_run(RunNumber number, const RunRecord& record) {
  transaction_->put(handle(*transaction_, kRuns), encode_key(number), encode(record));
}
void IndexGroup::put_setting(std::string_view name, std::string_view value) {
  transaction_->put(handle(*transaction_, kSettings), name, value);
}

void IndexGroup::commit() {
  transaction_->commit();
}

// ---------------------------------------------------------------- the index

Index::Index(std::unique_ptr<lmdb::Environment> environment) : environment_(std::move(environment)) {}
Index::~Index() = default;

std::unique_ptr<Index> Index::open(const std::filesystem::path& folder, const Options& options) {
  lmdb::Environment::Options settings;
  settings.map_bytes = options.map_bytes;
  settings.access = options.read_only ? lmdb::Access::read : lmdb::Access::write;
  settings.durable = options.durable;
  std::unique_ptr<Index> index(new Index(std::make_unique<lmdb::Environment>(folder, settings, kTableNames)));
  index->check_schema(options);
  return index;
}

bool Index::is_process_number_taken(const std::filesystem::path& folder) {
  return lmdb::is_process_number_taken(folder);
}

std::optional<std::string> Index::find_damage(const std::filesystem::path& folder) {
  return find_damage_in_index_file(folder / "data.mdb", IndexFileDepth::pages);
}

void Index::check_schema(const Options& options) {
  const auto [version, is_empty] = [&] {
    const IndexView now = view();
    return std::pair{now.setting(kSchemaSetting),
                     now.mark_count() + now.asset_count() + now.blob_count() == 0};
  }();
  if (version == kIndexSchemaVersion) return;
  if (version)
    throw Error(
        ErrorKind::index,
        fmt::format(
            "the index in {} has schema version {}, and this program knows {}: use the medimirror that "
            "wrote it, or run medimirror rebuild",
            environment_->folder().native(), *version, kIndexSchemaVersion),
        "open the index");
  if (!is_empty || options.read_only)
    throw Error(ErrorKind::index,
                fmt::format("the index in {} does not say its schema version: run medimirror rebuild",
                            environment_->folder().native()),
                "open the index");
  IndexGroup first = group();
  first.put_setting(kSchemaSetting, kIndexSchemaVersion);
  first.commit();
}

IndexView Index::view() const {
  return IndexView(std::make_unique<lmdb::Transaction>(*environment_, lmdb::Access::read));
}
IndexGroup Index::group() {
  return IndexGroup(std::make_unique<lmdb::Transaction>(*environment_, lmdb::Access::write));
}

}  // namespace medimirror
