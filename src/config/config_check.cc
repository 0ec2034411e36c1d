#include "config/config_check.h"

#include <fmt/format.h>

#include <algorithm>

#include "config/config_settings.h"
#include "config/suggestion.h"
#include "http/url.h"
#include "tree/layout.h"

namespace medimirror {

namespace {

class Check {
 public:
  Check(Config& config, std::vector<std::string>& mistakes) : config_(config), mistakes_(mistakes) {}

  void run() {
    contact();
    addresses();
    memory();
    dates();
    formats();
    for (const ViewSettings& each : config_.views) view(each);
    folders();
    limits();
  }

 private:
  // In front of the sentence stands where the setting was set; what is left at its default has no place.
  void mistake(const std::string& name, std::string_view sentence) {
    const auto origin = config_.origins.find(name);
    if (origin == config_.origins.end())
      mistakes_.emplace_back(sentence);
    else
      mistakes_.push_back(fmt::format("{}: {}", origin->second, sentence));
  }

  bool was_set(const std::string& name) const { return config_.origins.contains(name); }

  void contact() {
    if (was_set("contact")) return;  // an empty one was refused there
    mistake("contact",
            "contact is missing: image requests must say who asks; set it at the top of the file, or "
            "MEDIMIRROR_CONTACT, "
            "to an e-mail address or a web page");
  }

  void addresses() {
    const auto api = parse_url(config_.api.base_url);
    if (api && api->scheme == "http" && !is_loopback_host(api->host))
      mistake("api.base_url",
              fmt::format("api.base_url is \"{}\": the key's secret would travel in the clear; use https",
                          config_.api.base_url));
    const auto media = parse_url(config_.media.base_url);
    if (!media) return;
    const bool is_private = is_loopback_host(media->host) || is_private_address(media->host);
    if (is_private && !config_.media.allow_private_addresses)
      mistake("media.base_url",
              fmt::format(
                  "media.base_url is \"{}\", a private address, and media.allow_private_addresses is false; "
                  "one of them must change",
                  config_.media.base_url));
    std::vector<std::string>& hosts = config_.media.allowed_hosts;
    if (std::ranges::find(hosts, media->host) == hosts.end()) hosts.push_back(media->host);
  }

  void memory() {
    if (config_.media.memory < config_.media.bytes_max)
      mistake(was_set("media.memory") ? "media.memory" : "media.bytes_max",
              "media.memory is smaller than media.bytes_max: the largest file would never fit");
  }

  void dates() {
    range("created", config_.select.filter.created);
    range("updated", config_.select.filter.updated);
  }

  void range(const std::string& what, const TimeRange& range) {
    if (range.from && range.until && *range.from > *range.until)
      mistake(fmt::format("select.{}_from", what),
              fmt::format("select.{0}_from is later than select.{0}_until: nothing would be listed", what));
  }

  void formats() {
    const auto& formats = config_.select.formats;
    for (const Recipe& recipe : config_.derivatives)
      if (std::ranges::find(formats, recipe.name) != formats.end())
        mistake("derivative." + recipe.name,
                fmt::format("derivative.name \"{}\" is also one of select.formats: their files would clash",
                            recipe.name));
    const auto path = PathTemplate::parse(config_.publish.path);
    const auto* parsed = std::get_if<PathTemplate>(&path);
    if (parsed != nullptr && formats.size() + config_.derivatives.size() > 1 && !parsed->uses("format"))
      mistake("publish.path",
              "publish.path needs {format}: several formats are published, and their files would clash");
    for (const std::string& format : formats)
      if (std::ranges::find(known_formats(), format) == known_formats().end())
        config_.warnings.push_back(
            fmt::format("select.formats names \"{}\", which the service is not known to list{}", format,
                        did_you_mean(format, known_formats())));
  }

