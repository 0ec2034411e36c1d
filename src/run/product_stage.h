// Role: what a run does with products: reads the list of codes, lists the products into the index, says which media the
// codes name, and at the end writes the missing list.
// Place: sync calls it around the media pipeline: prepare() before the selection is looked at, finish() once the run is
// over.
// Failure: throws Error{config} for a list of codes that cannot be used, and with such a list what a listing throws,
// since nobody knows without products which media the codes name. Without one, products that the service refuses to list
// are a note, and the media are mirrored. Products that were not listed to their end leave whole() false: then nothing
// may be retired for not being named by the codes.
#pragma once

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "api/client.h"
#include "fetch/selection.h"
#include "report/run_report.h"
#include "run/listing_drive.h"
#include "shop/code_list.h"
#include "store/index.h"

namespace medimirror {

struct ProductOptions {
  bool list = false;                 // keep all products in the index, with a list of codes or without
  std::filesystem::path codes_file;  // empty: none
  std::string codes_column;          // its column with the codes; empty: found by its name
  std::chrono::seconds full_listing_every{
      0};  // 0: always all; else only what changed, as long as all were listed since

  bool needed() const { return list || !codes_file.empty(); }
};

class ProductStage {
 public:
  explicit ProductStage(const ProductOptions& options) : options_(options) {}

  // in_full: all, whatever was listed before; index_only: what is known must do (--dry-run, --retry-failed)
  enum class Ask { in_full, normally, index_only };

  // Fills selection.media_ids where there is a list of codes.
  void prepare(Ask ask, const ApiOptions& api, const Wire& wire, Index& index, Selection& selection,
               RunReport& report);

  bool whole() const { return whole_; }
  bool selects_surely() const { return whole_ || !codes_; }  // no medium may be selected and not known to be
  bool cut() const { return cut_; }                          // and the next run may do better
  // Ids of the products that a list of codes names, ascending; nothing: there is no list.
  const std::optional<std::vector<std::string>>& selected() const { return selected_; }

  void finish(const Index& index, const Selection& selection, const std::vector<std::string>& locales,
              bool all_media_listed, const std::filesystem::path& reports_folder, RunReport& report) const;

 private:
  void list_or_note(Ask ask, const std::vector<std::string>& filters, const ApiOptions& api, const Wire& wire,
                    Index& index, RunReport& report);
  void list(Ask ask, const std::vector<std::string>& filters, const ApiOptions& api, const Wire& wire,
            Index& index, RunReport::Products& report) const;
  void note_codes(RunReport& report) const;

  const ProductOptions& options_;
  std::optional<CodeList> codes_;
  std::optional<std::vector<std::string>> selected_;
  bool whole_ = true, cut_ = false;
};

}  // namespace medimirror
