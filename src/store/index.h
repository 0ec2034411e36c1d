// Role: everything that is known but the bytes themselves: catalogue, asset records, blobs, derivatives, what
// is published, runs, settings of the last run. Typed reads from a snapshot, typed writes in groups.
// Place: pipeline writes, everything reads. LMDB behind it, seen only by lmdb.h.
// Threads: Index may be shared; an IndexView belongs to one thread at a time; one IndexGroup at a time in the
// process (LMDB has one write lock), used by the thread that made it.
// Failure: throws Error{index} for damage or an unknown version, Error{disk} for a full or failing disk. A
// record that fails its check is damage: the sentence names its key and `medimirror rebuild`.
// Limits: the map is address space, not disk; it is made larger at open as the index grows. Long-lived views
// make the file grow, because what they see cannot be reused: renew them, also in the middle of a walk.
// Memory: about 64 MB of what is read stays mapped, however long the walk (lmdb.h).
// Durability: when commit() returns, the group is on disk. Before, nothing of it is visible.
// Format: tables (LMDB databases), keys as bytes:
//   marks        media id (8 bytes BE)        ListingMark      small: it is all that a run without changes reads
//   media        media id                     MediaItem
//   assets       media id, format             AssetRecord
//   queue        media id, format             (empty)          exactly the assets with to_fetch(); kept by put_asset
//   absent       media id, format             (empty)          exactly the assets with is_absent(); likewise
//   unpublished  media id, format             (empty)          assets whose publication may have to change
//   blobs        digest                       BlobRecord
//   prints       digest                       Print, of pictures whose pixels were decoded; kept by put_blob, remove_blob
//   derivatives  digest, recipe key           digest of the derivative
//   published    media id, format or recipe   PublishedRecord  a view's file: "<view>/<product id>" (view_number.h)
//   runs         run number (8 bytes BE)      RunRecord
//   settings     name                         text (schema_version, the last run's settings as fingerprints, cursor)
//   products product id (text) ProductRecord; product_marks fingerprint (16 bytes BE) product id: an unchanged line
//   costs one look; codes lookup_form of a CNK or GTIN, a zero byte, product id (empty); media_products media id (8
//   bytes BE), product id (empty). The last three are kept by put_product and remove_product.
//   view_numbers view's name, zero byte, product id, zero byte, media id   ViewNumber
// The setting views_stale is "1" from the first mark_unpublished, put_product or remove_product on, until a run has
// planned all views and published them: so a run that was killed, or a command that knows no views, cannot lose it.
// An index whose schema_version is not kIndexSchemaVersion is refused.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "store/record.h"
#include "store/view_number.h"

namespace medimirror {

namespace lmdb {
class Cursor;
class Environment;
class Transaction;
}  // namespace lmdb

constexpr std::string_view kIndexSchemaVersion = "2";

class IndexReader {
 public:
  std::optional<ListingMark> mark(MediaId id) const;
  std::optional<MediaItem> media(MediaId id) const;
  std::optional<AssetRecord> asset(const AssetKey& key) const;
  std::vector<std::pair<std::string, AssetRecord>> assets_of(MediaId id) const;  // format, record
  std::optional<BlobRecord> blob(const Digest& digest) const;                    // without its print
  std::optional<Print> print(const Digest& digest) const;
  std::optional<Digest> derivative(const DerivativeKey& key) const;
  std::optional<PublishedRecord> published(const AssetKey& key) const;
  std::vector<std::pair<std::string, PublishedRecord>> published_of(MediaId id) const;
  std::optional<RunRecord> run(RunNumber number) const;
  std::optional<std::pair<RunNumber, RunRecord>> last_run() const;
  std::optional<std::string> setting(std::string_view name) const;

  std::optional<ProductRecord> product(std::string_view id) const;
  // The id of the product whose line had this fingerprint when it was listed last.
  std::optional<std::string> product_listed_as(const Fingerprint& fingerprint) const;
  std::vector<std::string> products_of_code(std::string_view code) const;  // a CNK, or a GTIN in any length
  std::vector<std::string> products_of_media(MediaId id) const;
  void each_product(const std::function<bool(const ProductRecord&)>& callback) const;
  std::uint64_t product_count() const;

  // In order of media id.
  std::vector<std::pair<MediaId, ViewNumber>> view_numbers(std::string_view view,
                                                           std::string_view product) const;
  void each_view_number(const std::function<bool(const ViewNumberKey&, const ViewNumber&)>& callback) const;
  bool views_are_stale() const;

  // Up to `limit` keys after `after` (nothing: from the start), in key order.
  std::vector<AssetKey> queued(const std::optional<AssetKey>& after, std::size_t limit) const;
  std::vector<AssetKey> absent(const std::optional<AssetKey>& after, std::size_t limit) const;
  std::vector<AssetKey> unpublished(const std::optional<AssetKey>& after, std::size_t limit) const;

