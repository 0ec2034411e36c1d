#include "feed/picture_address.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"

namespace medimirror {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(PictureAddress, BaseEndsInOneSlash) {
  EXPECT_EQ(checked_base_url("https://shop.example"), "https://shop.example/");
  EXPECT_EQ(checked_base_url("https://shop.example/"), "https://shop.example/");
  EXPECT_EQ(checked_base_url("http://shop.example:8080/a/media"), "http://shop.example:8080/a/media/");
  EXPECT_EQ(checked_base_url("HTTPS://Shop.Example/Media/"), "https://shop.example/Media/");
  EXPECT_EQ(checked_base_url("https://shop.example/a,b|c%20d"), "https://shop.example/a%2Cb%7Cc%20d/");
}

TEST(PictureAddress, BaseIsRefused) {
  const char* const wrong[] = {"",
                               "shop.example/media",
                               "ftp://shop.example/",
                               "file:///srv/media",
                               "https://",
                               "https://me:secret@shop.example/",
                               "https://shop.example/?a=b",
                               "https://shop.example/#top",
                               "https://sh\u00f6p.example/"};
  for (const char* const text : wrong) EXPECT_THROW(checked_base_url(text), Error) << text;
  try {
    checked_base_url("https://me:secret@shop.example/");
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::usage);
    EXPECT_THAT(error.what(), Not(HasSubstr("secret")));
  }
}

TEST(PictureAddress, EveryPathGivesAPlainUrl) {
  const std::string base = "https://shop.example/media/";
  EXPECT_EQ(picture_address(base, "huge/100/1.jpg"), base + "huge/100/1.jpg");
  EXPECT_EQ(picture_address(base, "a b,c|d\"e.jpg"), base + "a%20b%2Cc%7Cd%22e.jpg");
  EXPECT_EQ(picture_address(base, "100%/+@=.jpg"), base + "100%25/%2B%40%3D.jpg");
  EXPECT_EQ(picture_address(base, "\u00e9.png"), base + "%C3%A9.png");
}

}  // namespace
}  // namespace medimirror
