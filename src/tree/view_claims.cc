#include "tree/view_claims.h"

#include <fmt/format.h>

#include <array>

#include "base/error.h"
#include "tree/line_fields.h"

namespace medimirror {

namespace {

constexpr std::size_t kSortMemoryBytes = std::size_t{16} << 20;
constexpr std::size_t kSentencesMax = 100;

// Lines by path: path, then in this order
//   c inactive newcomer product order media format view code sha256 bytes mtime   a claim
//   h media format                                                       published there now
//   s media                                                              a suspect
// Lines by medium: media, then
//   t path                                                               its file there is another's now
//   v                                                                    look at it
//   w format path sha256 bytes mtime                                     wanted
constexpr std::size_t kClaimFields = 13, kWantedFields = 7;

[[noreturn]] void fail() {
  throw Error(ErrorKind::internal, "a list that was written while views were planned reads otherwise",
              "plan the views");
}

std::string shown(std::string_view text) {
  std::string line;
  for (const char c : text.substr(0, 80)) line += c >= ' ' && c <= '~' ? c : '?';
  return line;
}

std::string whose(MediaId media, const std::string& product) {
  return product.empty() ? fmt::format("media {}", media)
                         : fmt::format("media {} of product {}", media, shown(product));
}

}  // namespace

struct ViewClaims::Holder {
  AssetKey key;
  std::string product, sha256;
};

ViewClaims::ViewClaims(std::filesystem::path scratch_folder, std::vector<std::string> view_names)
    : names_(std::move(view_names)),
      by_path_(scratch_folder, kSortMemoryBytes),
      by_medium_(scratch_folder, kSortMemoryBytes) {
  outcome_.files.resize(names_.size());
  outcome_.clashes.resize(names_.size());
}
ViewClaims::~ViewClaims() = default;

void ViewClaims::claim(const ViewClaim& claim) {
  std::string line;
  append_escaped(line, claim.record.path);
  fmt::format_to(std::back_inserter(line), "\tc\t{:d}\t{:d}\t", claim.inactive, !claim.holds);
  append_escaped(line, claim.product);
  fmt::format_to(std::back_inserter(line), "\t{:010}\t{:020}\t", claim.order, claim.key.media);
  append_escaped(line, claim.key.format);
  fmt::format_to(std::back_inserter(line), "\t{}\t", claim.view);
  append_escaped(line, claim.code);
  fmt::format_to(std::back_inserter(line), "\t{}\t{}\t{}", claim.record.digest.hex(), claim.record.bytes,
                 claim.record.mtime);
  by_path_.add(line);
}

void ViewClaims::note_shared(std::size_t view, const std::string& code, Owner owner) {
  const auto [place, fresh] = owners_.emplace(std::pair{view, code}, owner);
  if (!fresh && owner < place->second) place->second = std::move(owner);
}

void ViewClaims::note_published(const AssetKey& key, const std::string& path) {
  std::string line;
  append_escaped(line, path);
  fmt::format_to(std::back_inserter(line), "\th\t{:020}\t", key.media);
  append_escaped(line, key.format);
  by_path_.add(line);
}

void ViewClaims::note_suspect(MediaId media, const std::string& path) {
  std::string line;
  append_escaped(line, path);
  fmt::format_to(std::back_inserter(line), "\ts\t{:020}", media);
  by_path_.add(line);
}

void ViewClaims::put(MediaId media, std::string_view rest) {
  by_medium_.add(fmt::format("{:020}\t{}", media, rest));
}

void ViewClaims::refuse(std::size_t view, std::string sentence) {
  ++outcome_.clashes.at(view);
  if (outcome_.sentences.size() < kSentencesMax) outcome_.sentences.push_back(std::move(sentence));
}

void ViewClaims::settle() {
  const std::unique_ptr<LineSource> lines = by_path_.sorted();
  std::string path;
  std::optional<Holder> holder;  // who gets `path`
  for (std::string_view line; lines->next(line);) {
    const auto end = line.find('\t');
    if (end == line.npos || end + 1 >= line.size()) fail();
    if (line.substr(0, end) != path) {
      path = line.substr(0, end);
      holder.reset();
    }
    if (line[end + 1] == 'c') {
      settle_claim(line, path, holder);
      continue;
    }
    std::string_view media_text = line.substr(end + 3), format_text;
    if (line[end + 1] == 'h') {
      const auto tab = media_text.find('\t');
      if (tab == media_text.npos) fail();
      format_text = media_text.substr(tab + 1);
      media_text = media_text.substr(0, tab);
    }
    MediaId media = 0;
    std::string format;
    if (!read_number(media_text, media) || !unescape(format_text, format)) fail();
    const bool is_suspect = line[end + 1] == 's';
    if (holder && holder->key.media == media && (is_suspect || holder->key.format == format)) continue;
    if (holder) put(media, fmt::format("t\t{}", path));
    if (!is_suspect) put(media, "v");
  }
}

void ViewClaims::settle_claim(std::string_view line, std::string_view path, std::optional<Holder>& holder) {
  std::array<std::string_view, kClaimFields> fields;
  Holder claimant;
  std::string code;
  std::size_t view = 0;
  if (!split_fields(line, fields) || !unescape(fields[4], claimant.product) ||
      !read_number(fields[6], claimant.key.media) || !unescape(fields[7], claimant.key.format) ||
      !read_number(fields[8], view) || view >= names_.size() || !unescape(fields[9], code))
    fail();
  if (!code.empty()) {
    const auto owner = owners_.find({view, code});
    if (owner != owners_.end() && owner->second.product != claimant.product) {
      if (told_.emplace(view, code + '\n' + claimant.product).second)
        refuse(view,
               fmt::format("view {}: the code {} belongs to the products {} and {}; the pictures of {} are "
                           "published under it, those of {} are not; put {{product}} into the view's path",
                           names_[view], shown(code), shown(owner->second.product), shown(claimant.product),
                           shown(owner->second.product), shown(claimant.product)));
      return;
    }
  }
  claimant.sha256 = fields[10];
  if (!holder) {
    holder = std::move(claimant);
    ++outcome_.files[view];
    put(holder->key.media,
        fmt::format("w\t{}\t{}\t{}\t{}\t{}", fields[7], path, fields[10], fields[11], fields[12]));
    return;
  }
  if (claimant.sha256 == holder->sha256) return;  // who asks for the path finds the right picture there
  refuse(view,
         fmt::format("view {}: {} and {} both ask for the path {}; the latter has it and the other is not "
                     "published; put {{n}}, {{product}} or {{id}} into the view's path",
                     names_[view], whose(claimant.key.media, claimant.product),
                     whose(holder->key.media, holder->product), path));
}

ViewClaims::Walk::Walk(ViewClaims& claims) : lines_(claims.by_medium_.sorted()) {
  advance();
}

void ViewClaims::Walk::advance() {
  medium_.reset();
  std::string_view line;
  if (!lines_->next(line)) return;
  line_ = line;
  MediaId media = 0;
  if (!read_number(std::string_view(line_).substr(0, line_.find('\t')), media)) fail();
  medium_ = media;
}

ViewChanges ViewClaims::Walk::take() {
  ViewChanges changes;
  const std::optional<MediaId> medium = medium_;
  for (; medium_ && medium_ == medium; advance()) {
    const std::string_view rest = std::string_view(line_).substr(line_.find('\t') + 1);
    if (rest == "v") continue;
    std::string path;
    if (rest.starts_with("t\t")) {
      if (!unescape(rest.substr(2), path)) fail();
      changes.taken.insert(std::move(path));
      continue;
    }
    std::array<std::string_view, kWantedFields - 1> fields;
    std::string format;
    PublishedRecord record;
    if (!split_fields(rest, fields) || !unescape(fields[1], format) || !unescape(fields[2], record.path) ||
        !read_number(fields[4], record.bytes) || !read_number(fields[5], record.mtime))
      fail();
    const std::optional<Digest> digest = Digest::parse(fields[3]);
    if (!digest) fail();
    record.digest = *digest;
    changes.wanted.emplace(std::move(format), std::move(record));
  }
  return changes;
}

}  // namespace medimirror
