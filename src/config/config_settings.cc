#include "config/config_settings.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>

#include "config/config_rows.h"
#include "http/url.h"
#include "tree/layout.h"

namespace medimirror {

namespace {

using std::chrono::seconds;

constexpr std::uint64_t kMiB = 1ULL << 20, kGiB = 1ULL << 30, kTiB = 1ULL << 40;

Problem check_base_url(const std::string& text) {
  const auto url = parse_url(text);
  if (!url || !url->is_http())
    return "must be an http or https address such as \"https://api.medipim.be/v4\"";
  if (!url->userinfo.empty())
    return "must not hold a user or password; give the key by key_id and secret_file";
  if (url->query || url->fragment) return "must end before any \"?\" or \"#\"";
  return std::nullopt;
}

// Basic authentication ends the user at the first colon (RFC 7617).
Problem check_key_id(const std::string& text) {
  if (text.find(':') != text.npos)
    return "must not hold a colon: it is the key's id alone, without the secret";
  return std::nullopt;
}

Problem check_contact(const std::string& text) {
  if (text.empty()) return "is empty: image requests must say who asks; give an e-mail address or a web page";
  if (text.size() > 200) return "is longer than 200 characters";
  if (text.find_first_of("()") != text.npos)
    return "must not hold parentheses: it stands in those of the User-Agent";
  if (std::ranges::any_of(text, [](char c) { return static_cast<unsigned char>(c) > 0x7e; }))
    return "must be plain ASCII: it travels in an HTTP header";
  return std::nullopt;
}

Problem check_language(const std::string& text) {
  if (text.empty()) return "is empty: the service would then guess, and may list less";
  return std::nullopt;
}

Problem check_path_template(const std::string& text) {
  const auto parsed = PathTemplate::parse(text);
  if (const auto* problem = std::get_if<std::string>(&parsed)) return "cannot be used: " + *problem;
  return std::nullopt;
}

Problem check_raw(const std::string& json) {
  if (json.empty()) return std::nullopt;
  if (const auto problem = check_raw_filter(json)) return "cannot be sent: " + *problem;
  return std::nullopt;
}

Problem check_host_list(const std::vector<std::string>& hosts) {
  for (const std::string& host : hosts)
    if (host.find_first_of("/@? ") != host.npos)
      return fmt::format("takes host names such as \"media.medipim.be\" or \"*.example.com\", not \"{}\"",
                         host);
  return std::nullopt;
}

Problem check_formats(const std::vector<std::string>& formats) {
  if (formats.empty()) return "is empty: nothing would be mirrored; name at least one, such as \"huge\"";
  for (const std::string& format : formats) {
    const bool is_word = std::ranges::all_of(format, [](char c) {
      return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
             c == '-';
    });
    if (!is_word) return fmt::format("names \"{}\", which cannot be a format", format);
    if (std::ranges::count(formats, format) > 1) return fmt::format("names \"{}\" twice", format);
  }
  return std::nullopt;
}

// A whole number out of a few.
Kind<std::size_t> choice_of_numbers(std::vector<std::int64_t> numbers) {
  return {[numbers, kind = number_kind(numbers.front(), numbers.back())](const ConfigValue& value,
                                                                         std::size_t& into) -> Problem {
            std::int64_t number = 0;
            if (kind.read(value, number) || std::ranges::find(numbers, number) == numbers.end())
              return fmt::format("must be one of {}, not {}", fmt::join(numbers, ", "), value.shown());
            into = static_cast<std::size_t>(number);
            return std::nullopt;
          },
          [](const std::size_t& number) { return std::to_string(number); }};
}

// One list of the filter, checked by the room that will send it.
Kind<std::vector<std::string>> filter_list(std::vector<std::string> MediaFilter::*list) {
  return list_kind([list](const std::vector<std::string>& values) -> Problem {
    MediaFilter only;
    only.*list = values;
    if (const auto problem = check(only)) return "cannot be sent: " + *problem;
    return std::nullopt;
  });
}

using enum Shown;

void add_top(std::vector<Setting<Config>>& settings) {
  Rows<Config> rows("", settings);
  rows.add(
      "root", yes, "Where media/, store/ and reports/ live.", path_kind(),
      [](auto& c) -> auto& { return c.root; });
  rows.add(
      "store_dir", commented,
      "The store (blobs and index) elsewhere; a local disk, never a network file system.", path_kind(),
      [](auto& c) -> auto& { return c.store_dir; }, "\"/var/lib/medimirror\"");
  rows.add(
      "media_dir", commented,
      "The published directory elsewhere; hard links need the same file system as the store.", path_kind(),
      [](auto& c) -> auto& { return c.media_dir; }, "\"/srv/www/media\"");
  rows.add(
      "contact", yes,
      "Who asks: an e-mail address or a web page. It goes into the User-Agent; the service refuses\n"
      "image requests without one, so there is no default.",
      text_kind(check_contact), [](auto& c) -> auto& { return c.contact; });
}

void add_api(std::vector<Setting<Config>>& settings) {
  Rows<Config> rows("api", settings);
  rows.add(
      "base_url", yes, "The market: api.medipim.be, .fr, .de, api.us.medipim.com or api.au.medipim.com.",
      text_kind(check_base_url), [](auto& c) -> auto& { return c.api.base_url; });
  rows.add(
      "key_id", yes, "The number of your API key.", text_kind(check_key_id),
      [](auto& c) -> auto& { return c.api.key_id; });
  rows.add(
      "secret_file", commented,
      "The file that holds the key's secret and nothing else (chmod 600). Or set MEDIMIRROR_API_SECRET, or "
      "give\n"
      "systemd the credential medimirror-api-secret. The secret itself never stands in this file.",
      path_kind(), [](auto& c) -> auto& { return c.api.secret_file; }, "\"/etc/medimirror/key\"");
  rows.add(
      "requests_per_minute", yes,
      "At most so many API requests in any 60 seconds, over all runs with this store.",
      whole_kind<std::size_t>(1, 1'000'000), [](auto& c) -> auto& { return c.api.requests_per_minute; });
  rows.add(
      "accept_language", yes, "Languages of texts, most wanted first.", text_kind(check_language),
      [](auto& c) -> auto& { return c.api.accept_language; });
  rows.add(
      "listing", yes,
      "How the catalogue is listed: \"stream\" (one long answer), \"query\" (pages; the service shows at "
      "most\n"
      "10000 items that way), \"auto\" (stream, and query where the stream is refused or keeps breaking "
      "off).",
      choice_kind<ListingMode>(
          {{"auto", ListingMode::automatic}, {"stream", ListingMode::stream}, {"query", ListingMode::query}}),
      [](auto& c) -> auto& { return c.api.listing; });
  rows.add(
      "page_size", commented, "Items a page when listing by query: 10, 50, 100 or 250.",
      choice_of_numbers({10, 50, 100, 250}), [](auto& c) -> auto& { return c.api.page_size; });
  rows.add(
      "answer_timeout", commented,
      "How long the service may take to begin a stream. One that does not is asked once more, then the pages "
      "are.",
      span_kind<Millis>(seconds(1), seconds(86400)), [](auto& c) -> auto& { return c.api.answer_ms_max; });
  rows.add(
      "listing_timeout", commented,
      "How long a whole listing may take, with all that is asked again. One that takes longer is cut: what "
      "it "
      "brought\nis kept, and nothing is removed.",
      span_kind<Millis>(seconds(1), seconds(7 * 86400)),
      [](auto& c) -> auto& { return c.api.listing_ms_max; });
  rows.add(
      "wait_max", commented,
      "The longest pause that a run sits out when the service asks for one (Retry-After). Beyond it the run "
      "ends\n"
      "with 7, and so do the runs until then, without asking.",
      span_kind<Millis>(seconds(0), seconds(86400)), [](auto& c) -> auto& { return c.api.wait_ms_max; });
  rows.add(
      "full_listing_every", commented,
      "\"0s\": every run walks the complete listing. \"7d\": in between only what changed since the last "
      "run; what\n"
      "is gone from the catalogue is then noticed once in 7 days.",
      span_kind<seconds>(seconds(0), seconds(366 * 86400)),
      [](auto& c) -> auto& { return c.api.full_listing_every; });
}

void add_media(std::vector<Setting<Config>>& settings) {
  Rows<Config> rows("media", settings);
  rows.add(
      "base_url", yes, "What relative picture addresses are relative to.", text_kind(check_base_url),
      [](auto& c) -> auto& { return c.media.base_url; });
  rows.add(
      "allowed_hosts", commented,
      "Pictures are downloaded from these hosts alone (\"*.example.com\" is possible), and that of base_url.",
      list_kind(check_host_list), [](auto& c) -> auto& { return c.media.allowed_hosts; });
  rows.add(
      "allow_private_addresses", yes, "Whether a picture may come from a loopback or private address.",
      flag_kind(), [](auto& c) -> auto& { return c.media.allow_private_addresses; });
  rows.add(
      "connections", yes, "Connections to one host at most.", whole_kind<std::size_t>(1, 256),
      [](auto& c) -> auto& { return c.media.connections; });
  rows.add(
      "http2", commented, "HTTP/2 where the host offers it.", flag_kind(),
      [](auto& c) -> auto& { return c.media.http2; });
  rows.add(
      "bandwidth", commented, "Bytes a second at most, all downloads together, such as \"5MB\"; 0: no limit.",
      bytes_kind(0, kTiB), [](auto& c) -> auto& { return c.media.bandwidth; });
  rows.add(
      "bytes_max", commented, "A file larger than this is refused.", bytes_kind(1024, 2 * kGiB),
      [](auto& c) -> auto& { return c.media.bytes_max; });
  rows.add(
      "memory", commented, "Downloaded bytes in memory at most, all files together.", bytes_kind(kMiB, kTiB),
      [](auto& c) -> auto& { return c.media.memory; });
  rows.add(
      "connect_timeout", commented, "How long a connection may take to stand.",
      span_kind<Millis>(seconds(1), seconds(3600)),
      [](auto& c) -> auto& { return c.media.limits.connect_ms_max; });
  rows.add(
      "stall_timeout", commented, "How long a download may stand still.",
      span_kind<Millis>(seconds(1), seconds(3600)),
      [](auto& c) -> auto& { return c.media.limits.stall_ms_max; });
  rows.add(
      "total_timeout", commented, "How long one download may take in all.",
      span_kind<Millis>(seconds(1), seconds(86400)),
      [](auto& c) -> auto& { return c.media.limits.total_ms_max; });
  rows.add(
      "attempts", commented, "How often a request is tried before it counts as failed in this run.",
      whole_kind<int>(1, 20), [](auto& c) -> auto& { return c.media.attempts; });
}

void add_select(std::vector<Setting<Config>>& settings) {
  Rows<Config> rows("select", settings);
  rows.add(
      "types", yes, "Of photo, frontal and link.", filter_list(&MediaFilter::types),
      [](auto& c) -> auto& { return c.select.filter.types; });
  rows.add(
      "published", yes, "true, false or \"any\".", flag_or_any_kind(),
      [](auto& c) -> auto& { return c.select.filter.published; });
  rows.add(
      "available", commented, "true, false or \"any\".", flag_or_any_kind(),
      [](auto& c) -> auto& { return c.select.filter.available; });
  rows.add(
      "photo_types", commented, "Of packshot, productshot, pillshot and lifestyle_image; empty: all.",
      filter_list(&MediaFilter::photo_types), [](auto& c) -> auto& { return c.select.filter.photo_types; });
  rows.add(
      "locales", commented, "Such as nl, fr, en; empty: all.", filter_list(&MediaFilter::locales),
      [](auto& c) -> auto& { return c.select.filter.locales; });
  rows.add(
      "target_groups", commented,
      "Of public, pharmacist, doctor, homecare, hospital, nurse, physiotherapist and webshop; empty: all.",
      filter_list(&MediaFilter::target_groups),
      [](auto& c) -> auto& { return c.select.filter.target_groups; });
  rows.add(
      "organizations", commented, "Ids of organizations; empty: all.",
      filter_list(&MediaFilter::organizations),
      [](auto& c) -> auto& { return c.select.filter.organizations; });
  rows.add(
      "products", commented, "Medipim ids of products, such as \"M5489B0D8B\"; empty: all.",
      filter_list(&MediaFilter::products), [](auto& c) -> auto& { return c.select.filter.products; });
  rows.add(
      "created_from", commented, "Created at or after this date (UTC).", date_kind(),
      [](auto& c) -> auto& { return c.select.filter.created.from; }, "\"2026-01-01\"");
  rows.add(
      "created_until", commented, "Created at or before this date.", date_kind(),
      [](auto& c) -> auto& { return c.select.filter.created.until; }, "\"2026-12-31\"");
  rows.add(
      "updated_from", commented, "Updated at or after this date.", date_kind(),
      [](auto& c) -> auto& { return c.select.filter.updated.from; }, "\"2026-01-01\"");
  rows.add(
      "updated_until", commented, "Updated at or before this date.", date_kind(),
      [](auto& c) -> auto& { return c.select.filter.updated.until; }, "\"2026-12-31\"");
  rows.add(
      "filter", commented, "Any filter of the service as JSON; it must hold as well as all of the above.",
      text_kind(check_raw), [](auto& c) -> auto& { return c.select.filter.raw_json; },
      "'{\"not\": {\"organization\": \"123\"}}'");
  rows.add(
      "formats", yes,
      "Which sizes to mirror: thumbnail, medium, large, huge, or their Webp, Png and Jpeg twins.",
      list_kind(check_formats), [](auto& c) -> auto& { return c.select.formats; });
  rows.add(
      "fallback", yes, "Take the next smaller format when one is absent, and report it.", flag_kind(),
      [](auto& c) -> auto& { return c.select.fallback; });
  rows.add(
      "codes_file", commented,
      "A list of codes (CSV or TXT: CNK, EAN, GTIN or Medipim id): only the pictures of these products are "
      "mirrored,\nand reports/missing.xlsx says which codes have none, and why.",
      path_kind(), [](auto& c) -> auto& { return c.select.codes_file; }, "\"stock.csv\"");
  rows.add(
      "codes_column", commented,
      "The name of its column with the codes; without it, the usual names are tried.", text_kind({}),
      [](auto& c) -> auto& { return c.select.codes_column; }, "\"CNK\"");
}

void add_products(std::vector<Setting<Config>>& settings) {
  Rows<Config> rows("products", settings);
  rows.add(
      "list", commented,
      "Keep all products too, with their codes, so that pictures can be found and shown by product. A list "
      "of\n"
      "codes (select.codes_file) has its own products listed without this.",
      flag_kind(), [](auto& c) -> auto& { return c.products.list; });
}

void add_image(std::vector<Setting<Config>>& settings) {
  Rows<Config> rows("image", settings);
  rows.add(
      "validate", yes,
      "\"pixels\": decode every picture whole, so that damage is found. \"header\": its structure alone "
      "(faster).",
      choice_kind<ImageSettings::Validate>(
          {{"pixels", ImageSettings::Validate::pixels}, {"header", ImageSettings::Validate::header}}),
      [](auto& c) -> auto& { return c.image.validate; });
  rows.add(
      "pixels_max", commented, "A picture with more pixels, all pages together, is refused.",
      whole_kind<std::uint64_t>(1, 10'000'000'000), [](auto& c) -> auto& { return c.image.pixels_max; });
  rows.add(
      "pages_max", commented,
      "A picture with more pages (frames of an animation) is refused; their pixels count for pixels_max.",
      whole_kind<std::uint32_t>(1, 100'000), [](auto& c) -> auto& { return c.image.pages_max; });
  rows.add(
      "decoders", commented, "Decoder processes; 0: as many as the machine has cores.",
      whole_kind<std::size_t>(0, 256), [](auto& c) -> auto& { return c.image.decoders; });
  rows.add(
      "decoder_memory", commented, "Memory of one decoder process at most.", bytes_kind(128 * kMiB, kTiB),
      [](auto& c) -> auto& { return c.image.decoder_memory; });
  rows.add(
      "timeout", commented, "How long one picture may take to decode.",
      span_kind<seconds>(seconds(1), seconds(3600)), [](auto& c) -> auto& { return c.image.timeout; });
}

void add_publish(std::vector<Setting<Config>>& settings) {
  Rows<Config> rows("publish", settings);
  rows.add(
      "path", yes,
      "Path of a published file. Fields: {id} {id/1000} {format} {source_format} {ext} {kind} {photo_type}\n"
      "{locale} {sha256}; the format of a derivative is its name.",
      text_kind(check_path_template), [](auto& c) -> auto& { return c.publish.path; });
  rows.add(
      "max_delete", yes,
      "A run that would remove more published files than this removes none and ends with exit code 6.",
      count_or_share_kind(), [](auto& c) -> auto& { return c.publish.max_delete; });
  rows.add(
      "max_replace", commented,
      "A run that would replace more published pictures than this by others replaces none and ends with exit "
      "code 6.",
      count_or_share_kind(), [](auto& c) -> auto& { return c.publish.max_replace; });
  rows.add(
      "confirm_removal", yes,
      "How many complete listings in a row must lack a picture before it is removed; 1: the first.",
      whole_kind<int>(1, 100), [](auto& c) -> auto& { return c.publish.confirm_removal; });
  rows.add(
      "grace_days", yes, "How long the bytes of removed files are kept in the store.",
      whole_kind<int>(0, 36500), [](auto& c) -> auto& { return c.publish.grace_days; });
  rows.add(
      "reserve", commented, "Disk space that must stay free; a run stops cleanly before it is used.",
      bytes_kind(0, 1024 * kTiB), [](auto& c) -> auto& { return c.publish.reserve; });
}

void add_log(std::vector<Setting<Config>>& settings) {
  Rows<Config> rows("log", settings);
  rows.add(
      "level", commented, "What goes to stderr: debug, info, warning, error or off.",
      choice_kind<LogLevel>({{"debug", LogLevel::debug},
                             {"info", LogLevel::info},
                             {"warning", LogLevel::warning},
                             {"error", LogLevel::error},
                             {"off", LogLevel::off}}),
      [](auto& c) -> auto& { return c.log_level; });
}

std::string variable_of(std::string_view section, std::string_view key) {
  std::string name = "MEDIMIRROR_";
  if (!section.empty()) name += std::string(section) + "_";
  name += key;
  for (char& letter : name)
    if (letter >= 'a' && letter <= 'z') letter = static_cast<char>(letter - 'a' + 'A');
  return name;
}

}  // namespace

template <>
std::string Setting<Config>::variable() const {
  return variable_of(section, key);
}

const std::vector<SectionMeaning>& config_sections() {
  static const std::vector<SectionMeaning> sections = {
      {"", ""},
      {"api", "The service that lists the pictures."},
      {"media", "The hosts that the pictures are downloaded from."},
      {"select",
       "Which pictures, and which sizes of them. All that is set must hold; a list means any of its values."},
      {"products", "What the pictures belong to."},
      {"image", "How a picture is checked before it is kept."},
      {"publish", "The directory that is rsynced or served."},
      {"log", "The diary of a run, for whoever looks into a problem."},
  };
  return sections;
}

const std::vector<Setting<Config>>& config_settings() {
  static const std::vector<Setting<Config>> settings = [] {
    std::vector<Setting<Config>> all;
    for (const auto add :
         {add_top, add_api, add_media, add_select, add_products, add_image, add_publish, add_log})
      add(all);
    return all;
  }();
  return settings;
}

const std::vector<std::string_view>& known_formats() {
  static const std::vector<std::string_view> formats = {
      "thumbnail", "thumbnailWebp", "thumbnailPng", "thumbnailJpeg", "thumbnailJpg", "medium",   "mediumWebp",
      "mediumPng", "mediumJpeg",    "mediumJpg",    "large",         "largeWebp",    "largePng", "largeJpeg",
      "largeJpg",  "huge",          "hugeWebp",     "hugePng",       "hugeJpeg",     "hugeJpg"};
  return formats;
}

}  // namespace medimirror
