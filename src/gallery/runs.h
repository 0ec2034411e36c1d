// Role: the newest runs as rows for the site's charts, oldest first.
// Failure: a run whose report cannot be read keeps what its record says.
#pragma once

#include <cstddef>

#include "gallery/script_text.h"
#include "store/index.h"

namespace medimirror {

Json run_rows(const IndexReader& index, std::size_t newest);

}  // namespace medimirror
