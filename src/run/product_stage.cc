#include "run/product_stage.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "base/error.h"
#include "base/units.h"
#include "run/listing_cursor.h"
#include "run/product_walk.h"
#include "shop/code_file.h"
#include "shop/code_resolution.h"
#include "shop/missing_files.h"
#include "shop/product_requests.h"
#include "store/setting_names.h"

namespace medimirror {

namespace {

constexpr std::size_t kMistakesNoted = 5;

// What the index remembers of the last complete listings of products.
constexpr ListingCursor kCursor = {kProductsCursorSetting, kProductsFullListingSetting};

}  // namespace

void ProductStage::prepare(Ask ask, const ApiOptions& api, const Wire& wire, Index& index,
                           Selection& selection, RunReport& report) {
  if (!options_.needed()) return;
  RunReport::Products& products = report.products.emplace();
  ProductRequests plan;
  plan.filters = {every_product_filter()};
  plan.sentence = "all products are listed by one request";
  if (!options_.codes_file.empty()) {
    codes_ = read_code_file(options_.codes_file, options_.codes_column);
    if (!options_.list) plan = plan_product_requests(codes_->codes, api.requests_per_minute);
  }
  if (ask != Ask::index_only) {
    wire.progress.say(plan.sentence);
    list_or_note(ask, plan.filters, api, wire, index, report);
    whole_ = products.complete;
    cut_ = !whole_ && !products.shifted && !products.refused;
    if (!whole_ && !products.cut_reason.empty())
      wire.progress.say(fmt::format(
          "the products were not listed to their end: {}; {}", products.cut_reason,
          codes_ ? "nothing will be removed in this run" : "what is known of them stays as it is"));
  } else {
    products.by = ListedBy::nothing;
    report.notes.push_back(fmt::format("in a sync, {}", plan.sentence));
    const std::uint64_t known = index.view().product_count();
    report.notes.push_back(
        known == 0
            ? "no product is known yet, so it cannot be told which pictures the codes name; a sync will"
            : fmt::format("products were not asked for in this run: {} are known from earlier ones",
                          format_count(known)));
  }
  if (codes_) {
    CodeResolution resolution = resolve_codes(codes_->codes, index.view());
    products.codes = {codes_->codes.size() + codes_->wrong.size(), codes_->wrong.size(), resolution.found,
                      resolution.media.size(), 0};
    selection.media_ids = std::move(resolution.media);
    selected_ = std::move(resolution.products);
  }
  note_codes(report);
}

void ProductStage::list_or_note(Ask ask, const std::vector<std::string>& filters, const ApiOptions& api,
                                const Wire& wire, Index& index, RunReport& report) {
  RunReport::Products& products = *report.products;
  try {
    list(ask, filters, api, wire, index, products);
  } catch (const Error& error) {
    const bool of_the_service = error.kind() == ErrorKind::auth || error.kind() == ErrorKind::config ||
                                error.kind() == ErrorKind::network || error.kind() == ErrorKind::unavailable;
    if (!of_the_service) throw;
    if (!options_.codes_file.empty())
      throw Error(error.kind(),
                  fmt::format("the products that {} names cannot be listed: {}",
                              options_.codes_file.filename().native(), error.what()),
                  error.operation());
    products.complete = false;
    products.refused = error.kind() != ErrorKind::unavailable;
    products.cut_reason = error.what();
    report.notes.push_back(
        fmt::format("the products were not listed: {}; the media were mirrored all the same{}", error.what(),
                    products.refused ? " (products.list = false leaves the products out)" : ""));
  }
}

void ProductStage::list(Ask ask, const std::vector<std::string>& filters, const ApiOptions& api,
                        const Wire& wire, Index& index, RunReport::Products& report) const {
  const std::string asked = fmt::format("{}", fmt::join(filters, "\n"));
  const UnixSeconds now = wire.clock.unix_now();
  std::optional<UnixSeconds> since;
  {
    const IndexView view = index.view();
    if (ask == Ask::normally && view.setting(kProductsAskedSetting) == asked)
      since = kCursor.changes_since(view, options_.full_listing_every, now);
  }
  const std::optional<UnixSeconds> server_date = list_products_into_index(
      filters, since ? ProductsNamed::changed : ProductsNamed::all,
      [&](const std::string& filter) {
        const std::string changed =
            fmt::format(R"({{"and":[{},{{"updatedSince":{}}}]}})", filter, since.value_or(0));
        return list_products(api, since ? changed : filter, wire.transport, wire.clock);
      },
      wire, index, report);
  if (report.complete && options_.full_listing_every.count() > 0) {
    IndexGroup group = index.group();
    kCursor.move(group, server_date, since ? std::nullopt : std::optional(now));
    if (!since) group.put_setting(kProductsAskedSetting, asked);
    group.commit();
  }
}

void ProductStage::note_codes(RunReport& report) const {
  if (!codes_) return;
  for (std::size_t i = 0; i < std::min(codes_->wrong.size(), kMistakesNoted); ++i) {
    const WrongCode& wrong = codes_->wrong[i];
    report.notes.push_back(fmt::format("{}, line {}: \"{}\" is left out: {}",
                                       options_.codes_file.filename().native(), wrong.line, wrong.text,
                                       wrong.detail));
  }
  if (codes_->wrong.size() > kMistakesNoted)
    report.notes.push_back(fmt::format("{} more lines of the list of codes are left out; see missing.csv",
                                       format_count(codes_->wrong.size() - kMistakesNoted)));
  if (codes_->restored > 0)
    report.notes.push_back(fmt::format(
        "{} of the CNKs had 6 digits and got back the zero in front that a spreadsheet takes away",
        format_count(codes_->restored)));
  if (codes_->repeated > 0)
    report.notes.push_back(
        fmt::format("{} lines of the list of codes name a code again", format_count(codes_->repeated)));
}

void ProductStage::finish(const Index& index, const Selection& selection,
                          const std::vector<std::string>& locales, bool all_media_listed,
                          const std::filesystem::path& reports_folder, RunReport& report) const {
  if (!codes_ || !report.products || !report.products->codes) return;
  const IndexView view = index.view();
  const bool all_products_listed = whole_ && view.product_count() > 0;
  const MissingList missing =
      find_missing(*codes_, view, {selection.formats, locales, all_products_listed, all_media_listed});
  report.products->codes->missing = missing.rows.size();
  write_missing_files(reports_folder, missing);
}

}  // namespace medimirror
