// What each kind of finding is called, and what it means.
#include <array>

#include "upkeep/verify.h"

namespace medimirror {

namespace {

struct Words {
  FindingKind kind;
  std::string_view name, meaning;
  bool damage;
};

constexpr std::array kWords{
    Words{FindingKind::index_damaged, "index_damaged", "the index is damaged", true},
    Words{FindingKind::blob_missing, "blob_missing", "a kept picture is gone", true},
    Words{FindingKind::blob_wrong_size, "blob_wrong_size", "a kept picture has another size", true},
    Words{FindingKind::blob_wrong_content, "blob_wrong_content", "a kept picture has other bytes", true},
    Words{FindingKind::blob_unreadable, "blob_unreadable", "a kept picture cannot be read", true},
    Words{FindingKind::blob_not_a_file, "blob_not_a_file", "something stands where a kept picture should be",
          true},
    Words{FindingKind::blob_wrong_mode, "blob_wrong_mode", "a kept picture is not read-only for all", true},
    Words{FindingKind::picture_damaged, "picture_damaged", "a kept picture does not decode", true},
    Words{FindingKind::unknown_file, "unknown_file", "a file that is no blob lies among the blobs", true},
    Words{FindingKind::asset_without_blob, "asset_without_blob", "a record names a picture that is not kept",
          true},
    Words{FindingKind::derivative_without_blob, "derivative_without_blob",
          "a record names a derivative that is not kept", true},
    Words{FindingKind::published_without_blob, "published_without_blob",
          "a published file's picture is not kept", true},
    Words{FindingKind::published_missing, "published_missing", "a published file is gone", true},
    Words{FindingKind::published_replaced, "published_replaced", "a published file is not the kept picture",
          true},
    Words{FindingKind::extra_file, "extra_file",
          "a file that was not published lies among the published ones", true},
    Words{FindingKind::manifest_differs, "manifest_differs",
          "manifest.jsonl is not the list of what is published", true},
    Words{FindingKind::sums_differ, "sums_differ", "SHA256SUMS is not the list of what is published", true},
    Words{FindingKind::unknown_blob, "unknown_blob", "a blob that no record names; gc will remove it", false},
    Words{FindingKind::unused_record, "unused_record",
          "a blob's record that nothing needs, without its file; gc will remove it", false},
    Words{FindingKind::blob_other_time, "blob_other_time",
          "a kept picture has another time than its record; rsync may send it again", false},
    Words{FindingKind::publish_unfinished, "publish_unfinished",
          "a publish was cut short; the next sync finishes it", false},
    Words{FindingKind::leftover, "leftover", "a temporary file that a killed run left; repair removes it",
          false},
};

const Words& words_of(FindingKind kind) {
  return kWords.at(static_cast<std::size_t>(kind));
}

constexpr bool in_order() {
  for (std::size_t i = 0; i < kWords.size(); ++i)
    if (kWords[i].kind != static_cast<FindingKind>(i)) return false;
  return true;
}
static_assert(in_order());

}  // namespace

std::string_view name_of(FindingKind kind) {
  return words_of(kind).name;
}

bool is_damage(FindingKind kind) {
  return words_of(kind).damage;
}

std::string_view meaning_of(FindingKind kind) {
  return words_of(kind).meaning;
}

std::uint64_t VerifyReport::damage() const {
  std::uint64_t sum = 0;
  for (const auto& [kind, count] : counts)
    if (is_damage(kind)) sum += count;
  return sum;
}

}  // namespace medimirror
