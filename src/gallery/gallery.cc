#include "gallery/gallery.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <memory>
#include <unordered_map>
#include <vector>

#include "base/sha256.h"
#include "gallery/assets.h"
#include "gallery/chunks.h"
#include "gallery/picture.h"
#include "gallery/picture_rows.h"
#include "gallery/runs.h"
#include "gallery/script_text.h"
#include "gallery/site_folder.h"
#include "report/advice.h"
#include "shop/duplicates.h"

namespace medimirror {

namespace {

constexpr std::size_t kRunsShown = 30;
constexpr std::size_t kSameBytesShown = 20;
// They come from outside, so there is a limit; what is beyond it counts as not given.
constexpr std::size_t kValuesMax = 4096;

// The values of a column: each is named once, rows hold its place. The first stands for "not given".
class Values {
 public:
  explicit Values(const Json& not_given) {
    place(not_given);
    counts_.front() = 0;
  }

  std::size_t place(const Json& value) {
    const auto [found, is_new] =
        places_.try_emplace(value.dump(-1, ' ', true, Json::error_handler_t::replace), values_.size());
    if (is_new) {
      if (values_.size() >= kValuesMax) {
        places_.erase(found);
        ++counts_.front();
        return 0;
      }
      values_.push_back(value);
      counts_.push_back(0);
    }
    ++counts_[found->second];
    return found->second;
  }

  Json summary() const { return {{"values", values_}, {"counts", counts_}}; }

 private:
  std::map<std::string, std::size_t> places_;
  Json values_ = Json::array();
  std::vector<std::uint64_t> counts_;
};

// Which media hold the same bytes. Known by the first 8 bytes of their digests: enough to tell a person, and a third
// of the memory.
class SameBytes {
 public:
  explicit SameBytes(const IndexReader& index) {
    index.each_asset([&](const AssetKey& key, const AssetRecord& record) {
      if (record.to_publish()) holders_.emplace_back(start_of(*record.digest), key.media);
      return true;
    });
    std::ranges::sort(holders_);
    const auto twice = std::ranges::unique(holders_);
    holders_.erase(twice.begin(), twice.end());
  }

  std::vector<MediaId> holders(const Digest& digest) const {
    std::vector<MediaId> media;
    auto holder = std::ranges::lower_bound(holders_, std::pair{start_of(digest), MediaId{0}});
    for (; holder != holders_.end() && holder->first == start_of(digest) && media.size() < kSameBytesShown;
         ++holder)
      media.push_back(holder->second);
    return media;
  }

 private:
  static std::uint64_t start_of(const Digest& digest) {
    std::uint64_t start = 0;
    for (std::size_t i = 0; i < 8; ++i) start = start << 8 | digest.bytes[i];
    return start;
  }

  std::vector<std::pair<std::uint64_t, MediaId>> holders_;
};

bool is_plain_name(std::string_view reason) {
  return !reason.empty() && reason.size() <= 60 && std::ranges::all_of(reason, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
  });
}

class Gallery {
 public:
  Gallery(const GalleryOptions& options, const IndexView& index)
      : options_(options),
        index_(index),
        site_(options.folder),
        same_bytes_(index),
        duplicates_(find_duplicates(index)),
        cards_(site_, "cards", options.cards_per_file),
        details_(site_, "details", options.details_per_file),
        products_(site_, "products", options.products_per_file),
        search_(site_, "search", options.searched_per_file) {
    for (const Look& look : duplicates_.looks)
      for (const AlikePicture& picture : look.pictures) looks_[picture.id] = &look;
    extras_.refused_sample = options.refused_sample;
    extras_.same_bytes = [this](const Digest& digest) { return same_bytes_.holders(digest); };
    extras_.look = [this](MediaId id) { return look_of(id); };
  }

  GalleryResult build() {
    index_.each_media([&](const MediaItem& item) {
      Picture picture = read_picture(index_, item);
      if (const Look* look = look_of(item.id)) {
        picture.is_duplicate = look->pictures.size() > 1;
        picture.is_placeholder = look->is_placeholder;
      }
      add(picture);
      return true;
    });
    index_.each_product([&](const ProductRecord& record) {
      products_.add(file_key(record.product.id), product_row(record.product));
      if (const std::string text = search_row(record.product); !text.empty())
        search_.add(file_key(record.product.id), text);
      ++product_count_;
      return true;
    });
    index_.each_published([&](const AssetKey&, const PublishedRecord& published) {
      ++published_files_;
      published_bytes_ += published.bytes;
      return true;
    });
    for (const GalleryAsset& asset : gallery_assets()) site_.put(std::string(asset.name), asset.content);
    // The summary names the others: it comes last.
    site_.put("data/summary.js", script_file("summary", script_value(summary())));
    site_.remove_stale_data();
    return {media_, product_count_, site_.written(), site_.unchanged(), site_.removed()};
  }

 private:
  const Look* look_of(MediaId id) const {
    const auto found = looks_.find(id);
    return found == looks_.end() ? nullptr : found->second;
  }

