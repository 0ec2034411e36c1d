// Role: reads a shop's list of codes from disk.
// Failure: throws Error{config} that names the file, also for one that code_list refuses.
// Limits: 64 MB.
// Not here: what stands in it (code_list.h).
#pragma once

#include <filesystem>
#include <string_view>

#include "shop/code_list.h"

namespace medimirror {

// `column` as parse_code_list takes it.
CodeList read_code_file(const std::filesystem::path& path, std::string_view column = {});

}  // namespace medimirror
