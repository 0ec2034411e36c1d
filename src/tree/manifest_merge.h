// Role: manifest.jsonl and SHA256SUMS brought up to date: the old manifest, which is sorted, merged with the
// sorted changes in one pass. Sequential reading and writing of the tree's list, memory of a few lines;
// unchanged lines are copied as they are.
// Failure: throws Error{disk}. A base that is not a sorted manifest, or a result of another length than
// expected, is a value: nothing is replaced, and the caller comes again with a base made from the index.
// Format of the changes, sorted by bytes: a manifest line where a file is now, {"path":"…"} where one is
// gone. The characters of paths sort behind the quote that ends them, so the order of lines is the order of
// paths, and an addition sorts before a removal of the same path and wins.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

#include "tree/lines.h"

namespace medimirror {

inline constexpr std::string_view kManifestName = "manifest.jsonl";
inline constexpr std::string_view kSumsName = "SHA256SUMS";

std::string removal_line(std::string_view path);  // without newline
bool is_removal_line(std::string_view line);
std::string_view path_of_line(std::string_view line);  // of either kind; empty: of neither

// True: both files were replaced and hold `expected` lines.
bool merge_manifest(const std::filesystem::path& folder, LineSource& base, LineSource& changes,
                    std::uint64_t expected);

// Walks paths that are removed and not added again.
void each_removal(LineSource& changes, const std::function<void(const std::string& path)>& callback);

}  // namespace medimirror
