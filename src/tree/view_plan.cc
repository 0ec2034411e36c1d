#include "tree/view_plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <set>
#include <utility>

#include "base/error.h"
#include "base/file.h"
#include "base/product_code.h"
#include "store/grouped_writes.h"
#include "tree/journal.h"
#include "tree/line_fields.h"
#include "tree/view_numbers.h"

namespace medimirror {

namespace {

using Field = ViewPath::Field;

constexpr std::size_t kNumberMemoryBytes = std::size_t{8} << 20;
constexpr std::size_t kSentencesMax = 100;
constexpr std::size_t kExamplesMax = 3;

std::vector<std::string> names_of(const ViewSet& set) {
  std::vector<std::string> names;
  for (const View& view : set.views) names.push_back(view.name);
  return names;
}

// Another format of a picture does not change whose path it is.
std::string_view without_extension(std::string_view path) {
  return path.substr(0, path.rfind('.'));
}

struct Picture {
  MediaId id = 0;
  MediaKind kind = MediaKind::unknown;
  std::string photo_type, locale;
  std::optional<std::int64_t> display_order;
};

// A picture that a view wants and could show.
struct Candidate {
  const Picture* picture = nullptr;
  std::size_t rank = 0, position = 0;
  Digest source, shown;
  std::uint64_t pixels = 0;  // only where the view looks for duplicates; likewise
  Print print = {};
};

bool is_shown_before(const Candidate& one, const Candidate& other) {
  if (one.rank != other.rank) return one.rank < other.rank;
  const auto &a = one.picture->display_order, &b = other.picture->display_order;
  if (a.has_value() != b.has_value()) return a.has_value();
  if (a && *a != *b) return *a < *b;
  return one.position < other.position;
}

bool stays_before(const Candidate& one, const Candidate& other) {
  if (one.rank != other.rank) return one.rank < other.rank;
  if (one.pixels != other.pixels) return one.pixels > other.pixels;
  return is_shown_before(one, other);
}

std::vector<std::string> codes_of(const std::vector<std::string>& eans) {
  std::vector<std::string> codes, forms;
  for (const std::string& ean : eans) {
    std::string form = lookup_form(ean);
    if (std::ranges::find(forms, form) != forms.end()) continue;  // the same, written longer
    forms.push_back(std::move(form));
    codes.push_back(ean);
  }
  return codes;
}

}  // namespace

class ViewPlanner {
 public:
  ViewPlanner(const ViewSet& set, const IndexView& index, ViewPlan& plan, UnixSeconds now)
      : set_(set), index_(index), plan_(plan), now_(now) {
    for (const View& view : set.views)
      plan.outcome_.views.push_back(
          {.name = view.name, .near_are_hidden = view.near_duplicates == View::NearDuplicates::hide});
  }

  void run(const std::filesystem::path& changes_file) {
    note_what_is_there(changes_file);
    if (std::ranges::any_of(set_.views, [](const View& view) { return view.path.is_of_products(); }))
      index_.each_product([&](const ProductRecord& record) {
        if (is_selected(record.product.id)) plan_product(record.product);
        return true;
      });
    for (std::size_t at = 0; at < set_.views.size(); ++at)
      if (!set_.views[at].path.is_of_products()) plan_media(at);
    sweep_numbers();
    plan_.claims_.settle();
    conclude();
  }

 private:
  bool is_selected(const std::string& product) const {
    return !set_.products || std::ranges::binary_search(*set_.products, product);
  }

  void note_what_is_there(const std::filesystem::path& changes_file) {
    const std::vector<std::string> names = names_of(set_);
    index_.each_published([&](const AssetKey& key, const PublishedRecord& record) {
      // also a file of the main tree where a view is now
      const std::string_view folder = std::string_view(record.path).substr(0, record.path.find('/'));
      if (is_view_format(key.format) || std::ranges::find(names, folder) != names.end())
        plan_.claims_.note_published(key, record.path);
      return true;
    });
    for (UnfinishedJournal journal(journal_file(changes_file)); journal.entry(); journal.advance()) {
      const JournalEntry& entry = *journal.entry();
      if (!entry.now.path.empty()) plan_.claims_.note_suspect(entry.key.media, entry.now.path);
      if (!entry.old_path.empty()) plan_.claims_.note_suspect(entry.key.media, entry.old_path);
    }
  }

  // ---- by product

  void plan_product(const Product& product) {
    const std::vector<Picture> pictures = pictures_of(product);
    const std::vector<std::string> eans = codes_of(product.eans);
    for (std::size_t at = 0; at < set_.views.size(); ++at)
      if (set_.views[at].path.is_of_products()) plan_product_in(at, product, eans, pictures);
  }

