// Role: the missing list as files: missing.csv, missing.json and missing.xlsx, each replaced whole.
// Format: the columns and keys are a contract: add, never change. The .csv is UTF-8 with a byte order mark, without which
// a spreadsheet takes names for another encoding; in the .xlsx every code is text, so that its zeros stay. Equal lists
// make equal bytes.
// Failure: throws Error{disk}.
#pragma once

#include <filesystem>
#include <string>

#include "shop/missing.h"

namespace medimirror {

std::string missing_as_csv(const MissingList& list);
std::string missing_as_json(const MissingList& list);  // a row a line, so that two can be compared

void write_missing_files(const std::filesystem::path& folder, const MissingList& list);

}  // namespace medimirror
