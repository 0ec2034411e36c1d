#include "tree/tree_watch.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <charconv>
#include <cstdint>
#include <iterator>
#include <map>
#include <optional>
#include <string_view>

#include "store/setting_names.h"
#include "tree/tree_folder.h"

namespace medimirror {

namespace {

namespace fs = std::filesystem;

using FolderTimes =
    std::map<std::string, std::int64_t>;  // kept as "nanoseconds path" a line; the root's path is empty

// Nothing where no folder is.
std::optional<std::int64_t> time_of(const fs::path& folder) {
  struct stat info {};
  if (::lstat(folder.c_str(), &info) != 0 || !S_ISDIR(info.st_mode)) return std::nullopt;
  return std::int64_t{info.st_mtim.tv_sec} * 1'000'000'000 + info.st_mtim.tv_nsec;
}

FolderTimes parse(std::string_view text) {
  FolderTimes times;
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    std::int64_t time = 0;
    const auto [end, error] = std::from_chars(line.data(), line.data() + line.size(), time);
    if (error == std::errc() && end != line.data() + line.size())
      times.emplace(std::string(end + 1, line.end()), time);
  }
  return times;
}

std::string format(const FolderTimes& times) {
  std::string text;
  for (const auto& [folder, time] : times) fmt::format_to(std::back_inserter(text), "{} {}\n", time, folder);
  return text;
}

void remember(Index& index, const FolderTimes& times, const std::optional<std::string>& before) {
  const std::string text = format(times);
  if (text == before) return;
  IndexGroup group = index.group();
  group.put_setting(kTreeFoldersSetting, text);
  group.commit();
}

void look_again(const fs::path& media_folder, const std::string& folder, FolderTimes& times) {
  if (const std::optional<std::int64_t> time = time_of(media_folder / folder))
    times[folder] = *time;
  else
    times.erase(folder);
}

bool is_there(const fs::path& file, const PublishedRecord& record) {
  struct stat info {};
  return ::lstat(file.c_str(), &info) == 0 && S_ISREG(info.st_mode) &&
         static_cast<std::uint64_t>(info.st_size) == record.bytes && info.st_mtim.tv_sec == record.mtime;
}

std::set<std::string> changed_folders(const fs::path& media_folder, const FolderTimes& times) {
  std::set<std::string> changed;
  for (const auto& [folder, time] : times)
    if (time_of(media_folder / folder) != time) changed.insert(folder);
  return changed;
}

TreeLosses losses_in(const fs::path& media_folder, const IndexReader& index,
                     const std::set<std::string>* folders) {
  TreeLosses losses;
  index.each_published([&](const AssetKey& key, const PublishedRecord& record) {
    if (folders != nullptr && !folders->contains(folder_of(record.path))) return true;
    if (is_there(media_folder / record.path, record)) return true;
    losses.keys.insert(key);
    if (losses.example.empty()) losses.example = record.path;
    return true;
  });
  return losses;
}

void mark(Index& index, const TreeLosses& losses) {
  if (losses.keys.empty()) return;
  IndexGroup group = index.group();
  for (const AssetKey& key : losses.keys) group.mark_unpublished(key);
  group.commit();
}

}  // namespace

TreeLosses find_tree_losses(const fs::path& media_folder, Index& index, LookAt how) {
  const std::optional<std::string> before = index.view().setting(kTreeFoldersSetting);
  FolderTimes times = parse(before.value_or(""));
  // before the files are looked at: what changes after that has a later time
  const std::set<std::string> changed = changed_folders(media_folder, times);
  const bool all = how == LookAt::everything || !before;
  if (!all && changed.empty()) return {};
  for (const std::string& folder : changed) look_again(media_folder, folder, times);
  TreeLosses losses = losses_in(media_folder, index.view(), all ? nullptr : &changed);
  mark(index, losses);
  remember(index, times, before);
  return losses;
}

void note_folder_times(const fs::path& media_folder, Index& index, const std::set<std::string>& folders) {
  const std::optional<std::string> before = index.view().setting(kTreeFoldersSetting);
  FolderTimes times = parse(before.value_or(""));
  for (const std::string& folder : folders) look_again(media_folder, folder, times);
  remember(index, times, before);
}

}  // namespace medimirror