  std::vector<Picture> pictures_of(const Product& product) const {
    std::vector<Picture> pictures;
    for (const ProductMedia& media : product.media) {
      const auto known = std::ranges::find(pictures, media.id, &Picture::id);
      if (known != pictures.end()) {  // listed among the photos and among the frontals
        if (media.kind == MediaKind::frontal) known->kind = MediaKind::frontal;
        if (!known->display_order) known->display_order = media.display_order;
        continue;
      }
      const std::optional<MediaItem> item = index_.media(media.id);
      if (!item) continue;  // not listed, or not to this key
      Picture picture{media.id, item->kind, item->photo_type, {}, item->display_order};
      if (media.kind == MediaKind::frontal) picture.kind = media.kind;
      if (media.display_order) picture.display_order = media.display_order;
      if (!item->locales.empty()) picture.locale = item->locales.front();
      pictures.push_back(std::move(picture));
    }
    return pictures;
  }

  void plan_product_in(std::size_t at, const Product& product, const std::vector<std::string>& eans,
                       const std::vector<Picture>& pictures) {
    const View& view = set_.views[at];
    ViewSummary& summary = plan_.outcome_.views[at];
    std::vector<Candidate> shown = candidates(at, pictures);
    std::vector<MediaId> hidden;
    const bool by_cnk = view.path.uses(Field::cnk), by_ean = view.path.uses(Field::ean);
    if (!shown.empty() && ((by_cnk && product.cnk.empty()) || (by_ean && eans.empty()))) {
      if (++summary.without_code <= kExamplesMax) summary.codeless.push_back(product.id);
      shown.clear();
    }
    look_for_duplicates(at, product, shown, hidden);
    std::ranges::sort(shown, is_shown_before);
    if (view.max_per_product != 0 && shown.size() > view.max_per_product) {
      summary.over_limit += shown.size() - view.max_per_product;
      shown.resize(view.max_per_product);
    }
    const std::vector<std::uint32_t> numbers = number(view, product.id, shown, hidden);
    bool has_files = false;
    held_codes_.clear();
    for (std::size_t i = 0; i < shown.size(); ++i) {
      const std::uint32_t n = numbers.empty() ? 0 : numbers[i];
      if (!by_ean) {
        has_files |= claim(at, product, "", shown[i], n, i);
      } else {
        for (const std::string& ean : eans) has_files |= claim(at, product, ean, shown[i], n, i);
      }
    }
    if (!has_files) return;
    ++summary.products;
    note_shared_codes(at, product, eans);
  }

  std::vector<Candidate> candidates(std::size_t at, const std::vector<Picture>& pictures) {
    const View& view = set_.views[at];
    std::vector<Candidate> found;
    for (std::size_t position = 0; position < pictures.size(); ++position) {
      const Picture& picture = pictures[position];
      const auto rank = pick_rank(view.pick, {picture.kind, picture.photo_type});
      if (!rank) continue;
      const std::optional<AssetRecord> asset = index_.asset({picture.id, view.format});
      if (!asset || !asset->to_publish()) continue;
      if (std::optional<Candidate> candidate = candidate_of(at, picture, *asset->digest)) {
        candidate->rank = *rank;
        candidate->position = position;
        found.push_back(std::move(*candidate));
      }
    }
    return found;
  }

  std::optional<Candidate> candidate_of(std::size_t at, const Picture& picture, const Digest& source) {
    const View& view = set_.views[at];
    Candidate candidate;
    candidate.picture = &picture;
    candidate.source = candidate.shown = source;
    if (view.recipe) {
      const std::optional<Digest> derivative = index_.derivative({source, view.recipe->key()});
      if (!derivative) {
        ++plan_.outcome_.views[at].without_derivative;
        return std::nullopt;
      }
      candidate.shown = *derivative;
    }
    if (view.near_duplicates != View::NearDuplicates::keep) {
      const BlobRecord blob = blob_of(source, picture.id);
      candidate.pixels = std::uint64_t{blob.info.width} * blob.info.height;
      candidate.print = index_.print(source).value_or(Print{});
    }
    return candidate;
  }