  // Whole tables in key order; the callback returns false to stop. It may read; it must not write to the same
  // table.
  void each_mark(const std::function<bool(MediaId, const ListingMark&)>& callback) const;
  void each_media(const std::function<bool(const MediaItem&)>& callback) const;
  void each_asset(const std::function<bool(const AssetKey&, const AssetRecord&)>& callback) const;
  void each_blob(const std::function<bool(const Digest&, const BlobRecord&)>& callback) const;
  void each_derivative(const std::function<bool(const DerivativeKey&, const Digest&)>& callback) const;
  void each_published(const std::function<bool(const AssetKey&, const PublishedRecord&)>& callback) const;
  void each_run(const std::function<bool(RunNumber, const RunRecord&)>& callback) const;

  // What verify asks, with the table and a phrase. The first: every record that cannot be read, where a walk over its
  // table would have thrown at the first one. The second: where the four tables of products disagree.
  using FaultSink = std::function<void(std::string_view table, const std::string& what)>;
  void each_unreadable(const FaultSink& callback) const;
  void each_product_fault(const FaultSink& callback) const;

  // Entries of a table: O(1).
  std::uint64_t mark_count() const;
  std::uint64_t asset_count() const;
  std::uint64_t queue_count() const;
  std::uint64_t unpublished_count() const;
  std::uint64_t blob_count() const;
  std::uint64_t derivative_count() const;
  std::uint64_t published_count() const;

 protected:
  explicit IndexReader(std::unique_ptr<lmdb::Transaction> transaction);
  IndexReader(IndexReader&&) noexcept;
  ~IndexReader();

  std::unique_ptr<lmdb::Transaction> transaction_;
};

// A consistent snapshot.
class IndexView final : public IndexReader {
 public:
  void renew();  // to what is committed now

  // The merge walk: a cursor over marks. at(id) is cheap when ids ascend (a step instead of a search), right
  // when they do not. The view outlives it, stays where it is (not moved), and may be renewed meanwhile.
  class MarkWalk {
   public:
    explicit MarkWalk(const IndexView& view);
    ~MarkWalk();
    MarkWalk(const MarkWalk&) = delete;
    MarkWalk& operator=(const MarkWalk&) = delete;

    std::optional<ListingMark> at(MediaId id);

   private:
    std::unique_ptr<lmdb::Cursor> cursor_;
    bool started_ = false, on_entry_ = false;
    MediaId sought_ = 0;  // the last id that was asked for
  };

 private:
  friend class Index;
  using IndexReader::IndexReader;
};

// Changes that become durable together. Reads through it see them. Not committed means dropped.
class IndexGroup final : public IndexReader {
 public:
  void put_mark(MediaId id, const ListingMark& mark);
  void remove_mark(MediaId id);
  void put_media(const MediaItem& item);
  void remove_media(MediaId id);
  void put_asset(const AssetKey& key, const AssetRecord& record);  // and its place in the queue
  void remove_asset(const AssetKey& key);
  void put_blob(const Digest& digest, const BlobRecord& record);  // without a print: what is kept of it stays
  void remove_blob(const Digest& digest);
  void put_derivative(const DerivativeKey& key, const Digest& digest);
  void remove_derivative(const DerivativeKey& key);
  void put_published(const AssetKey& key, const PublishedRecord& record);
  void remove_published(const AssetKey& key);
  void mark_unpublished(const AssetKey& key);
  void clear_unpublished(const AssetKey& key);
  void put_run(RunNumber number, const RunRecord& record);
  void put_setting(std::string_view name, std::string_view value);

  void put_product(const ProductRecord& record);  // and its codes, its media and the mark of its line
  void remove_product(std::string_view id);

  void put_view_number(const ViewNumberKey& key, const ViewNumber& number);
  void remove_view_number(const ViewNumberKey& key);
  void mark_views_stale();

  void commit();  // ends the group: nothing may be asked of it afterwards

 private:
  friend class Index;
  using IndexReader::IndexReader;
};

class Index {
 public:
  struct Options {
    std::uint64_t map_bytes = std::uint64_t{64}
                              << 30;  // address space, not disk; more where the index is large
    bool read_only = false;
    bool durable = true;  // false is for measuring only
  };
  // Opens the index in `folder`, making it when absent. Once per process and folder.
  static std::unique_ptr<Index> open(const std::filesystem::path& folder, const Options& options);

  ~Index();

  // See lmdb.h: whether opening it would fail for the number of this process, as it does between containers.
  static bool is_process_number_taken(const std::filesystem::path& folder);

  // Looks at every page of the index file without opening it, since LMDB may end the process over an
  // overwritten page. Nothing: no damage, or no index. A phrase otherwise. Wants no writer in it.
  static std::optional<std::string> find_damage(const std::filesystem::path& folder);

  IndexView view() const;
  IndexGroup group();

 private:
  explicit Index(std::unique_ptr<lmdb::Environment> environment);
  void check_schema(const Options& options);

  std::unique_ptr<lmdb::Environment> environment_;
};

}  // namespace medimirror
