#include "fetch/adopted_names.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <cstring>
#include <optional>

#include "base/ascii.h"
#include "base/error.h"
#include "base/file.h"
#include "base/sha256.h"

namespace medimirror {

namespace fs = std::filesystem;

namespace {

constexpr std::string_view kHeading = "medimirror adopted names 1\n";
constexpr std::size_t kRecordBytes = sizeof(NameHash) + 32;
constexpr std::size_t kHexDigitsMin = 12;

bool identifies_a_version(std::string_view name) {
  std::size_t run = 0;
  for (const char c : name.substr(0, name.find('.'))) {
    run = std::isxdigit(static_cast<unsigned char>(c)) != 0 ? run + 1 : 0;
    if (run >= kHexDigitsMin) return true;
  }
  return false;
}

// "https://host/media/huge/x.jpeg?v=1": "huge/x.jpeg?v=1"; no more than the last two parts.
std::string_view last_two_parts(std::string_view path) {
  const std::string_view before_query = path.substr(0, path.find('?'));
  const auto last = before_query.rfind('/');
  if (last == std::string_view::npos || last == 0) return path;
  const auto second = before_query.rfind('/', last - 1);
  return second == std::string_view::npos ? path : path.substr(second + 1);
}

std::string_view last_part(std::string_view two_parts) {
  const auto slash = two_parts.substr(0, two_parts.find('?')).rfind('/');
  return slash == std::string_view::npos ? two_parts : two_parts.substr(slash + 1);
}

bool is_number(std::string_view text) {
  return text.size() <= 19 && is_digits(text);
}

std::string encode(const AdoptedName& name) {
  std::string bytes(kRecordBytes, '\0');
  std::memcpy(bytes.data(), name.first.data(), name.first.size());
  std::memcpy(bytes.data() + name.first.size(), name.second.bytes.data(), name.second.bytes.size());
  return bytes;
}

AdoptedName decode_name(const char* bytes) {
  AdoptedName name;
  std::memcpy(name.first.data(), bytes, name.first.size());
  std::memcpy(name.second.bytes.data(), bytes + name.first.size(), name.second.bytes.size());
  return name;
}

}  // namespace

fs::path adopted_names_file(const fs::path& store) {
  return store / "adopted";
}

void each_adopted_digest(const fs::path& store, const std::function<void(const Digest&)>& callback) {
  const std::optional<std::string> list = read_file_if_exists(adopted_names_file(store));
  if (!list || !list->starts_with(kHeading)) return;
  for (std::size_t at = kHeading.size(); at + kRecordBytes <= list->size(); at += kRecordBytes) {
    const Digest digest = decode_name(list->data() + at).second;
    if (digest != Digest{}) callback(digest);
  }
}

NameHash hash_of_name(std::string_view name) {
  NameHash hash;
  const Digest digest = sha256(name);
  std::copy_n(digest.bytes.begin(), hash.size(), hash.begin());
  return hash;
}

std::vector<std::string> names_of_file(std::string_view path, bool trust_names) {
  std::vector<std::string> names;
  const std::string_view two = last_two_parts(path);
  const std::string_view name = last_part(two);
  if (two != name && identifies_a_version(name)) names.push_back(fmt::format("address {}", two));
  if (!trust_names) return names;
  names.push_back(fmt::format("name {}", name));
  const std::string_view stem = name.substr(0, name.find('.'));
  if (!is_number(stem)) return names;
  names.push_back(fmt::format("id {}", stem));
  // "huge/659/659214.jpg": each folder may be the format
  for (std::string_view rest = path.substr(0, path.size() - name.size()); !rest.empty();) {
    const auto slash = rest.find('/');
    names.push_back(fmt::format("id {} {}", stem, rest.substr(0, slash)));
    rest.remove_prefix(slash == std::string_view::npos ? rest.size() : slash + 1);
  }
  return names;
}

std::vector<NameToTry> names_of_asset(const AssetKey& key, std::string_view url) {
  std::vector<NameToTry> names;
  const std::string_view two = last_two_parts(url);
  const std::string_view name = last_part(two);
  if (identifies_a_version(name)) names.push_back({fmt::format("address {}", two)});
  names.push_back({fmt::format("id {} {}", key.media, key.format)});
  names.push_back({fmt::format("name {}", name), false});
  names.push_back({fmt::format("id {}", key.media), false});
  return names;
}

bool can_be_of_format(const ImageInfo& info, std::string_view format) {
  struct Size {
    std::string_view name;
    std::uint32_t above, side;
  };
  constexpr Size kSizes[] = {
      {"thumbnail", 0, 200}, {"medium", 200, 450}, {"large", 450, 900}, {"huge", 900, 1500}};
  const std::uint32_t side = std::max(info.width, info.height);
  for (const Size& size : kSizes)
    if (format.starts_with(size.name)) return side > size.above && side <= size.side;
  return true;
}

void write_adopted_names(const fs::path& store, std::vector<AdoptedName> names) {
  if (const std::optional<std::string> old = read_file_if_exists(adopted_names_file(store));
      old && old->starts_with(kHeading))
    for (std::size_t at = kHeading.size(); at + kRecordBytes <= old->size(); at += kRecordBytes)
      names.push_back(decode_name(old->data() + at));
  if (names.empty()) return;
  std::ranges::sort(names);
  AtomicFile file(adopted_names_file(store));
  file.write(kHeading);
  for (std::size_t at = 0; at < names.size();) {
    AdoptedName name = names[at];
    for (; at < names.size() && names[at].first == name.first; ++at)
      if (names[at].second != name.second) name.second = Digest{};
    file.write(encode(name));
  }
  file.commit();
}

// ---------------------------------------------------------------- looking up

AdoptedNames::AdoptedNames(const fs::path& store)
    : fd_(::open(adopted_names_file(store).c_str(), O_RDONLY | O_CLOEXEC)) {
  struct stat info {};
  std::string heading(kHeading.size(), '\0');
  if (!fd_ || ::fstat(fd_.get(), &info) != 0 ||
      ::pread(fd_.get(), heading.data(), heading.size(), 0) != static_cast<ssize_t>(heading.size()) ||
      heading != kHeading)
    return;
  count_ = (static_cast<std::uint64_t>(info.st_size) - kHeading.size()) / kRecordBytes;
}

std::optional<Digest> AdoptedNames::lookup(std::string_view name) const {
  const NameHash hash = hash_of_name(name);
  char bytes[kRecordBytes];
  std::uint64_t low = 0, high = count_;
  while (low < high) {
    const std::uint64_t middle = low + (high - low) / 2;
    const auto offset = static_cast<off_t>(kHeading.size() + middle * kRecordBytes);
    if (::pread(fd_.get(), bytes, sizeof bytes, offset) != static_cast<ssize_t>(sizeof bytes))
      return std::nullopt;
    const AdoptedName found = decode_name(bytes);
    if (found.first == hash) return found.second == Digest{} ? std::nullopt : std::optional(found.second);
    if (found.first < hash) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return std::nullopt;
}

std::optional<Digest> AdoptedNames::find(const AssetKey& key, std::string_view url,
                                         const IndexReader& index) const {
  if (count_ == 0) return std::nullopt;
  for (const NameToTry& name : names_of_asset(key, url)) {
    const std::optional<Digest> digest = lookup(name.name);
    if (!digest) continue;
    const std::optional<BlobRecord> blob = index.blob(*digest);
    if (blob && (name.tells_format || can_be_of_format(blob->info, key.format))) return digest;
  }
  return std::nullopt;
}

}  // namespace medimirror
