#include "config/arguments.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"

namespace medimirror {
namespace {

using testing::HasSubstr;

TEST(NumberArgument, IsDecimal) {
  EXPECT_EQ(number_argument("N", "0", 0, 10), 0u);
  EXPECT_EQ(number_argument("N", "0010", 0, 10), 10u);
  EXPECT_EQ(number_argument("N", "18446744073709551615", 0, ~std::uint64_t{0}), ~std::uint64_t{0});
  for (const char* wrong :
       {"", "-1", "+1", "0x10", "1e3", "1.5", " 1", "1 ", "11", "18446744073709551616", "ten"})
    EXPECT_THROW(number_argument("N", wrong, 0, 10), Error) << wrong;
  try {
    number_argument("RUN", "-1", 1, 10);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::usage);
    EXPECT_STREQ(error.what(), "RUN must be a whole number from 1 to 10, not \"-1\"");
  }
}

Environment home(std::optional<std::string> folder) {
  return [folder](const std::string& name) { return name == "HOME" ? folder : std::nullopt; };
}

std::string settled(const std::string& text, std::optional<std::string> folder = "/home/ann") {
  const auto path = settled_path(text, home(std::move(folder)));
  const auto* problem = std::get_if<std::string>(&path);
  return problem != nullptr ? *problem : std::get<std::filesystem::path>(path).native();
}

TEST(SettledPath, PutsTheHomeFolderWhereAShellWould) {
  EXPECT_EQ(settled("~"), "/home/ann");
  EXPECT_EQ(settled("~/mirror"), "/home/ann/mirror");
  EXPECT_EQ(settled("$HOME/mirror"), "/home/ann/mirror");
  EXPECT_EQ(settled("${HOME}/mirror"), "/home/ann/mirror");
  for (const char* plain : {"/srv/m", "m", "./~", "a~b", "/a/~/b", "price$", "5$/x", "/a$/b"})
    EXPECT_EQ(settled(plain), plain);
}

TEST(SettledPath, RefusesWhatOnlyAShellKnows) {
  EXPECT_THAT(settled("~bob/mirror"), HasSubstr("is \"~bob/mirror\": only a shell knows"));
  EXPECT_THAT(settled("/data/$USER/m"), HasSubstr("$USER is not replaced"));
  EXPECT_THAT(settled("$DATA"), HasSubstr("$DATA is not replaced"));
  EXPECT_THAT(settled("/a/${X}y/b"), HasSubstr("${X} is not replaced"));
  EXPECT_THAT(settled("$HOMES/m"), HasSubstr("$HOMES is not replaced"));
  EXPECT_THAT(settled("~/m", std::nullopt), HasSubstr("HOME is not set"));
  EXPECT_THAT(settled("~/m", "relative"), HasSubstr("HOME is not set"));
}

}  // namespace
}  // namespace medimirror