  void add(const Picture& picture) {
    const MediaItem& item = picture.item;
    CardCodes codes;
    codes.kind = kinds_.place(Json(std::string(name_of(item.kind))));
    codes.type = types_.place(Json(item.photo_type));
    codes.languages = languages_.place(Json(item.locales));
    codes.state = states_.place(Json(std::string(name_of(picture.state()))));
    codes.problems = problems_.place(Json(picture.problems()));
    cards_.add(item.id, card_row(picture, codes));
    details_.add(item.id, detail_row(picture, extras_));
    for (const FailureRow& failure : failure_rows(picture)) add(item.id, failure);
    steps_.push_back(item.id - last_id_);
    last_id_ = item.id;
    for (std::size_t i = 0;
         const std::size_t code : {codes.kind, codes.type, codes.languages, codes.state, codes.problems})
      columns_[i++].push_back(static_cast<std::uint16_t>(code));
    ++media_;
  }

  // Products are known by text, which is no name for a file.
  static std::uint64_t file_key(const std::string& product_id) {
    const Digest digest = sha256(product_id);
    std::uint64_t key = 0;
    for (std::size_t i = 0; i < 6; ++i)
      key = key << 8 | digest.bytes[i];  // 48 bits: a whole number in JavaScript
    return key;
  }

  void add(MediaId id, const FailureRow& failure) {
    const std::string name = is_plain_name(failure.reason) ? failure.reason : "other";
    Failures& failures = failures_[name];
    if (!failures.rows)
      failures.rows = std::make_unique<Chunks>(site_, "failed-" + name, options_.failures_per_file);
    failures.rows->add(id, failure.row);
    ++failures.count;
  }

  Json summary() {
    Json summary;
    summary["version"] = MEDIMIRROR_VERSION;
    summary["media"] = media_address(options_.folder, options_.media_folder);
    summary["totals"] = {{"media", media_},
                         {"products", product_count_},
                         {"files", published_files_},
                         {"bytes", published_bytes_},
                         {"blobs", index_.blob_count()}};
    summary["kinds"] = kinds_.summary();
    summary["types"] = types_.summary();
    summary["languages"] = languages_.summary();
    summary["states"] = states_.summary();
    summary["problems"] = problems_.summary();
    summary["cards"] = cards_.finish();
    summary["details"] = details_.finish();
    summary["products"] = products_.finish();
    summary["search"] = search_.finish();
    summary["reports"] = options_.reports;
    summary["index"] = write_index();
    Json& failures = summary["failures"] = Json::array();
    for (auto& [reason, rows] : failures_) {
      const Advice advice = advice_for(reason);
      failures.push_back({{"reason", reason},
                          {"count", rows.count},
                          {"meaning", advice.meaning},
                          {"to_do", advice.to_do},
                          {"files", rows.rows->finish()}});
    }
    summary["runs"] = run_rows(index_, kRunsShown);
    return summary;
  }

  // Columns compress and parse better than rows, and ids are written as steps from the one before.
  std::string write_index() {
    Json index;
    index["steps"] = steps_;
    constexpr std::array kNames = {"kind", "type", "language", "state", "problem"};
    for (std::size_t i = 0; i < kNames.size(); ++i) index[kNames[i]] = columns_[i];
    return site_.put("data/index.js", script_file("index", script_value(index)));
  }

  struct Failures {
    std::unique_ptr<Chunks> rows;
    std::uint64_t count = 0;
  };

  const GalleryOptions& options_;
  const IndexView& index_;
  SiteFolder site_;
  SameBytes same_bytes_;
  const Duplicates duplicates_;
  std::unordered_map<MediaId, const Look*> looks_;
  DetailExtras extras_;
  Chunks cards_, details_, products_, search_;
  std::map<std::string, Failures> failures_;
  Values kinds_{"unknown"}, types_{""}, languages_{Json::array()}, states_{"not_selected"},
      problems_{Json::array()};
  std::vector<std::uint64_t> steps_;
  std::array<std::vector<std::uint16_t>, 5> columns_;
  MediaId last_id_ = 0;
  std::uint64_t media_ = 0, product_count_ = 0, published_files_ = 0, published_bytes_ = 0;
};

}  // namespace

std::string media_address(const std::filesystem::path& folder, const std::filesystem::path& media_folder) {
  const std::filesystem::path relative =
      std::filesystem::absolute(media_folder)
          .lexically_normal()
          .lexically_relative(std::filesystem::absolute(folder).lexically_normal());
  std::string address;
  for (const char c : relative.native()) {
    const auto byte = static_cast<unsigned char>(c);
    const bool plain = (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
                       (byte >= '0' && byte <= '9') ||
                       std::string_view("/._-~").find(c) != std::string_view::npos;
    address += plain ? std::string(1, c) : fmt::format("%{:02X}", byte);
  }
  while (address.ends_with('/')) address.pop_back();
  return address + '/';
}

GalleryResult build_gallery(const GalleryOptions& options, const IndexView& index) {
  return Gallery(options, index).build();
}

}  // namespace medimirror
