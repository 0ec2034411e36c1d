// Role: a long list of rows, ordered by id, as many small data files that a page loads as it needs them.
// Format: data/<kind>-<first id>.js, each galleryData("<kind>-<first id>", [rows]). Where a file ends depends on the
// ids themselves, not on how many came before: a medium that comes or goes changes one or two files, not all that
// follow.
// Limits: a file holds about `rows` rows, never more than twice as many; one file is in memory.
#pragma once

#include <cstddef>
#include <string>

#include "base/media.h"
#include "gallery/script_text.h"
#include "gallery/site_folder.h"

namespace medimirror {

class Chunks {
 public:
  Chunks(SiteFolder& site, std::string kind, std::size_t rows);

  void add(MediaId id, const Json& row);
  Json finish();  // the files as [[first id, rows, version], …]

 private:
  void write();

  SiteFolder& site_;
  std::string kind_;
  std::size_t rows_;
  std::string text_;
  std::size_t count_ = 0;
  MediaId first_ = 0;
  Json files_ = Json::array();
};

}  // namespace medimirror