  // All of it holds a view against the rest: what is wrong in itself was said where it was read.
  void view(const ViewSettings& view) {
    const std::string origin = "view." + view.name;
    const auto wrong = [&](std::string_view sentence) {
      mistake(origin, fmt::format("view \"{}\": {}", view.name, sentence));
    };
    std::vector<std::string> formats = config_.select.formats;
    for (const Recipe& recipe : config_.derivatives) formats.push_back(recipe.name);
    const auto main_path = PathTemplate::parse(config_.publish.path);
    const auto* main_tree = std::get_if<PathTemplate>(&main_path);
    if (is_taken_name(view.name) || (main_tree != nullptr && main_tree->may_start_with(view.name, formats)))
      wrong(fmt::format(
          "its name may be that of a folder of publish.path (\"{}\") too; choose another name, or "
          "start publish.path with a fixed folder",
          config_.publish.path));
    view_source(view, wrong);
    const auto parsed = ViewPath::parse(view.path);
    const auto* path = std::get_if<ViewPath>(&parsed);
    if (path == nullptr) return;
    if (path->is_of_products() && !config_.products.list && config_.select.codes_file.empty())
      wrong(fmt::format(
          "its path \"{}\" names products, and products are not listed: set list = true in [products], "
          "or give a list of codes (select.codes_file)",
          view.path));
    if (!path->is_of_products() &&
        (view.max_per_product != 0 || view.near_duplicates != View::NearDuplicates::keep))
      wrong(
          "max_per_product and near_duplicates are of the pictures of one product, and its path names none: "
          "use "
          "{cnk}, {ean} or {product}");
    if (path->is_of_products() && !path->tells_pictures_apart() && view.max_per_product != 1)
      config_.warnings.push_back(fmt::format(
          "view \"{}\": its path has neither {{n}} nor {{id}}, so a second picture of a product may ask "
          "for the path of the first, which is reported as a clash; set max_per_product = 1",
          view.name));
    if (view.near_duplicates != View::NearDuplicates::keep &&
        config_.image.validate == ImageSettings::Validate::header)
      config_.warnings.push_back(fmt::format(
          "view \"{}\": with image.validate = \"header\" near_duplicates finds equal files only", view.name));
  }

  template <typename Wrong>
  void view_source(const ViewSettings& view, const Wrong& wrong) const {
    if (!view.derivative.empty() && !view.format.empty())
      wrong("derivative and format exclude each other: derivatives are made of the first of select.formats");
    std::vector<std::string_view> names;
    for (const Recipe& recipe : config_.derivatives) names.push_back(recipe.name);
    if (!view.derivative.empty() && std::ranges::find(names, view.derivative) == names.end())
      wrong(fmt::format("there is no [[derivative]] \"{}\"{}", view.derivative,
                        did_you_mean(view.derivative, names)));
    const std::vector<std::string>& formats = config_.select.formats;
    if (!view.format.empty() && std::ranges::find(formats, view.format) == formats.end())
      wrong(fmt::format("its format \"{}\" is not mirrored: add it to select.formats", view.format));
  }

  static bool is_below(const std::filesystem::path& folder, const std::filesystem::path& other) {
    return std::ranges::mismatch(other, folder).in1 == other.end();
  }

  void folders() {
    const std::string place = was_set("media_dir")   ? "media_dir"
                              : was_set("store_dir") ? "store_dir"
                                                     : "root";
    if (is_below(config_.store_dir, config_.media_dir))
      mistake(place,
              fmt::format("the store {} is inside the published directory {}: it would be published too",
                          config_.store_dir.native(), config_.media_dir.native()));
    else if (is_below(config_.media_dir, config_.store_dir))
      mistake(
          place,
          fmt::format("the published directory {} is inside the store {}; the store is for medimirror alone",
                      config_.media_dir.native(), config_.store_dir.native()));
    if (!config_.api.secret_file.empty() && is_below(config_.api.secret_file, config_.media_dir))
      mistake("api.secret_file",
              "api.secret_file is inside the published directory: the secret would be published");
  }

  void limits() {
    if (config_.api.requests_per_minute > 100)
      config_.warnings.push_back(
          fmt::format("api.requests_per_minute is {}; the service takes 45 to 100 and answers "
                      "the rest with 429",
                      config_.api.requests_per_minute));
    for (const std::string& doubt : doubts_of_raw_filter(config_.select.filter.raw_json))
      config_.warnings.push_back(fmt::format("select.filter is sent as it stands, but: {}", doubt));
    if (!config_.api.secret_problem.empty())
      config_.warnings.push_back("the secret of the API key: " + config_.api.secret_problem);
  }

  Config& config_;
  std::vector<std::string>& mistakes_;
};

}  // namespace

void check_whole(Config& config, std::vector<std::string>& mistakes) {
  Check(config, mistakes).run();
}

}  // namespace medimirror
