#include "config/config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <regex>
#include <string>

#include "config/config_fixture.h"
#include "config/config_settings.h"

namespace medimirror {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

// All settings but the two folders that loading derives from root.
void expect_equal(const Config& a, const Config& b) {
  for (const Setting<Config>& setting : config_settings()) {
    if (setting.key == "store_dir" || setting.key == "media_dir") continue;
    EXPECT_EQ(setting.write(a), setting.write(b)) << setting.name();
  }
}

constexpr const char* kContract = R"(root = "/srv/medimirror"
contact = "webmaster@example.com"

[api]
base_url = "https://api.medipim.be/v4"
key_id = "42"
requests_per_minute = 45
accept_language = "nl,fr,en"
listing = "auto"

[media]
base_url = "https://media.medipim.be"
allowed_hosts = ["media.medipim.be", "assets.medipim.be"]
allow_private_addresses = false
connections = 16

[select]
types = ["photo", "frontal"]
published = true
formats = ["huge"]
fallback = true

[image]
validate = "pixels"
[[derivative]]
name = "thumb"
width = 450
height = 450
format = "webp"

[publish]
path = "{format}/{id/1000}/{id}.{ext}"
max_delete = "10%"
confirm_removal = 2
grace_days = 14
)";

TEST_F(ConfigTest, TheContractsExampleIsTheDefaultButForItsDerivativeAndHosts) {
  Config config = load(kContract);
  EXPECT_EQ(config.root, "/srv/medimirror");
  EXPECT_EQ(config.store_dir, "/srv/medimirror/store");
  EXPECT_EQ(config.media_dir, "/srv/medimirror/media");
  EXPECT_EQ(config.reports_dir(), "/srv/medimirror/reports");
  EXPECT_EQ(config.contact, "webmaster@example.com");
  EXPECT_EQ(user_agent(config), std::string("medimirror/") + MEDIMIRROR_VERSION + " (webmaster@example.com)");
  ASSERT_EQ(config.derivatives.size(), 1U);
  Recipe thumb;
  thumb.name = "thumb";
  thumb.width = thumb.height = 450;
  thumb.format = ImageFormat::webp;
  EXPECT_EQ(config.derivatives.front(), thumb);
  EXPECT_THAT(config.media.allowed_hosts, ElementsAre("media.medipim.be", "assets.medipim.be"));
  EXPECT_THAT(config.warnings, IsEmpty());

  config.derivatives.clear();
  config.contact.clear();
  config.api.key_id.clear();
  config.media.allowed_hosts = MediaSettings().allowed_hosts;
  expect_equal(config, Config());
}

