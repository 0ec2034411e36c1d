#include "config/config_check.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "base/error.h"
#include "config/config_file.h"
#include "config/config_fixture.h"

namespace medimirror {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

TEST_F(ConfigTest, EachMistakeIsNamedByFileLineAndKey) {
  struct Row {
    const char* toml;  // stands from line 2 on
    int line;
    const char* sentence;
  };
  static const Row kRows[] = {
      {"rot = \"/x\"", 2, "rot is not a setting; did you mean \"root\"?"},
      {"[apy]\nkey_id = \"1\"", 2, "[apy] is not a section; did you mean \"api\"?"},
      {"[bananas]", 2, "[bananas] is not a section"},
      {"[[api]]\nkey_id = \"1\"", 2, "[[api]] is written [api]: there is one"},
      {"[derivative]\nname = \"a\"", 2, "[derivative] is written [[derivative]]: there may be several"},
      {"derivative = 3", 2, "derivative is a list of sections: write [[derivative]]"},
      {"api = \"x\"", 2, "api is a section: write [api]"},
      {"key_id = \"1\"", 2, "key_id is not a setting; key_id belongs into [api]"},
      {"[api]\nroot = \"/x\"", 3, "root belongs to the top of the file, before the first [section]"},
      {"[media]\nkey_id = \"1\"", 3, "media.key_id is not a setting; key_id belongs into [api]"},
      {"[api]\n\npage_sise = 10", 4, "api.page_sise is not a setting; did you mean \"page_size\"?"},
      {"[api]\npage_size = 33", 3, "api.page_size must be one of 10, 50, 100, 250, not 33"},
      {"[api]\npage_size = \"50\"", 3, "api.page_size must be one of 10, 50, 100, 250, not \"50\""},
      {"[api]\nkey_id = 42", 3, "api.key_id must be a text in quotation marks, not 42"},
      {"[api]\nkey_id = \"42:secret\"", 3, "api.key_id must not hold a colon"},
      {"[api]\nrequests_per_minute = 0", 3, "api.requests_per_minute must be a whole number from 1"},
      {"[api]\nrequests_per_minute = 4.5", 3, "not 4.5"},
      {"[api]\nlisting = \"streem\"", 3,
       "api.listing must be one of \"auto\", \"stream\", \"query\", not \"streem\"; did you mean "
       "\"stream\"?"},
      {"[api]\naccept_language = \"\"", 3, "api.accept_language is empty"},
      {"[api]\naccept_language = \"nl\\nX-Evil: 1\"", 3, "api.accept_language must be one line"},
      {"[api]\nbase_url = \"ftp://x/\"", 3, "api.base_url must be an http or https address"},
      {"[api]\nbase_url = \"https://u:p@x/\"", 3, "api.base_url must not hold a user or password"},
      {"[api]\nbase_url = \"https://x/?a=b\"", 3, "api.base_url must end before any \"?\""},
      {"[api]\nbase_url = \"http://api.medipim.be/v4\"", 3,
       "the key's secret would travel in the clear; use https"},
      {"[api]\nfull_listing_every = \"often\"", 3, "api.full_listing_every must be a span of time"},
      {"[media]\nbase_url = \"http://127.0.0.1:1/\"", 3,
       "a private address, and media.allow_private_addresses is false"},
      {"[media]\nbase_url = \"http://[::1]:1/\"", 3, "a private address"},
      {"[media]\nallowed_hosts = \"x\"", 3, "media.allowed_hosts must be a list of texts"},
      {"[media]\nallowed_hosts = [\"https://x/\"]", 3, "media.allowed_hosts takes host names"},
      {"[media]\nallowed_hosts = [1]", 3, "not a list that holds something else"},
      {"[media]\nconnections = true", 3, "media.connections must be a whole number from 1 to 256, not true"},
      {"[media]\nhttp2 = \"yes\"", 3, "media.http2 must be true or false, not \"yes\""},
      {"[media]\nbytes_max = \"lots\"", 3, "media.bytes_max must be a size such as \"64MiB\""},
      {"[media]\nbytes_max = -1", 3, "media.bytes_max must be a size"},
      {"[media]\nmemory = \"2MiB\"", 3, "media.memory is smaller than media.bytes_max"},
      {"[select]\nformats = []", 3, "select.formats is empty: nothing would be mirrored"},
      {"[select]\nformats = [\"../etc\"]", 3, "select.formats names \"../etc\", which cannot be a format"},
      {"[select]\nformats = [\"huge\", \"huge\"]", 3, "select.formats names \"huge\" twice"},
      {"[select]\npublished = \"maybe\"", 3,
       "select.published must be true, false or \"any\", not \"maybe\""},
      {"[select]\ntypes = [\"foto\"]", 3, "select.types"},
      {"[select]\ntarget_groups = [\"farmacist\"]", 3, "pharmacist"},
      {"[select]\nfilter = '{\"and\": '", 3, "select.filter cannot be sent: "},
      {"[select]\ncreated_from = \"yesterday\"", 3,
       "select.created_from must be a date such as \"2026-11-21\""},
      {"[select]\ncreated_from = 12:00:00", 3, "not a time of day"},
      {"[select]\ncreated_from = \"2026-02-01\"\ncreated_until = \"2026-01-01\"", 3,
       "select.created_from is later than"},
      {"[image]\nvalidate = \"pixel\"", 3, "did you mean \"pixels\"?"},
      {"[image]\ndecoder_memory = \"1MiB\"", 3, "image.decoder_memory must be a size from"},
      {"[image]\ntimeout = \"0s\"", 3, "image.timeout must be from"},
      {"[publish]\npath = \"../{id}\"", 3, "publish.path cannot be used: "},
      {"[publish]\nmax_delete = \"110%\"", 3, "publish.max_delete must be a number such as 250 or a share"},
      {"[publish]\ngrace_days = -1", 3, "publish.grace_days must be a whole number from 0"},
      {"[publish]\npath = \"{id}.{ext}\"\n[select]\nformats = [\"huge\", \"large\"]", 3,
       "publish.path needs {format}"},
      {"store_dir = \"/m/media/store\"\nmedia_dir = \"/m/media\"", 3, "it would be published too"},
      {"store_dir = \"/m\"\nmedia_dir = \"/m/media\"", 3, "is inside the store /m"},
      {"[[derivative]]\nname = \"a\"\nwidth = 1", 2, "derivative.height is missing"},
      {"[[derivative]]\nname = \"huge\"\nwidth = 1\nheight = 1", 3, "which is a format of the service"},
      {"[[derivative]]\nname = \"../x\"\nwidth = 1\nheight = 1", 3, "derivative.name must be a word"},
      {"[[derivative]]\nname = \"a\"\nwidth = 0\nheight = 1", 4,
       "derivative.width must be a whole number from 1"},
      {"[[derivative]]\nname = \"a\"\nwidth = 1\nheight = 1\nhight = 2", 6, "did you mean \"height\"?"},
      {"[[derivative]]\nname = \"a\"\nwidth = 1\nheight = 1\nformat = \"gif\"", 6,
       "derivative.format must be one of"},
      {"[[derivative]]\nname = \"a\"\nwidth = 1\nheight = 1\nbackground = \"#12345g\"", 6,
       "must be a colour"},
      {"[[derivative]]\nname = \"a\"\nwidth = 1\nheight = 1\n[[derivative]]\nname = \"a\"\nwidth = 1\nheight "
       "= 1",
       6, "derivative.name \"a\" is used twice"},
      {"[select]\nformats = [\"mine\"]\n[[derivative]]\nname = \"mine\"\nwidth = 1\nheight = 1", 4,
       "is also one of select.formats"},
      {"[api]\nsecret = \"pst\"", 3, "api.secret must not stand in this file"},
  };
  for (const Row& row : kRows)
    EXPECT_THAT(mistakes_with_contact(row.toml), AllOf(testing::StartsWith(at(row.line) + ": "),
                                                       HasSubstr(row.sentence), Not(HasSubstr("pst"))))
        << row.toml;
}

TEST_F(ConfigTest, AllMistakesAreReportedAtOnceInTheOrderOfTheFile) {
  variables_["MEDIMIRROR_MEDIA_CONNECTIONS"] = "many";
  const std::string text = mistakes("rooot = 1\n[publish]\nmax_delete = []\n[api]\nkey_id = 1\n",
                                    {{"publish.grace_days", "x", "--grace-days"}, {"nothing", "1", "--set"}});
  EXPECT_EQ(text,
            "7 mistakes in the configuration:\n"
            "  " +
                at(1) +
                ": rooot is not a setting; did you mean \"root\"?\n"
                "  " +
                at(3) +
                ": publish.max_delete must be a number such as 250 or a share such as \"10%\", not a list\n"
                "  " +
                at(5) +
                ": api.key_id must be a text in quotation marks, not 1\n"
                "  MEDIMIRROR_MEDIA_CONNECTIONS: media.connections must be a whole number from 1 to 256, not "
                "\"many\"\n"
                "  --grace-days: publish.grace_days must be a whole number from 0 to 36500, not \"x\"\n"
                "  --set: nothing is not a setting\n"
                "  contact is missing: image requests must say who asks; set it at the top of the file, or "
                "MEDIMIRROR_CONTACT, to an e-mail address or a web page");
}

TEST_F(ConfigTest, AContactIsAskedFor) {
  EXPECT_THAT(mistakes(""), HasSubstr("contact is missing: image requests must say who asks"));
  EXPECT_THAT(mistakes("contact = \"\""), AllOf(HasSubstr(at(1)), HasSubstr("contact is empty")));
  EXPECT_THAT(mistakes("contact = \"a\\r\\nX: y\""), HasSubstr("control characters"));
  EXPECT_THAT(mistakes("contact = \"me (at home)\""), HasSubstr("parentheses"));
  EXPECT_THAT(mistakes("contact = \"m\\u00e9\""), HasSubstr("ASCII"));
}

TEST_F(ConfigTest, WhatIsNotTomlIsNamedByLineAndColumn) {
  EXPECT_THAT(mistakes("contact = \"a@b\"\nroot = \n"), HasSubstr(at(2) + ":"));
  EXPECT_THAT(mistakes("contact = \"a@b\"\nroot = \n"), HasSubstr("this is not TOML"));
  EXPECT_THAT(mistakes("[api]\nkey_id = \"1\"\nkey_id = \"2\"\n"), HasSubstr(at(3) + ":"));
  // and nothing is guessed of the rest: neither of what stands below the place, nor of what seems to be missing
  EXPECT_THAT(mistakes("root = /srv/m\ncontact = \"ops@example.com\"\nbananas = 3\n"),
              AllOf(HasSubstr("this is not TOML"), Not(HasSubstr("contact")), Not(HasSubstr("mistakes"))));
}

TEST_F(ConfigTest, AKeyOfCountlessPartsIsAMistakeLikeAnyOther) {
  std::string key = "a";
  for (int i = 0; i < 300'000; ++i) key += ".a";
  for (const std::string& text : {"\n" + key + " = 1\n", "\n[" + key + "]\n", "\nx = {" + key + " = 1}\n"}) {
    const ConfigFile file = parse_config(text, "m.toml");
    ASSERT_EQ(file.mistakes.size(), 1u);
    EXPECT_TRUE(file.mistakes[0].starts_with("m.toml:2: ")) << file.mistakes[0];
  }
  const std::string dots(2000, '.');
  EXPECT_TRUE(parse_config("x = \"" + dots + "\"\n", "m.toml").mistakes.empty()) << "of a text";
}

TEST_F(ConfigTest, AFileThatIsNotThereSaysHowToGetOne) {
  try {
    load_config(folder_.path() / "absent.toml", environment(), {});
    FAIL() << "accepted";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::config);
    EXPECT_THAT(error.what(), AllOf(HasSubstr("there is no configuration"), HasSubstr("medimirror init /")));
  }
}

}  // namespace
}  // namespace medimirror
