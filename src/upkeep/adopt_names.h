// Role: which names a file or an address goes by, and the list of them on disk (adopt.h has its format and the rules).
// Pure, but for write_adopted_names: throws Error{disk}.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/digest.h"
#include "base/image.h"
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

}  // namespace medimirror