  void look_for_duplicates(std::size_t at, const Product& product, std::vector<Candidate>& shown,
                           std::vector<MediaId>& hidden) {
    const View& view = set_.views[at];
    if (view.near_duplicates == View::NearDuplicates::keep) return;
    ViewSummary& summary = plan_.outcome_.views[at];
    std::ranges::sort(shown, stays_before);
    std::vector<Candidate> different;
    for (Candidate& candidate : shown) {
      const auto twin = std::ranges::find_if(different, [&](const Candidate& other) {
        return candidate.source == other.source || is_near_duplicate(candidate.print, other.print);
      });
      if (twin == different.end()) {
        different.push_back(candidate);
        continue;
      }
      hidden.push_back(candidate.picture->id);
      if (++summary.near_duplicates <= kExamplesMax)
        summary.alike.push_back(fmt::format("media {} like media {} of product {}", candidate.picture->id,
                                            twin->picture->id, product.id));
    }
    if (view.near_duplicates == View::NearDuplicates::hide)
      shown = std::move(different);
    else
      hidden.clear();
  }

  std::vector<std::uint32_t> number(const View& view, const std::string& product,
                                    const std::vector<Candidate>& shown, const std::vector<MediaId>& hidden) {
    if (!view.path.uses(Field::n)) return {};
    std::vector<MediaId> media;
    for (const Candidate& candidate : shown) media.push_back(candidate.picture->id);
    Numbering numbering =
        number_pictures(index_.view_numbers(view.name, product), media, hidden, now_, set_.grace);
    for (const auto& [id, change] : numbering.changes) change_number({view.name, product, id}, change);
    return std::move(numbering.numbers);
  }

  // False: it can have no name there.
  bool claim(std::size_t at, const Product& product, const std::string& ean, const Candidate& candidate,
             std::uint32_t n, std::size_t order) {
    const View& view = set_.views[at];
    const Picture& picture = *candidate.picture;
    const BlobRecord blob = blob_of(candidate.shown, picture.id);
    ViewPathFields fields;
    fields.cnk = product.cnk;
    fields.ean = ean;
    fields.product = product.id;
    fields.n = n;
    fields.id = picture.id;
    fields.kind = name_of(picture.kind);
    fields.photo_type = picture.photo_type;
    fields.locale = picture.locale;
    fields.format = view.recipe ? view.recipe->name : view.format;
    fields.image_format = blob.info.format;
    fields.digest = &candidate.shown;
    auto path = view.path.render(fields);
    ViewClaim claim;
    claim.key = {picture.id, fmt::format("{}/{}{}{}", view.name, product.id, ean.empty() ? "" : "/", ean)};
    if (claim.key.format.size() > kFormatNameBytesMax)
      path = ViewPath::Refused{"the product's id and its code are longer than a name may be"};
    if (const auto* refused = std::get_if<ViewPath::Refused>(&path)) {
      refuse(at, picture.id, product.id, refused->why);
      return false;
    }
    claim.view = at;
    claim.product = product.id;
    claim.inactive = product.status != "active";
    claim.code = code_alone(view, product, ean);
    claim.order = static_cast<std::uint32_t>(order);
    claim.record = {view.name + '/' + std::get<std::string>(path), candidate.shown, blob.bytes, blob.mtime};
    const std::optional<PublishedRecord> now = index_.published(claim.key);
    claim.holds = now && without_extension(now->path) == without_extension(claim.record.path);
    if (claim.holds) held_codes_.insert(claim.code);
    plan_.claims_.claim(claim);
    return true;
  }

  // The code that alone tells this product's files from others'; empty: something else does too.
  static std::string code_alone(const View& view, const Product& product, const std::string& ean) {
    if (view.path.uses(Field::product) || view.path.uses(Field::id) || view.path.uses(Field::sha256))
      return {};
    if (!view.path.uses(Field::cnk)) return ean;
    return ean.empty() ? product.cnk : product.cnk + ' ' + ean;
  }

  void note_shared_codes(std::size_t at, const Product& product, const std::vector<std::string>& eans) {
    const View& view = set_.views[at];
    const bool by_cnk = view.path.uses(Field::cnk);
    const auto note = [&](const std::string& ean) {
      const std::string code = code_alone(view, product, ean);
      if (!code.empty() && index_.products_of_code(by_cnk ? product.cnk : ean).size() > 1)
        plan_.claims_.note_shared(at, code,
                                  {product.status != "active", !held_codes_.contains(code), product.id});
    };
    if (!view.path.uses(Field::ean)) return note("");
    for (const std::string& ean : eans) note(ean);
  }

  // ---- a view that asks for no product

