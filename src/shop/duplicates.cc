#include "shop/duplicates.h"

#include <algorithm>
#include <map>
#include <numeric>
#include <optional>
#include <set>
#include <tuple>

#include "shop/near_prints.h"

namespace medimirror {

namespace {

constexpr std::size_t kProductsLookedAt = 5000;  // of a look: a placeholder is known long before

struct Held {
  Digest digest;
  MediaId media = 0;
  std::string format;
  std::uint64_t pixels = 0, bytes = 0;
};

// Sets that are joined pair by pair.
class Sets {
 public:
  explicit Sets(std::size_t count) : parents_(count) { std::iota(parents_.begin(), parents_.end(), 0u); }

  std::size_t of(std::size_t member) {
    while (parents_[member] != member) member = parents_[member] = parents_[parents_[member]];
    return member;
  }
  void join(std::size_t one, std::size_t other) { parents_[of(one)] = static_cast<std::uint32_t>(of(other)); }

 private:
  std::vector<std::uint32_t> parents_;
};

// As names are compared: no capitals, no trade marks and dots around it.
std::string first_word(const std::string& name) {
  std::string word;
  for (const char c : name) {
    const auto byte = static_cast<unsigned char>(c);
    const bool counts =
        (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || byte >= 0x80;
    if (!counts && !word.empty()) break;
    if (counts) word += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  }
  return word;
}

class Finder {
 public:
  explicit Finder(const IndexReader& index) : index_(index) {}

  Duplicates find() {
    read_held();
    join_near();
    gather();
    return std::move(result_);
  }

 private:
  // The largest picture of each medium; how many assets hold the same bytes.
  void read_held() {
    index_.each_asset([&](const AssetKey& key, const AssetRecord& record) {
      if (!record.to_publish()) return true;
      ++assets_[*record.digest];
      const std::optional<BlobRecord> blob = index_.blob(*record.digest);
      if (!blob) return true;
      Held held{*record.digest, key.media, key.format, std::uint64_t{blob->info.width} * blob->info.height,
                blob->bytes};
      if (media_.empty() || media_.back().media != key.media) {
        media_.push_back(std::move(held));
      } else if (std::tie(held.pixels, held.bytes) > std::tie(media_.back().pixels, media_.back().bytes)) {
        media_.back() = std::move(held);
      }
      return true;
    });
  }

  // One place for each picture of different bytes.
  void join_near() {
    for (std::size_t i = 0; i < media_.size(); ++i) holders_[media_[i].digest].push_back(i);
    Sets sets(media_.size());
    std::vector<std::pair<const Digest*, std::size_t>>
        added;  // by number of the print, and one that holds it
    const auto cells_of = [&](const Digest& digest) {
      const std::optional<Print> print = index_.print(digest);
      return print ? unpack(*print) : std::nullopt;
    };
    NearPrints near(
        [&](std::size_t number) { return cells_of(*added[number].first); },
        [&](std::size_t one, std::size_t other) {
          return sets.of(added[one].second) != sets.of(added[other].second);
        },
        [&](std::size_t one, std::size_t other) { sets.join(added[one].second, added[other].second); });
    for (const auto& [digest, holders] : holders_) {
      for (const std::size_t holder : holders) sets.join(holder, holders.front());
      ++result_.compared;
      const std::optional<PrintCells> cells = cells_of(digest);
      if (!cells) {
        ++result_.without_print;
        continue;
      }
      added.emplace_back(&digest, holders.front());
      near.add(*cells);
    }
    for (std::size_t i = 0; i < media_.size(); ++i) sets_[sets.of(i)].push_back(i);
  }

  void gather() {
    const bool products_known = index_.product_count() > 0;
    for (auto& [set, members] : sets_) {
      if (members.size() == 1 && !products_known) continue;
      Look look = look_of(members);
      look.is_placeholder =
          products_known ? look.names >= kPlaceholderNames : members.size() >= kPlaceholderMedia;
      if (members.size() > 1 || look.is_placeholder) result_.looks.push_back(std::move(look));
    }
    const auto lowest = [](const Look& look) {
      return std::ranges::min(look.pictures, {}, &AlikePicture::id).id;
    };
    std::ranges::sort(result_.looks, {}, lowest);
  }

  Look look_of(const std::vector<std::size_t>& members) {
    Look look;
    std::map<std::string, std::size_t> products;  // how many of these pictures each shows
    for (const std::size_t member : members) {
      const Held& held = media_[member];
      AlikePicture picture;
      picture.id = held.media;
      picture.format = held.format;
      picture.digest = held.digest;
      picture.bytes = held.bytes;
      picture.assets = assets_[held.digest];
      for (const std::string& product : index_.products_of_media(held.media)) {
        if (picture.products.size() < kProductsOfPicture) picture.products.push_back(product);
        if (products.size() < kProductsLookedAt || products.contains(product)) ++products[product];
      }
      if (const std::optional<BlobRecord> blob = members.size() > 1 || products.size() >= kPlaceholderNames
                                                     ? index_.blob(held.digest)
                                                     : std::nullopt) {
        picture.width = blob->info.width;
        picture.height = blob->info.height;
      }
      look.pictures.push_back(std::move(picture));
    }
    put_best_first(look);
    for (const auto& [product, pictures] : products)
      if (pictures > 1) look.within_products.push_back(product);
    look.names = count_names(products);
    return look;
  }

  static void put_best_first(Look& look) {
    const auto better = [](const AlikePicture& one, const AlikePicture& other) {
      const auto pixels = [](const AlikePicture& picture) {
        return std::uint64_t{picture.width} * picture.height;
      };
      return std::tuple(pixels(other), other.bytes, one.id) < std::tuple(pixels(one), one.bytes, other.id);
    };
    const auto best = std::ranges::min_element(look.pictures, better);
    std::rotate(look.pictures.begin(), best, best + 1);
    look.pictures.front().likeness = Likeness::best;
    for (std::size_t i = 1; i < look.pictures.size(); ++i)
      if (look.pictures[i].digest == look.pictures.front().digest)
        look.pictures[i].likeness = Likeness::same_bytes;
  }

  std::size_t count_names(const std::map<std::string, std::size_t>& products) const {
    if (products.size() < kPlaceholderNames) return 0;
    std::set<std::string> words;
    for (const auto& [id, pictures] : products) {
      const std::optional<ProductRecord> record = index_.product(id);
      if (!record) continue;
      const auto& names = record->product.names;
      words.insert(names.empty() ? id : first_word(names.front().second));
    }
    return words.size();
  }

  const IndexReader& index_;
  std::vector<Held> media_;  // by id
  std::map<Digest, std::uint64_t> assets_;
  std::map<Digest, std::vector<std::size_t>> holders_;  // places in media_
  std::map<std::size_t, std::vector<std::size_t>> sets_;
  Duplicates result_;
};

}  // namespace

std::string_view name_of(Likeness likeness) {
  switch (likeness) {
    case Likeness::best:
      return "best";
    case Likeness::same_bytes:
      return "same_bytes";
    case Likeness::near:
      return "near";
  }
  return "";
}

Duplicates find_duplicates(const IndexReader& index) {
  return Finder(index).find();
}

}  // namespace medimirror
