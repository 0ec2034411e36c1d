#include "history/history.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>

#include "base/error.h"
#include "base/file.h"
#include "base/log.h"
#include "store/setting_names.h"

namespace medimirror {

namespace fs = std::filesystem;

namespace {

// "layout" and "recipes" are sync's fingerprints of the settings last applied: with them, a rebuilt index moves no
// file and makes no derivative again.
constexpr std::array<std::string_view, 6> kKeptSettings = {kHeldTreeSetting,     kBannedHostsSetting,
                                                           kHostSpacingsSetting, kLayoutSetting,
                                                           kPausedHostsSetting,  kRecipesSetting};

constexpr std::string_view kOpen = "open";

std::string_view extension_of(KeptKind kind) {
  return kind == KeptKind::tree ? ".tree" : ".catalogue";
}

fs::path folder_of(const fs::path& store) {
  return store / "runs";
}

fs::path file_of(const fs::path& store, KeptKind kind, RunNumber run) {
  return folder_of(store) / fmt::format("{:010}{}", run, extension_of(kind));
}

enum class Damaged { passed_over, refused };

std::vector<KeptList> list_lists(const fs::path& store, KeptKind kind, Damaged damaged) {
  std::vector<KeptList> lists;
  std::error_code error;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder_of(store), error)) {
    const std::string name = entry.path().filename().native();
    RunNumber run = 0;
    const auto [end, failure] = std::from_chars(name.data(), name.data() + name.size(), run);
    if (failure != std::errc{} || entry.path() != file_of(store, kind, run)) continue;
    const std::optional<ListHeader> header = read_list_header(entry.path());
    if (!header || header->run != run) {
      if (damaged == Damaged::passed_over) continue;
      throw Error(
          ErrorKind::index,
          fmt::format("the kept list {} is damaged: remove it, and what that run left can no longer be "
                      "brought back",
                      entry.path().native()),
          "read a kept list");
    }
    std::error_code gone;
    const std::uint64_t bytes = entry.file_size(gone);
    lists.push_back({run, header->at, header->entries, header->base, gone ? 0 : bytes});
  }
  if (error && error != std::errc::no_such_file_or_directory)
    throw_errno(error.value(), fmt::format("list {}", folder_of(store).native()));
  std::ranges::sort(lists, {}, &KeptList::run);
  return lists;
}

// Newest first, down to one that is whole.
std::vector<fs::path> chain_of(const fs::path& store, KeptKind kind, RunNumber run) {
  std::vector<fs::path> chain;
  while (run != 0) {
    chain.push_back(file_of(store, kind, run));
    const std::optional<ListHeader> header = read_list_header(chain.back());
    if (!header || header->run != run || header->base >= run || chain.size() > kChainMax + 1)
      throw Error(
          ErrorKind::index,
          fmt::format("the kept list {} is damaged or gone: what that run left can no longer be brought "
                      "back; remove the later files of that kind too, up to one that is whole",
                      chain.back().native()),
          "read a kept list");
    run = header->base;
  }
  return chain;
}

void sweep_temporaries(const fs::path& folder) {
  std::error_code ignored;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder, ignored))
    if (entry.path().extension() == ".tmp") fs::remove(entry.path(), ignored);
}

void each_in_tree(const IndexReader& view, const ListEntry& say) {
  view.each_published([&](const AssetKey& key, const PublishedRecord& record) {
    say(encode_key(key), encode(record));
    return true;
  });
}

// The letters ascend, as the keys of a list must.
void each_in_catalogue(const IndexReader& view, const ListEntry& say) {
  view.each_asset([&](const AssetKey& key, AssetRecord record) {
    record.attempts.clear();
    say("a" + encode_key(key), encode(record));
    return true;
  });
  view.each_blob([&](const Digest& digest, BlobRecord record) {
    record.last_verified = 0;  // each verify would otherwise make a new list
    say(std::string("b").append(digest.view()), encode(record));
    return true;
  });
  view.each_derivative([&](const DerivativeKey& key, const Digest& digest) {
    say("d" + encode_key(key), digest.view());
    return true;
  });
  view.each_media([&](const MediaItem& item) {
    if (item.kind == MediaKind::link) return true;
    MediaItem slim;  // the next listing brings the rest
    slim.id = item.id;
    slim.kind = item.kind;
    slim.photo_type = item.photo_type;
    slim.locales = item.locales;
    say("m" + encode_key(item.id), encode(slim));
    return true;
  });
  for (const std::string_view name : kKeptSettings)
    if (const std::optional<std::string> value = view.setting(name)) say("s" + std::string(name), *value);
  view.each_view_number([&](const ViewNumberKey& key, const ViewNumber& number) {
    say("v" + encode_key(key), encode(number));
    return true;
  });
}

