#include "gallery/site_folder.h"

#include <vector>

#include "base/file.h"
#include "base/sha256.h"

namespace medimirror {

namespace {

bool holds(const std::filesystem::path& path, std::string_view content) {
  std::error_code error;
  const std::uintmax_t bytes = std::filesystem::file_size(path, error);
  if (error || bytes != content.size()) return false;
  const std::optional<std::string> held = read_file_if_exists(path);
  return held && *held == content;
}

}  // namespace

SiteFolder::SiteFolder(std::filesystem::path folder) : folder_(std::move(folder)) {
  make_folders(folder_ / "data");
}

std::string SiteFolder::put(const std::string& name, std::string_view content) {
  names_.insert(name);
  if (holds(folder_ / name, content)) {
    ++unchanged_;
  } else {
    replace_file(folder_ / name, content);
    ++written_;
  }
  constexpr std::size_t kVersionDigits = 10;
  return sha256(content).hex().substr(0, kVersionDigits);
}

void SiteFolder::remove_stale_data() {
  std::vector<std::filesystem::path> stale;
  for (const auto& entry : std::filesystem::directory_iterator(folder_ / "data"))
    if (entry.path().extension() == ".js" && !names_.contains("data/" + entry.path().filename().native()))
      stale.push_back(entry.path());
  for (const std::filesystem::path& path : stale) {
    std::filesystem::remove(path);
    ++removed_;
  }
}

}  // namespace medimirror
