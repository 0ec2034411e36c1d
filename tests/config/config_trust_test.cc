#include "config/config_trust.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/config_fixture.h"

namespace medimirror {
namespace {

using testing::AllOf;
using testing::HasSubstr;

constexpr uid_t kStranger = 65534;

// In a folder of its own with a configuration in it, as the program is when somebody typed `medimirror sync` there.
class FoundConfigTest : public ConfigTest {
 protected:
  FoundConfigTest() : before_(std::filesystem::current_path()) {
    write("medimirror.toml", "contact = \"ops@example.com\"\n");
    std::filesystem::current_path(folder_.path());
  }
  ~FoundConfigTest() override { std::filesystem::current_path(before_); }

  std::string found() {
    try {
      return default_config_path(environment()).native();
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::config);
      return error.what();
    }
  }

  testing::Matcher<std::string> refused(const std::string& why) {
    const std::string path = (folder_.path() / "medimirror.toml").native();
    return AllOf(HasSubstr(path + " was found and not read: "), HasSubstr(why),
                 HasSubstr("--config " + path));
  }

  void give(const char* name) { ASSERT_EQ(::lchown(name, kStranger, kStranger), 0); }

 private:
  const std::filesystem::path before_;
};

TEST_F(FoundConfigTest, OneThatOthersCannotWriteIsTaken) {
  EXPECT_EQ(found(), "medimirror.toml");
  ::chmod("medimirror.toml", 0644);
  ::chmod(".", 0755);
  EXPECT_EQ(found(), "medimirror.toml");
}

TEST_F(FoundConfigTest, OneThatOthersCanWriteIsRefused) {
  ::chmod("medimirror.toml", 0664);
  EXPECT_THAT(found(), refused("medimirror.toml can be written by its group"));
  ::chmod("medimirror.toml", 0646);
  EXPECT_THAT(found(), refused("medimirror.toml can be written by everybody"));
  ::chmod("medimirror.toml", 0600);
  ::chmod(".", 0775);
  EXPECT_THAT(found(), refused(folder_.path().filename().native() + " can be written by its group"));
  ::chmod(".", 01777);
  EXPECT_THAT(found(), refused("can be written by everybody"));
}

TEST_F(FoundConfigTest, WhatIsNamedIsTaken) {
  ::chmod("medimirror.toml", 0666);
  variables_["MEDIMIRROR_CONFIG"] = "medimirror.toml";
  EXPECT_EQ(found(), "medimirror.toml");
}

TEST_F(FoundConfigTest, ALinkIsNoWayAround) {
  std::filesystem::create_directory("open");
  std::filesystem::rename("medimirror.toml", "open/real.toml");
  std::filesystem::create_symlink("open/real.toml", "medimirror.toml");
  EXPECT_EQ(found(), "medimirror.toml");
  ::chmod("open", 0777);
  EXPECT_THAT(found(), refused("/open can be written by everybody"));
  ::chmod("open", 0700);
  ::chmod("open/real.toml", 0660);
  EXPECT_THAT(found(), refused("/open/real.toml can be written by its group"));
}

TEST_F(FoundConfigTest, OneOfAnotherUserIsRefused) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can give files away";
  give("medimirror.toml");
  EXPECT_THAT(found(), refused("medimirror.toml belongs to the user "));
  std::filesystem::rename("medimirror.toml", "real.toml");
  std::filesystem::create_symlink("real.toml", "medimirror.toml");
  EXPECT_THAT(found(), refused("real.toml belongs to the user "));
  ASSERT_EQ(::chown("real.toml", 0, 0), 0);
  EXPECT_EQ(found(), "medimirror.toml");
  give("medimirror.toml");
  EXPECT_THAT(found(), refused("medimirror.toml belongs to the user "));
  ASSERT_EQ(::lchown("medimirror.toml", 0, 0), 0);
  give(".");
  EXPECT_THAT(found(), refused("belongs to the user "));
}

TEST_F(FoundConfigTest, RootsFilesAreEverybodysToBelieve) {
  struct stat info {};
  info.st_uid = 0;
  EXPECT_EQ(other_owner(info, kStranger), std::nullopt);
  info.st_uid = kStranger;
  EXPECT_EQ(other_owner(info, kStranger), std::nullopt);
  EXPECT_NE(other_owner(info, 0), std::nullopt) << "what a user wrote is not root's to obey";
}

}  // namespace
}  // namespace medimirror