void keep(const fs::path& store, KeptKind kind, const ListHeader& header, const ListSource& source) {
  const std::vector<KeptList> lists = kept_lists(store, kind);
  // a run that is kept twice (it was killed in between) is written as the difference to the one before it
  const auto older =
      std::find_if(lists.rbegin(), lists.rend(), [&](const KeptList& list) { return list.run < header.run; });
  ListHeader difference = header;
  if (older != lists.rend()) {
    difference.base = older->run;
    try {
      write_list(file_of(store, kind, header.run), difference, source, chain_of(store, kind, older->run));
      return;
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::index) throw;
      log_warning("{}", error.what());  // this run is kept whole, so the later ones do not suffer
    }
  }
  difference.base = 0;
  write_list(file_of(store, kind, header.run), difference, source, {});
}

std::uint64_t forget(const fs::path& store, KeptKind kind, UnixSeconds before) {
  const std::vector<KeptList> lists = kept_lists(store, kind);
  // in force at `before`: the last one that is not younger
  std::size_t first = 0;
  while (first + 1 < lists.size() && lists[first + 1].at <= before) ++first;
  if (first == 0) return 0;

  std::uint64_t bytes = 0, whole = 0;
  const KeptList& oldest = lists[first];
  if (oldest.base != 0) {
    const fs::path file = file_of(store, kind, oldest.run);
    const auto chain = chain_of(store, kind, oldest.run);
    write_list(file, {oldest.run, 0, oldest.at, oldest.entries},
               [&](const ListEntry& say) {
                 for (ListReader reader(chain); reader.next();) say(reader.key(), reader.value());
               },
               {});
    whole = fs::file_size(file) - oldest.bytes;
  }
  for (std::size_t i = 0; i < first; ++i) {
    fs::remove(file_of(store, kind, lists[i].run));
    bytes += lists[i].bytes;
  }
  return bytes > whole ? bytes - whole : 0;
}

PublishedRecord decode_tree_value(std::string_view value, const fs::path& file) {
  auto record = decode<PublishedRecord>(value);
  if (!record)
    throw Error(ErrorKind::index,
                fmt::format("the kept list {} holds an entry that is damaged", file.native()),
                "read a kept list");
  return std::move(*record);
}

}  // namespace

std::vector<KeptList> kept_lists(const fs::path& store, KeptKind kind) {
  return list_lists(store, kind, Damaged::passed_over);
}

std::optional<KeptList> kept_tree_of(const fs::path& store, RunNumber run) {
  std::optional<KeptList> found;
  for (const KeptList& list : kept_lists(store, KeptKind::tree))
    if (list.run <= run) found = list;
  return found;
}

KeptList named_tree(const fs::path& store, const IndexReader& index, RunNumber run) {
  const std::vector<KeptList> trees = kept_lists(store, KeptKind::tree);
  RunNumber newest = trees.empty() ? 0 : trees.back().run;
  if (const auto last = index.last_run()) newest = std::max(newest, last->first);
  if (newest == 0)
    throw Error(ErrorKind::usage, "there was no run yet: `medimirror sync` makes the first", "find a run");
  if (run < 1 || run > newest)
    throw Error(
        ErrorKind::usage,
        fmt::format("there is no run {}: {}; `medimirror history` shows them", run,
                    newest == 1 ? "there is run 1 alone" : fmt::format("there are runs 1 to {}", newest)),
        "find a run");
  if (trees.empty() || run < trees.front().run)
    throw Error(
        ErrorKind::usage,
        fmt::format("the tree of run {} is not kept any more{}; `medimirror history` shows them", run,
                    trees.empty() ? "" : fmt::format(": those of run {} and later are", trees.front().run)),
        "find a run");
  return *kept_tree_of(store, run);
}

