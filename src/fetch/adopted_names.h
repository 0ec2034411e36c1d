// Role: which names a file or an address goes by, and the list of them on disk (upkeep/adopt.h has the rules).
// Pure, but for write_adopted_names: throws Error{disk}.
// Threads: AdoptedNames: one thread.
// Format: store/adopted: a line "medimirror adopted names 1", then records in ascending order: the first 16 bytes of
// the SHA-256 of a name, and a digest (32 bytes; zeros where several files claim the name).
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/digest.h"
#include "base/file.h"
#include "base/image.h"
#include "store/index.h"
#include "store/record.h"

namespace medimirror {

using NameHash = std::array<std::uint8_t, 16>;
using AdoptedName = std::pair<NameHash, Digest>;

NameHash hash_of_name(std::string_view name);

// Names for a file at this path in the adopted folder; none when it says nothing that could be matched.
std::vector<std::string> names_of_file(std::string_view path, bool trust_names);

struct NameToTry {
  std::string name;
  bool tells_format = true;  // else the picture's size must be one of the format
};
// Names under which the picture of this asset may have been adopted, the surest first.
std::vector<NameToTry> names_of_asset(const AssetKey& key, std::string_view url);

// Whether a picture of this size can be of this format of the API. Formats with other names take any size.
bool can_be_of_format(const ImageInfo& info, std::string_view format);

std::filesystem::path adopted_names_file(const std::filesystem::path& store_folder);
// Each picture that some name leads to, perhaps more than once.
void each_adopted_digest(const std::filesystem::path& store_folder,
                         const std::function<void(const Digest&)>& callback);

// Adds to the list in the store; a name with two digests is nobody's.
void write_adopted_names(const std::filesystem::path& store_folder, std::vector<AdoptedName> names);

class AdoptedNames {
 public:
  explicit AdoptedNames(const std::filesystem::path& store_folder);  // nothing was adopted: finds nothing

  // The adopted picture for this asset, if the index knows it still.
  std::optional<Digest> find(const AssetKey& key, std::string_view url, const IndexReader& index) const;

 private:
  std::optional<Digest> lookup(std::string_view name) const;

  UniqueFd fd_;
  std::uint64_t count_ = 0;
};

}  // namespace medimirror
