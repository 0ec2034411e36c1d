#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/error.h"
#include "base/file.h"
#include "base/units.h"
#include "cli/commands.h"
#include "cli/open_mirror.h"
#include "config/arguments.h"
#include "feed/feed.h"
#include "feed/picture_address.h"
#include "shop/code_file.h"
#include "shop/code_resolution.h"
#include "store/store_lock.h"

namespace medimirror {

namespace {

constexpr const char* kOperation = "read the command line";

ShopCode shop_code_named(std::string_view name) {
  return name == "ean"          ? ShopCode::ean
         : name == "medipim_id" ? ShopCode::medipim_id
         : name == "any"        ? ShopCode::any
                                : ShopCode::cnk;
}

// "nl-BE,fr;q=0.8,en" -> nl, fr, en
std::vector<std::string> locales_of(std::string_view accept_language) {
  std::vector<std::string> locales;
  while (!accept_language.empty()) {
    const std::size_t comma = std::min(accept_language.find(','), accept_language.size());
    std::string_view one = accept_language.substr(0, comma);
    accept_language.remove_prefix(std::min(comma + 1, accept_language.size()));
    one.remove_prefix(std::min(one.find_first_not_of(' '), one.size()));
    one = one.substr(0, one.find_first_of("-; "));
    if (!one.empty()) locales.emplace_back(one);
  }
  return locales;
}

// The format or derivative of the main tree that is exported.
std::string publication_of(const Config& config, const std::string& asked) {
  if (asked.empty()) return config.select.formats.front();
  std::vector<std::string> names = config.select.formats;
  for (const Recipe& recipe : config.derivatives) names.push_back(recipe.name);
  if (std::ranges::find(names, asked) == names.end())
    throw Error(ErrorKind::usage,
                fmt::format("--publication {}: what is published is {}", asked, fmt::join(names, ", ")),
                kOperation);
  return asked;
}

void require_view(const IndexReader& index, const std::string& view) {
  bool found = false;
  index.each_published([&](const AssetKey& key, const PublishedRecord&) {
    found = key.format.starts_with(view + "/");
    return !found;
  });
  if (!found)
    throw Error(
        ErrorKind::usage,
        fmt::format("--view {}: nothing is published of it; is it a [[view]] of the configuration, and was "
                    "there a sync since?",
                    view),
        kOperation);
}

std::vector<std::string> products_in(const std::filesystem::path& path, const IndexReader& index) {
  const CodeList list = read_code_file(path);
  std::set<std::string> products;
  std::size_t unknown = 0;
  for (const AskedCode& code : list.codes) {
    const std::vector<std::string> found = products_of(code, index);
    if (found.empty()) ++unknown;
    products.insert(found.begin(), found.end());
  }
  if (unknown + list.wrong.size() > 0)
    fmt::print(stderr,
               "note: of the {} codes in {}, {} name no product that is known here and {} are no codes\n",
               format_count(list.codes.size() + list.wrong.size()), path.native(), format_count(unknown),
               format_count(list.wrong.size()));
  return {products.begin(), products.end()};
}

void print_result(std::FILE* out, const FeedOptions& options, const FeedResult& result) {
  const std::string target = options.output == "-" ? "standard output" : options.output.native();
  fmt::print(out, "{} pictures of {} products in {}\n", format_count(result.pictures),
             format_count(result.products), target);
  if (result.products_without_picture > 0)
    fmt::print(out, "{} products have no picture here\n", format_count(result.products_without_picture));
}

void print_problems(const FeedOptions& options, const FeedResult& result) {
  const bool any = std::ranges::any_of(result.problems, [](std::uint64_t count) { return count > 0; });
  if (!any) return;
  if (result.pictures_left_out > 0)
    fmt::print(stderr, "{} pictures are left out, among them all of {} products\n",
               format_count(result.pictures_left_out), format_count(result.products_left_out));
  for (std::size_t i = 0; i < kFeedProblems; ++i) {
    const auto problem = static_cast<FeedProblem>(i);
    if (result.problems[i] > 0)
      fmt::print(stderr, "  {:<9} {:<19} {:>9}\n", leaves_out(problem) ? "left out" : "kept",
                 name_of(problem), format_count(result.problems[i]));
  }
  fmt::print(stderr, "each of them is in {}\n", options.problems.native());
}

}  // namespace

ExitStatus export_command(const Config& config, const ExportFlags& flags) {
  FeedOptions options;
  options.system = parse_feed_system(flags.format).value();  // the command line took it
  const FeedRules& rules = rules_of(options.system);
  options.with_names = flags.names;
  options.replace_pictures = flags.replace_images;
  options.selection.base_url = checked_base_url(flags.base_url);
  if (rules.https_only && !options.selection.base_url.starts_with("https:"))
    throw Error(ErrorKind::usage,
                fmt::format("{} fetches pictures over https alone: give --base-url https://…", rules.title),
                kOperation);
  options.selection.publication = publication_of(config, flags.publication);
  options.selection.view = flags.view;
  options.selection.code = shop_code_named(flags.sku);
  options.selection.any_locale = flags.locale.empty();
  options.selection.locales =
      flags.locale.empty() ? locales_of(config.api.accept_language) : std::vector<std::string>{flags.locale};
  const std::string file_name = fmt::format("export-{}", flags.format);
  options.problems = config.reports_dir() / (file_name + "-problems.csv");
  options.output = flags.output.empty()
                       ? config.reports_dir() / fmt::format("{}.{}", file_name, rules.extension)
                       : path_argument("--output", flags.output);
  if (options.system == FeedSystem::sqlite && options.output == "-")
    throw Error(ErrorKind::usage, "an SQLite database cannot be written to a pipe: name a file with --output",
                kOperation);

  const std::unique_ptr<Index> index = open_mirror(config);
  const IndexView view = index->view();
  if (view.product_count() == 0)
    throw Error(
        ErrorKind::usage,
        "the mirror knows no products, so there is nothing to join the pictures with: set select.codes_file "
        "or products.list = true, and sync");
  if (!flags.view.empty()) require_view(view, flags.view);
  if (!flags.codes.empty())
    options.selection.products = products_in(path_argument("--codes", flags.codes), view);

  refuse_root_where_others_own(config.reports_dir());
  make_folders(config.reports_dir());
  const FeedResult result = write_feed(options, view);
  print_result(options.output == "-" ? stderr : stdout, options, result);
  print_problems(options, result);
  return result.pictures_left_out + result.products_left_out > 0 ? ExitStatus::some_failed : ExitStatus::done;
}

}  // namespace medimirror