bool open_history(Index& index) {
  IndexGroup group = index.group();
  const bool was_open = group.setting(kHistorySetting) == kOpen;
  if (was_open) return true;
  group.put_setting(kHistorySetting, kOpen);
  group.commit();
  return false;
}

void close_history(Index& index) {
  IndexGroup group = index.group();
  group.put_setting(kHistorySetting, "");
  group.commit();
}

void keep_catalogue(const fs::path& store, RunNumber run, UnixSeconds at, const IndexReader& view) {
  keep(store, KeptKind::catalogue, {run, 0, at, view.asset_count()},
       [&](const ListEntry& say) { each_in_catalogue(view, say); });
}

void keep_history(const fs::path& store, RunNumber run, UnixSeconds at, const IndexReader& view) {
  if (!fs::exists(folder_of(store))) {
    make_folders(folder_of(store));
    sync_folder(store);
  }
  sweep_temporaries(folder_of(store));
  keep(store, KeptKind::tree, {run, 0, at, view.published_count()},
       [&](const ListEntry& say) { each_in_tree(view, say); });
  keep_catalogue(store, run, at, view);
}

void each_kept_digest(const fs::path& store, UnixSeconds since,
                      const std::function<void(const Digest&)>& callback) {
  // whoever removes what is not named here must not miss a tree
  const std::vector<KeptList> lists = list_lists(store, KeptKind::tree, Damaged::refused);
  std::size_t first = 0;
  while (first + 1 < lists.size() && lists[first + 1].at <= since) ++first;
  const auto tell = [&](const fs::path& file, std::string_view value) {
    callback(decode_tree_value(value, file).digest);
  };
  for (std::size_t i = first; i < lists.size(); ++i) {
    const fs::path file = file_of(store, KeptKind::tree, lists[i].run);
    // the first with all it builds on; of the others what they added is enough
    if (i > first && lists[i].base >= lists[first].run) {
      each_stated_entry(file, [&](std::string_view, std::string_view value) { tell(file, value); });
      continue;
    }
    for (ListReader reader(chain_of(store, KeptKind::tree, lists[i].run)); reader.next();)
      tell(file, reader.value());
  }
}

std::uint64_t forget_history(const fs::path& store, UnixSeconds before) {
  return forget(store, KeptKind::tree, before) + forget(store, KeptKind::catalogue, before);
}

ListReader read_kept(const fs::path& store, KeptKind kind, RunNumber run) {
  return ListReader(chain_of(store, kind, run));
}

KeptTree::KeptTree(const fs::path& store, RunNumber run)
    : file_(file_of(store, KeptKind::tree, run)), reader_(read_kept(store, KeptKind::tree, run)) {}

bool KeptTree::next() {
  if (!reader_.next()) return false;
  auto key = decode_asset_key(reader_.key());
  if (!key)
    throw Error(ErrorKind::index, fmt::format("the kept list {} holds a key that is damaged", file_.native()),
                "read a kept list");
  key_ = std::move(*key);
  record_ = decode_tree_value(reader_.value(), file_);
  return true;
}

void diff_trees(const fs::path& store, RunNumber from, RunNumber to,
                const std::function<void(const TreeDifference&)>& callback) {
  KeptTree before(store, from), after(store, to);
  bool has_before = before.next(), has_after = after.next();
  while (has_before || has_after) {
    if (!has_after || (has_before && before.key() < after.key())) {
      callback({before.key(), before.record(), std::nullopt});
      has_before = before.next();
    } else if (!has_before || after.key() < before.key()) {
      callback({after.key(), std::nullopt, after.record()});
      has_after = after.next();
    } else {
      if (before.record() != after.record()) callback({before.key(), before.record(), after.record()});
      has_before = before.next();
      has_after = after.next();
    }
  }
}

}  // namespace medimirror
