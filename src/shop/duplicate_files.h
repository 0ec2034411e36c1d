// Role: the report of duplicates as files: duplicates.json and duplicates.csv, each replaced whole.
// Format: the columns and keys are a contract: add, never change. Stable order, so that two reports can be compared; a
// look is named by the lowest media id in it. The .csv has a row a picture and is UTF-8 with a byte order mark.
// Failure: throws Error{disk}.
#pragma once

#include <filesystem>
#include <string>

#include "shop/duplicates.h"

namespace medimirror {

std::string duplicates_as_csv(const Duplicates& duplicates);
std::string duplicates_as_json(const Duplicates& duplicates);  // a look a line

void write_duplicate_files(const std::filesystem::path& folder, const Duplicates& duplicates);

}  // namespace medimirror
