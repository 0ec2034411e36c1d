// The products of the catalogue: codes, names' numbers, and which media belong to them. See catalogue.h.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "sandbox/catalogue.h"
#include "sandbox/mix.h"

namespace medimirror::sandbox {
namespace {

constexpr std::uint64_t kFirstProductId = 0x100000000;
constexpr std::uint64_t kProductIdStep = 16381;  // ascending with gaps; a million fit into nine hex digits
constexpr UnixSeconds kFirstDay = 1'388'534'400;
constexpr UnixSeconds kLastDay = 1'751'328'000;
constexpr std::uint64_t kCnkStep = 3571;  // no common factor with 10^7: no CNK occurs twice

// With its check digit, as GS1 computes it: weights 3 and 1 from the right.
std::string gtin(std::uint64_t digits, int length) {
  std::string text = fmt::format("{:0{}}", digits, length - 1);
  int sum = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const int digit = text[text.size() - 1 - i] - '0';
    sum += i % 2 == 0 ? digit * 3 : digit;
  }
  text += static_cast<char>('0' + (10 - sum % 10) % 10);
  return text;
}

}  // namespace

std::string Catalogue::product_id(ProductIndex index) const {
  return fmt::format("M{:09X}", kFirstProductId + index * kProductIdStep +
                                    mix(options_.seed ^ 0x9d, index) % kProductIdStep);
}

std::optional<ProductIndex> Catalogue::product_index(std::string_view id) const {
  if (id.size() != 10 || id[0] != 'M') return std::nullopt;
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(id.data() + 1, id.data() + id.size(), number, 16);
  if (error != std::errc{} || end != id.data() + id.size() || number < kFirstProductId) return std::nullopt;
  const std::uint64_t index = (number - kFirstProductId) / kProductIdStep;
  if (index >= product_count() || product_id(static_cast<ProductIndex>(index)) != id) return std::nullopt;
  return static_cast<ProductIndex>(index);
}

std::vector<MediaIndex> Catalogue::product_media(ProductIndex index) const {
  std::vector<MediaIndex> media;
  const auto add = [&](MediaIndex number) {
    // What came back under a new id is shown under the new one.
    while (true) {
      const MediaChange* changed = change(number);
      if (changed == nullptr || !changed->replaced_by) break;
      number = *changed->replaced_by;
    }
    if (!removed(number) && std::find(media.begin(), media.end(), number) == media.end())
      media.push_back(number);
  };

  // A window over the media, wide enough to overlap the neighbour's where there are few media a product: so
  // one item belongs to several products.
  if (options_.media > 0) {
    const std::uint64_t start = std::uint64_t{index} * options_.media / std::max(options_.products, 1u);
    const std::uint64_t count = 1 + mix(options_.seed ^ 0x3e, index) % 8;
    for (std::uint64_t i = 0; i < count; ++i) add(static_cast<MediaIndex>((start + i) % options_.media));
  }
  if (const auto attached = overlay_->attached.find(index); attached != overlay_->attached.end())
    for (const MediaIndex number : attached->second) add(number);
  return media;
}

ProductFacts Catalogue::product(ProductIndex index) const {
  Dice dice(mix(options_.seed ^ 0x7ab1e, index));
  ProductFacts facts;
  facts.index = index;
  facts.id = product_id(index);
  const std::uint32_t throw_ = dice.below(100);
  facts.status = throw_ < 80 ? 0 : throw_ < 90 ? 1 : throw_ < 95 ? 2 : 3;
  facts.brand = dice.below(24);
  facts.category = dice.below(12);
  facts.family = dice.below(60);
  facts.organization = dice.below(40);
  facts.minimum_content = dice.percent(85);
  facts.created_at = kFirstDay + static_cast<UnixSeconds>(static_cast<std::uint64_t>(kLastDay - kFirstDay) *
                                                          index / std::max(options_.products, 1u));
  facts.updated_at = std::min(kLastDay, facts.created_at + static_cast<UnixSeconds>(dice.below(90'000'000)));
  facts.dice = dice.next();

  // Without oddities every product has one CNK and one EAN of its own.
  const bool odd = options_.oddities;
  const bool no_codes = odd && index % 40 == 11;
  if (!no_codes && !(odd && index % 17 == 5))
    facts.cnk = fmt::format("{:07}", (index * kCnkStep + 1234) % 10'000'000);
  if (!no_codes && !(odd && index % 19 == 3)) {
    const ProductIndex twin = odd && index % 50 == 7 ? index - 1 : index;  // an EAN that two products share
    facts.eans.push_back(gtin(540'000'000'000 + twin, 13));
    if (odd && index % 9 == 2) facts.eans.push_back(gtin(1'000'000 + index % 8'000'000, 8));
    if (odd && index % 9 == 4) facts.eans.push_back(gtin(540'000'000'000 + twin, 14));  // a leading zero
    if (odd && index % 9 == 6) facts.eans.push_back(gtin(30'000'000'000 + index, 12));
  }
  facts.media = product_media(index);
  if (const auto updated = overlay_->products_updated.find(index);
      updated != overlay_->products_updated.end())
    facts.updated_at = updated->second;
  return facts;
}

}  // namespace medimirror::sandbox
