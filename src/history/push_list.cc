#include "history/push_list.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/ascii.h"
#include "base/error.h"
#include "base/file.h"

namespace medimirror {

namespace fs = std::filesystem;

namespace {

constexpr std::string_view kRunWord = "run ", kEndWord = "# up to run ";
constexpr const char* kOperation = "list what a copy lacks";

fs::path cursor_file(const fs::path& reports, const std::string& target) {
  const bool is_word = !target.empty() && target.size() <= 100 && target.front() != '.' &&
                       std::ranges::all_of(target, [](char c) {
                         return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                                c == '.' || c == '_' || c == '-';
                       });
  if (!is_word)
    throw Error(
        ErrorKind::usage,
        fmt::format("--to must be a name of letters, digits, \".\", \"_\" and \"-\", not \"{}\"", target),
        kOperation);
  return reports / "pushed" / target;
}

// The number behind `word` at the start of the line.
std::optional<RunNumber> run_after(std::string_view line, std::string_view word) {
  if (!line.starts_with(word)) return std::nullopt;
  line.remove_prefix(word.size());
  return whole_number<RunNumber>(line);
}

std::string_view last_line(std::string_view text) {
  if (!text.ends_with('\n')) return {};  // cut in the middle
  text.remove_suffix(1);
  return text.substr(text.rfind('\n') + 1);
}

}  // namespace

std::optional<RunNumber> pushed_run(const fs::path& reports, const std::string& target) {
  const auto text = read_file_if_exists(cursor_file(reports, target));
  return text ? run_after(last_line(*text), kRunWord) : std::nullopt;
}

RunNumber note_pushed(const fs::path& reports, const std::string& target, const fs::path& list) {
  const fs::path file = cursor_file(reports, target);
  const auto text = read_file_if_exists(list);
  if (!text)
    throw Error(ErrorKind::usage,
                fmt::format("there is no list {}: `medimirror changes` writes one", list.native()),
                kOperation);
  const std::optional<RunNumber> run = run_after(last_line(*text), kEndWord);
  if (!run)
    throw Error(
        ErrorKind::usage,
        fmt::format("{} is not a whole list of `medimirror changes`: its last line does not say up to "
                    "which run it goes; make it again",
                    list.native()),
        kOperation);
  make_folders(file.parent_path());
  replace_file(file, fmt::format("{}{}\n", kRunWord, *run));
  return *run;
}

PushList write_push_list(const fs::path& store, std::optional<RunNumber> from,
                         const std::function<void(std::string_view)>& say) {
  const std::vector<KeptList> trees = kept_lists(store, KeptKind::tree);
  if (trees.empty())
    throw Error(ErrorKind::usage, "there was no run yet that published anything: run `medimirror sync`",
                kOperation);
  PushList list;
  list.to = trees.back().run;
  const std::optional<KeptList> before = from ? kept_tree_of(store, *from) : std::nullopt;
  list.from = before ? before->run : 0;
  const auto path = [&](const std::string& text) {
    ++list.paths;
    say(text);
  };
  say(list.from == 0 ? "# every file of media/"
                     : fmt::format("# what changed in media/ since run {}", list.from));
  if (list.from == 0) {
    for (KeptTree tree(store, list.to); tree.next();) path(tree.record().path);
  } else {
    diff_trees(store, list.from, list.to, [&](const TreeDifference& difference) {
      const bool moved =
          difference.before && difference.after && difference.before->path != difference.after->path;
      if (difference.before && (moved || !difference.after)) path(difference.before->path);
      if (difference.after) path(difference.after->path);
    });
  }
  if (list.paths > 0)
    for (const std::string_view name : {"manifest.jsonl", "SHA256SUMS"}) say(name);
  say(fmt::format("{}{}", kEndWord, list.to));
  return list;
}

}  // namespace medimirror