  void plan_media(std::size_t at) {
    const View& view = set_.views[at];
    index_.each_asset([&](const AssetKey& key, const AssetRecord& asset) {
      if (key.format != view.format || !asset.to_publish()) return true;
      const std::optional<MediaItem> item = index_.media(key.media);
      if (!item || !pick_rank(view.pick, {item->kind, item->photo_type})) return true;
      Picture picture{key.media, item->kind, item->photo_type, {}, {}};
      if (!item->locales.empty()) picture.locale = item->locales.front();
      if (const auto candidate = candidate_of(at, picture, *asset.digest))
        claim(at, Product{}, "", *candidate, 0, 0);
      return true;
    });
  }

  // ---- numbers

  void change_number(const ViewNumberKey& key, const std::optional<ViewNumber>& number) {
    std::string line = key.view + '\t';
    append_escaped(line, key.product);
    fmt::format_to(std::back_inserter(line), "\t{:020}\t", key.media);
    line += number ? fmt::format("{}\t{}", number->number, number->gone_at) : "-\t-";
    plan_.numbers_.add(line);
  }

  // Of views and products that are gone; number() saw to the others.
  void sweep_numbers() {
    std::string view, product;
    bool is_there = false;
    index_.each_view_number([&](const ViewNumberKey& key, const ViewNumber& number) {
      if (key.view != view || key.product != product) {
        view = key.view;
        product = key.product;
        is_there = numbers_products(view) && is_selected(product) && index_.product(product);
      }
      if (is_there) return true;
      if (number.gone_at == 0) {
        change_number(key, ViewNumber{number.number, now_});
      } else if (number.gone_at + set_.grace <= now_) {
        change_number(key, std::nullopt);
      }
      return true;
    });
  }

  bool numbers_products(const std::string& name) const {
    const auto view = std::ranges::find(set_.views, name, &View::name);
    return view != set_.views.end() && view->path.uses(Field::n);
  }

  // ---- the end

  BlobRecord blob_of(const Digest& digest, MediaId id) const {
    std::optional<BlobRecord> blob = index_.blob(digest);
    if (!blob)
      throw Error(
          ErrorKind::index,
          fmt::format("the index has no record of the bytes of media {}; run `medimirror rebuild`", id),
          "plan the views");
    return std::move(*blob);
  }

  void refuse(std::size_t at, MediaId media, const std::string& product, const std::string& why) {
    ++plan_.outcome_.views[at].clashes;
    if (plan_.outcome_.clashes.size() >= kSentencesMax) return;
    plan_.outcome_.clashes.push_back(fmt::format("view {}: media {}{} gets no file: {}", set_.views[at].name,
                                                 media, product.empty() ? "" : " of product " + product,
                                                 why));
  }

  void conclude() {
    const ViewClaims::Outcome& claims = plan_.claims_.outcome();
    for (std::size_t at = 0; at < set_.views.size(); ++at) {
      plan_.outcome_.views[at].files = claims.files[at];
      plan_.outcome_.views[at].clashes += claims.clashes[at];
    }
    for (const std::string& sentence : claims.sentences)
      if (plan_.outcome_.clashes.size() < kSentencesMax) plan_.outcome_.clashes.push_back(sentence);
  }

  const ViewSet& set_;
  const IndexView& index_;
  ViewPlan& plan_;
  const UnixSeconds now_;
  std::set<std::string>
      held_codes_;  // of the product at hand, in the view at hand: its files stand under them now
};

ViewPlan::ViewPlan(const ViewSet& set, const IndexView& view, const std::filesystem::path& changes_file,
                   UnixSeconds now)
    : claims_((make_folders(changes_file.parent_path()), changes_file.parent_path()), names_of(set)),
      numbers_(changes_file.parent_path(), kNumberMemoryBytes) {
  ViewPlanner(set, view, *this, now).run(changes_file);
}
ViewPlan::~ViewPlan() = default;

void ViewPlan::commit_numbers(Index& index) {
  GroupedWrites writes(index);
  const std::unique_ptr<LineSource> lines = numbers_.sorted();
  for (std::string_view line; lines->next(line);) {
    std::array<std::string_view, 5> fields;
    ViewNumberKey key;
    ViewNumber number;
    const bool whole = split_fields(line, fields) && unescape(fields[1], key.product) &&
                       read_number(fields[2], key.media) &&
                       (fields[3] == "-" ||
                        (read_number(fields[3], number.number) && read_number(fields[4], number.gone_at)));
    if (!whole)
      throw Error(ErrorKind::internal, "the list of numbers reads otherwise than it was written",
                  "keep the numbers of views");
    key.view = fields[0];
    IndexGroup& group = writes.next();
    fields[3] == "-" ? group.remove_view_number(key) : group.put_view_number(key, number);
  }
  writes.commit();
}

}  // namespace medimirror
