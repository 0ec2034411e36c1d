// Role: the configuration: what the user may set, the defaults, and where each value came from.
// Place: read once by cli, which fills the small Options struct of each room from it; no room sees the whole.
// Order: flags > environment > file > defaults. Every setting has an environment variable named after it:
// MEDIMIRROR_ROOT, MEDIMIRROR_API_BASE_URL, MEDIMIRROR_PUBLISH_MAX_DELETE, … (lists are separated by commas).
// Failure: throws Error{config} that names *all* mistakes, one line each, with file, line and key.
// Format: TOML. Sizes are "64MiB" or a number of bytes, spans "30s", "5m", "7d" or a number of seconds, dates
// "2026-11-21", "2026-11-21T18:04:05Z" or unix seconds. Relative paths in the file start at the file's
// folder; ~ and $HOME at the start of a path are the home folder.
// Not here: the table of the settings (config_settings.h), TOML itself (config_file.h), the key
// (config_secret.h).
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "api/client.h"
#include "api/filter.h"
#include "base/image.h"
#include "base/log.h"
#include "base/secret.h"
#include "base/units.h"
#include "tree/view.h"

namespace medimirror {

// The secret is from the environment, a systemd credential or secret_file; never from the file.
struct ApiSettings : ApiOptions {
  std::filesystem::path secret_file;  // empty: not set
  std::string secret_problem;         // why this user cannot read the key that is configured; usually empty
  std::chrono::seconds full_listing_every{0};  // 0: every run walks the complete listing
};

struct MediaSettings {
  std::string base_url = "https://media.medipim.be";
  std::vector<std::string>
      allowed_hosts = {"media.medipim.be",     "assets.medipim.be",     "media.medipim.fr",
                       "assets.medipim.fr",    "media.medipim.de",      "assets.medipim.de",
                       "media.us.medipim.com", "assets.us.medipim.com", "media.au.medipim.com",
                       "assets.au.medipim.com"};  // once loaded, the host of base_url is always among them
  bool allow_private_addresses = false;
  std::size_t connections = 16;  // a host
  bool http2 = true;
  std::uint64_t bandwidth = 0;            // bytes a second, all downloads together; 0: no cap
  std::uint64_t bytes_max = 64ULL << 20;  // a file
  std::uint64_t memory = 128ULL << 20;    // bodies in memory, all together
  TimeLimits limits;
  int attempts = 5;
};

struct SelectSettings {
  MediaFilter filter = default_filter();
  std::vector<std::string> formats = {"huge"};
  bool fallback = true;
  std::filesystem::path codes_file;  // empty: not set
  std::string codes_column;

  static MediaFilter default_filter();  // published photos and frontals
};

struct ProductSettings {
  bool list = false;
};

struct ImageSettings {
  enum class Validate { pixels, header };

  Validate validate = Validate::pixels;
  std::uint64_t pixels_max = 100'000'000;
  std::uint32_t pages_max = 100'000;
  std::size_t decoders = 0;                   // 0: as many as the machine has cores
  std::uint64_t decoder_memory = 1ULL << 30;  // address space of one decoder process
  std::chrono::seconds timeout{60};           // for one picture
};

struct PublishSettings {
  std::string path = "{format}/{id/1000}/{id}.{ext}";  // PathTemplate::parse took it
  CountOrShare max_delete{10, true};
  CountOrShare max_replace{25, true};
  int confirm_removal = 2;  // complete listings in a row that must lack a picture
  int grace_days = 14;
  std::uint64_t reserve = 500ULL << 20;  // free space that must stay free
};

struct ViewSettings {
  std::string name;
  std::string path;        // ViewPath::parse took it
  std::string format;      // empty: the first of select.formats
  std::string derivative;  // empty: the pictures themselves
  std::vector<std::string> pick;
  std::size_t max_per_product = 0;
  View::NearDuplicates near_duplicates = View::NearDuplicates::keep;
};

struct Config {
  std::filesystem::path root = "/srv/medimirror";
  std::filesystem::path store_dir, media_dir;  // empty only before loading: then below root
  std::string contact;

  ApiSettings api;
  MediaSettings media;
  SelectSettings select;
  ProductSettings products;
  ImageSettings image;
  std::vector<Recipe> derivatives;
  PublishSettings publish;
  std::vector<ViewSettings> views;
  LogLevel log_level = LogLevel::warning;

  // Where a value came from, by "section.key": "medimirror.toml:12", "MEDIMIRROR_ROOT", "--max-delete".
  // Absent: default.
  std::map<std::string, std::string> origins;
  // Not mistakes, but worth a look: sentences for `config check`.
  std::vector<std::string> warnings;

  std::filesystem::path reports_dir() const { return root / "reports"; }
};

// The value of an environment variable; nothing when it is not set.
using Environment = std::function<std::optional<std::string>(const std::string& name)>;
Environment process_environment();

// A setting given on the command line: {"publish.max_delete", "25%", "--max-delete"}. The value is written as
// in the environment. `flag` is for sentences.
struct Override {
  std::string key, value, flag;
};
using Overrides = std::vector<Override>;

// An empty path: no file, the environment and the flags must say everything.
Config load_config(const std::filesystem::path& path, const Environment& environment,
                   const Overrides& overrides);

// Where the file is when the command line does not say: MEDIMIRROR_CONFIG, ./medimirror.toml, and at last
// /etc/medimirror/medimirror.toml. The last two are found, not named: throws Error{config} where somebody else than
// this user and root could have written them (config/config_trust.h).
std::filesystem::path default_config_path(const Environment& environment);

// What only a command that talks to the service needs: throws Error{config} saying how to give the key.
void require_api_key(const Config& config);

// "medimirror/0.1.0 (webmaster@example.com)"
std::string user_agent(const Config& config);

// The commented file that `init` writes: every key, what it means and its default. Values of `start` that are
// not the defaults are written in their place.
std::string default_config_text(const Config& start = {});

// The whole configuration as TOML, each value with where it came from; the secret is shown as "(set)".
std::string to_toml(const Config& config);

}  // namespace medimirror