TEST_F(ConfigTest, EverySettingIsRead) {
  const Config config = load_with_contact(R"(
store_dir = "/a/store"
media_dir = "/b/media"
[api]
page_size = 50
full_listing_every = "7d"
listing = "query"
[media]
bandwidth = "5MB"
bytes_max = 1048576
memory = "1GiB"
http2 = false
connect_timeout = "5s"
stall_timeout = 7
total_timeout = "2m"
attempts = 3
[select]
published = "any"
available = true
photo_types = ["packshot"]
locales = ["nl"]
target_groups = ["public"]
organizations = ["12"]
products = ["M5489B0D8B"]
created_from = "2026-01-01"
created_until = 2026-01-02
updated_from = 2026-01-01T01:00:00+01:00
updated_until = 1767312000
filter = '{"photoType": "packshot"}'
formats = ["huge", "medium"]
fallback = false
[image]
validate = "header"
pixels_max = 1_000
pages_max = 2
decoders = 3
decoder_memory = "512MiB"
timeout = "90s"
[publish]
max_delete = 250
reserve = "2GB"
[log]
level = "debug"
[[derivative]]
name = "square"
width = 100
height = 200
quality = 70
fit = "pad"
background = "#0080ff"
enlarge = true
)");
  EXPECT_EQ(config.store_dir, "/a/store");
  EXPECT_EQ(config.media_dir, "/b/media");
  EXPECT_EQ(config.api.page_size, 50U);
  EXPECT_EQ(config.api.full_listing_every, std::chrono::days(7));
  EXPECT_EQ(config.api.listing, ListingMode::query);
  EXPECT_EQ(config.media.bandwidth, 5'000'000U);
  EXPECT_EQ(config.media.bytes_max, 1'048'576U);
  EXPECT_EQ(config.media.memory, 1ULL << 30);
  EXPECT_FALSE(config.media.http2);
  EXPECT_EQ(config.media.limits.connect_ms_max, std::chrono::seconds(5));
  EXPECT_EQ(config.media.limits.stall_ms_max, std::chrono::seconds(7));
  EXPECT_EQ(config.media.limits.total_ms_max, std::chrono::seconds(120));
  EXPECT_EQ(config.media.attempts, 3);
  const MediaFilter& filter = config.select.filter;
  EXPECT_EQ(filter.published, std::nullopt);
  EXPECT_EQ(filter.available, true);
  EXPECT_THAT(filter.photo_types, ElementsAre("packshot"));
  EXPECT_THAT(filter.locales, ElementsAre("nl"));
  EXPECT_THAT(filter.target_groups, ElementsAre("public"));
  EXPECT_THAT(filter.organizations, ElementsAre("12"));
  EXPECT_THAT(filter.products, ElementsAre("M5489B0D8B"));
  EXPECT_EQ(filter.created.from, 1767225600);
  EXPECT_EQ(filter.created.until, 1767312000);
  EXPECT_EQ(filter.updated.from, 1767225600);
  EXPECT_EQ(filter.updated.until, 1767312000);
  EXPECT_EQ(filter.raw_json, R"({"photoType": "packshot"})");
  EXPECT_THAT(config.select.formats, ElementsAre("huge", "medium"));
  EXPECT_FALSE(config.select.fallback);
  EXPECT_EQ(config.image.validate, ImageSettings::Validate::header);
  EXPECT_EQ(config.image.pixels_max, 1000U);
  EXPECT_EQ(config.image.pages_max, 2U);
  EXPECT_EQ(config.image.decoders, 3U);
  EXPECT_EQ(config.image.decoder_memory, 512ULL << 20);
  EXPECT_EQ(config.image.timeout, std::chrono::seconds(90));
  EXPECT_EQ(config.publish.max_delete, (CountOrShare{250, false}));
  EXPECT_EQ(config.publish.reserve, 2'000'000'000U);
  EXPECT_EQ(config.log_level, LogLevel::debug);
  ASSERT_EQ(config.derivatives.size(), 1U);
  EXPECT_EQ(config.derivatives.front().quality, 70);
  EXPECT_EQ(config.derivatives.front().fit, Fit::pad);
  EXPECT_EQ(config.derivatives.front().background, (Colour{0, 128, 255}));
  EXPECT_TRUE(config.derivatives.front().enlarge);
}

TEST_F(ConfigTest, FlagsBeatTheEnvironmentWhichBeatsTheFileWhichBeatsDefaults) {
  const std::string file = "contact = \"file@example.com\"\n[publish]\nmax_delete = 1\n";
  EXPECT_EQ(load(file).publish.max_delete.value, 1);
  EXPECT_EQ(load(file).origins["publish.max_delete"], at(3));
  variables_["MEDIMIRROR_PUBLISH_MAX_DELETE"] = "2%";
  EXPECT_EQ(load(file).publish.max_delete, (CountOrShare{2, true}));
  EXPECT_EQ(load(file).origins["publish.max_delete"], "MEDIMIRROR_PUBLISH_MAX_DELETE");
  const Config config = load(file, {{"publish.max_delete", "3", "--max-delete"}});
  EXPECT_EQ(config.publish.max_delete, (CountOrShare{3, false}));
  EXPECT_EQ(config.origins.at("publish.max_delete"), "--max-delete");
  EXPECT_EQ(config.publish.grace_days, 14);
  EXPECT_FALSE(config.origins.contains("publish.grace_days"));
}

TEST_F(ConfigTest, TheEnvironmentAloneIsEnough) {
  variables_ = {{"MEDIMIRROR_ROOT", "/r"},
                {"MEDIMIRROR_CONTACT", "env@example.com"},
                {"MEDIMIRROR_API_BASE_URL", "http://127.0.0.1:8080/v4"},
                {"MEDIMIRROR_API_KEY_ID", "7"},
                {"MEDIMIRROR_API_SECRET", "pst"},
                {"MEDIMIRROR_MEDIA_BASE_URL", "http://127.0.0.1:8080/media/"},
                {"MEDIMIRROR_MEDIA_ALLOW_PRIVATE_ADDRESSES", "true"},
                {"MEDIMIRROR_MEDIA_CONNECTIONS", "4"},
                {"MEDIMIRROR_SELECT_FORMATS", "huge, medium"},
                {"MEDIMIRROR_LOG_LEVEL", ""}};
  const Config config = load_config({}, environment(), {});
  EXPECT_EQ(config.root, "/r");
  EXPECT_EQ(config.contact, "env@example.com");
  EXPECT_EQ(config.api.key_id, "7");
  EXPECT_FALSE(config.api.secret.empty());
  EXPECT_EQ(config.media.connections, 4U);
  EXPECT_TRUE(config.media.allow_private_addresses);
  EXPECT_THAT(config.media.allowed_hosts, Contains("127.0.0.1"));
  EXPECT_THAT(config.select.formats, ElementsAre("huge", "medium"));
  EXPECT_EQ(config.log_level, LogLevel::warning) << "set to nothing is not set";
  EXPECT_NO_THROW(require_api_key(config));
}

TEST_F(ConfigTest, RelativePathsInTheFileStartAtTheFile) {
  const Config config = load_with_contact("root = \"mirror/\"\nmedia_dir = \"../www\"\n");
  EXPECT_EQ(config.root, folder_.path() / "mirror");
  EXPECT_EQ(config.media_dir, folder_.path().parent_path() / "www");
  EXPECT_EQ(config.store_dir, folder_.path() / "mirror" / "store");
}

TEST_F(ConfigTest, AFileInTheCurrentFolderMayBeNamedWithoutAFolder) {
  write("bare.toml", "contact = \"ops@example.com\"\nroot = \"mirror\"\n");
  const std::filesystem::path before = std::filesystem::current_path();
  std::filesystem::current_path(folder_.path());
  const Config config = load_config("bare.toml", environment(), {});
  std::filesystem::current_path(before);
  EXPECT_EQ(config.root, folder_.path() / "mirror");
}

TEST_F(ConfigTest, ARelativePathOfTheEnvironmentStartsAtTheCurrentFolder) {
  variables_["MEDIMIRROR_ROOT"] = "mirror";
  EXPECT_EQ(load_with_contact("").root, std::filesystem::current_path() / "mirror");
}

TEST_F(ConfigTest, EveryPathKnowsTheHomeFolder) {
  variables_["HOME"] = folder_.path().native();
  write("key", "pst");
  variables_["MEDIMIRROR_MEDIA_DIR"] = "$HOME/www";
  const Config config = load(
      "contact = \"ops@example.com\"\nroot = \"~/mirror\"\nstore_dir = \"${HOME}/store\"\n"
      "[api]\nsecret_file = \"~/key\"\n[select]\ncodes_file = \"$HOME/stock.csv\"\n");
  EXPECT_EQ(config.root, folder_.path() / "mirror");
  EXPECT_EQ(config.store_dir, folder_.path() / "store");
  EXPECT_EQ(config.media_dir, folder_.path() / "www");
  EXPECT_EQ(config.api.secret_file, folder_.path() / "key");
  EXPECT_EQ(config.api.secret.reveal(), "pst");
  EXPECT_EQ(config.select.codes_file, folder_.path() / "stock.csv");
}

TEST_F(ConfigTest, EveryPathRefusesOtherVariables) {
  const std::string text = mistakes_with_contact(
      "root = \"$DATA/m\"\nstore_dir = \"~ann/s\"\nmedia_dir = \"/x/$USER\"\n"
      "[api]\nsecret_file = \"$KEYS/key\"\n[select]\ncodes_file = \"~\"\n");
  for (const char* key :
       {"root is", "store_dir is", "media_dir is", "api.secret_file is", "select.codes_file is"})
    EXPECT_THAT(text, HasSubstr(key));
  EXPECT_THAT(text, HasSubstr(at(2) + ": root is \"$DATA/m\": $DATA is not replaced"));
}

TEST_F(ConfigTest, UnusualSettingsAreWarnedOf) {
  const Config config =
      load_with_contact("[api]\nrequests_per_minute = 1000\n[select]\nformats = [\"hugee\"]\n");
  EXPECT_THAT(
      config.warnings,
      Contains(
          "select.formats names \"hugee\", which the service is not known to list; did you mean \"huge\"?"));
  EXPECT_THAT(config.warnings, Contains(HasSubstr("requests_per_minute is 1000")));
}

TEST_F(ConfigTest, TheFileThatInitWritesHasTheDefaults) {
  const std::string text = default_config_text();
  EXPECT_THAT(mistakes(text), HasSubstr("contact is empty")) << "the one thing to fill in";

  variables_["MEDIMIRROR_CONTACT"] = "ops@example.com";
  const auto with_contact = [&](std::string toml) {
    return load(std::regex_replace(toml, std::regex("contact = \"\""), "contact = \"ops@example.com\""));
  };
  // each line "#key = default" taken seriously must say the same
  const std::string all = std::regex_replace(text, std::regex("\n#(?=[a-z0-9_]+ = )"), "\n");
  ASSERT_NE(all, text);
  Config defaults;
  defaults.contact = "ops@example.com";
  for (const std::string& toml : {text, all}) {
    const Config config = with_contact(toml);
    expect_equal(config, defaults);
    EXPECT_THAT(config.derivatives, IsEmpty());
    EXPECT_THAT(config.warnings, IsEmpty());
  }
}

TEST_F(ConfigTest, TheFileThatInitWritesNamesEverySettingOnceAndItsExamplesAreGood) {
  const std::string text = default_config_text();
  for (const Setting<Config>& setting : config_settings())
    EXPECT_TRUE(std::regex_search(text, std::regex("\n(#|#   )?" + std::string(setting.key) + " = ")))
        << setting.name();
  for (const Setting<Config>& setting : config_settings()) {
    if (setting.example.empty()) continue;
    const std::string section = setting.section.empty() ? "" : "[" + std::string(setting.section) + "]\n";
    if (setting.key == "secret_file") continue;  // names a file that is not there
    EXPECT_NO_THROW(
        load_with_contact(section + std::string(setting.key) + " = " + std::string(setting.example)))
        << setting.name();
  }
  // the samples of a derivative and of a view of it, uncommented
  const auto sample = text.substr(text.find("#   [[derivative]]"));
  const Config config = load_with_contact("[products]\nlist = true\n" +
                                          std::regex_replace(sample, std::regex("(^|\n)#   "), "$1"));
  ASSERT_EQ(config.derivatives.size(), 1U);
  EXPECT_EQ(config.derivatives.front().name, "thumb");
  ASSERT_EQ(config.views.size(), 1U);
  EXPECT_EQ(config.views.front().derivative, "thumb");
}

TEST_F(ConfigTest, InitWritesWhatItIsGiven) {
  Config start;
  start.root = "/data/pictures";
  start.contact = "me@example.com";
  start.api.key_id = "77";
  start.media.bandwidth = 5'000'000;
  Recipe small;
  small.name = "small";
  small.width = 10;
  small.height = 20;
  start.derivatives.push_back(small);
  const Config config = load(default_config_text(start));
  EXPECT_EQ(config.root, "/data/pictures");
  EXPECT_EQ(config.contact, "me@example.com");
  EXPECT_EQ(config.api.key_id, "77");
  EXPECT_EQ(config.media.bandwidth, 5'000'000U);
  EXPECT_EQ(config.derivatives, start.derivatives);
}

TEST_F(ConfigTest, ShowSaysWhereEachValueComesFromAndLoadsBack) {
  variables_["MEDIMIRROR_API_SECRET"] = "pst-hidden";
  variables_["MEDIMIRROR_API_KEY_ID"] = "9";
  const Config config =
      load(kContract, {{"select.filter", R"({"not": {"photoType": "packshot"}})", "--filter"}});
  const std::string shown = to_toml(config);
  EXPECT_THAT(shown, Not(HasSubstr("hidden")));
  EXPECT_THAT(shown, testing::ContainsRegex("# secret = \"\\(set\\)\" +# MEDIMIRROR_API_SECRET\n"));
  EXPECT_THAT(shown, testing::ContainsRegex("key_id = \"9\" +# MEDIMIRROR_API_KEY_ID\n"));
  EXPECT_THAT(shown, testing::ContainsRegex("grace_days = 14 +# .*medimirror.toml:35\n"));
  EXPECT_THAT(shown, testing::ContainsRegex("page_size = 250 +# default\n"));
  EXPECT_THAT(shown, testing::ContainsRegex("# created_from +# not set\n"));

  variables_.clear();
  const Config again = load(shown);
  for (const Setting<Config>& setting : config_settings())
    EXPECT_EQ(setting.write(again), setting.write(config)) << setting.name();
  EXPECT_EQ(again.derivatives, config.derivatives);
}

TEST(ConfigSettings, NamesAndVariablesAreUnique) {
  std::map<std::string, int> names, variables;
  for (const Setting<Config>& setting : config_settings()) {
    EXPECT_EQ(++names[setting.name()], 1) << setting.name();
    EXPECT_EQ(++variables[setting.variable()], 1) << setting.variable();
    EXPECT_FALSE(setting.meaning.empty()) << setting.name();
    const bool has_value = !setting.write(Config()).empty() && setting.write(Config()) != "\"\"";
    EXPECT_TRUE(has_value || setting.shown == Shown::yes || !setting.example.empty()) << setting.name();
  }
  EXPECT_FALSE(variables.contains("MEDIMIRROR_API_SECRET"));
  EXPECT_FALSE(variables.contains("MEDIMIRROR_CONFIG"));
}

TEST_F(ConfigTest, TheDefaultPathIsTheEnvironmentsElseTheSystems) {
  EXPECT_EQ(default_config_path(environment()), "/etc/medimirror/medimirror.toml");
  variables_["MEDIMIRROR_CONFIG"] = "/x/y.toml";
  EXPECT_EQ(default_config_path(environment()), "/x/y.toml");
}

}  // namespace
}  // namespace medimirror
