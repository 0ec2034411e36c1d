#include "config/config_secret.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <string>

#include "base/error.h"
#include "config/config_fixture.h"

namespace medimirror {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::HasSubstr;
using testing::Not;

TEST_F(ConfigTest, TheSecretComesFromTheEnvironmentThenTheCredentialThenTheFile) {
  const std::string toml = "[api]\nkey_id = \"1\"\nsecret_file = \"key\"\n";
  write("key", "from-file\n");
  EXPECT_EQ(load_with_contact(toml).api.secret.reveal(), "from-file");
  write("medimirror-api-secret", "from-systemd\r\n", 0444);
  variables_["CREDENTIALS_DIRECTORY"] = folder_.path().native();
  EXPECT_EQ(load_with_contact(toml).api.secret.reveal(), "from-systemd");
  variables_["MEDIMIRROR_API_SECRET"] = "from-environment\n";
  const Config config = load_with_contact(toml);
  EXPECT_EQ(config.api.secret.reveal(), "from-environment");
  EXPECT_EQ(config.origins.at("api.secret"), "MEDIMIRROR_API_SECRET");
}

TEST_F(ConfigTest, ACredentialsFolderWithoutOurCredentialIsNoMistake) {
  variables_["CREDENTIALS_DIRECTORY"] = folder_.path().native();
  EXPECT_TRUE(load_with_contact("").api.secret.empty());
}

TEST_F(ConfigTest, ASecretFileThatCannotBeOneIsRefusedWithWhatToDo) {
  const std::string toml = "[api]\nsecret_file = \"key\"\n";
  const std::string path = (folder_.path() / "key").native();
  EXPECT_THAT(mistakes_with_contact(toml), HasSubstr(path + ": the secret cannot be read: No such file"));
  write("key", "pst-hidden\n", 0644);
  EXPECT_THAT(mistakes_with_contact(toml),
              AllOf(HasSubstr("can be read by everybody on this machine; run: chmod 600 " + path),
                    Not(HasSubstr("pst"))));
  write("key", "pst-hidden\n", 0640);
  EXPECT_THAT(mistakes_with_contact(toml), "accepted") << "a group may share it";
  for (const ::mode_t mode : {0660, 0620}) {
    write("key", "pst-hidden\n", mode);
    EXPECT_THAT(mistakes_with_contact(toml),
                HasSubstr("can be written by its group; run: chmod go-w " + path));
  }
  write("key", "pst-hidden\n", 0602);
  EXPECT_THAT(mistakes_with_contact(toml), HasSubstr("can be written by everybody"));
  write("key", "\n", 0600);
  EXPECT_THAT(mistakes_with_contact(toml), HasSubstr("the secret is empty"));
  write("key", "key=1\npst-hidden\n", 0600);
  EXPECT_THAT(mistakes_with_contact(toml), AllOf(HasSubstr("more than one line"), Not(HasSubstr("pst"))));
  write("key", std::string(5000, 'x'), 0600);
  EXPECT_THAT(mistakes_with_contact(toml), HasSubstr("longer than a key can be"));
  EXPECT_THAT(mistakes_with_contact("[api]\nsecret_file = \".\"\n"), HasSubstr("the secret is not a file"));
  std::filesystem::remove(path);
  ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
  EXPECT_THAT(mistakes_with_contact(toml), HasSubstr("the secret is not a file"))
      << "and nothing waits for a writer";
}

TEST_F(ConfigTest, ASecretIsFreedOfWhatEditorsPutAroundIt) {
  const std::string toml = "[api]\nkey_id = \"1\"\nsecret_file = \"key\"\n";
  using namespace std::string_literals;
  for (const std::string& saved : {"pst"s, "pst\n"s, "pst\r\n"s, "\xEF\xBB\xBFpst"s, "\xEF\xBB\xBFpst\r\n"s,
                                   " \tpst  \n\n"s, "\xFF\xFEp\0s\0t\0\r\0\n\0"s}) {
    write("key", saved);
    EXPECT_EQ(load_with_contact(toml).api.secret.reveal(), "pst");
  }
  write("key", "\xEF\xBB\xBF \r\n");
  EXPECT_THAT(mistakes_with_contact(toml), HasSubstr("the secret is empty"));
}

// Root may read every file, so that a test of what may not be read goes on as nobody.
class NotRoot {
 public:
  NotRoot() { EXPECT_EQ(::seteuid(was_root_ ? 65534 : ::geteuid()), 0); }
  ~NotRoot() { EXPECT_EQ(::seteuid(was_root_ ? 0 : ::geteuid()), 0); }
  NotRoot(const NotRoot&) = delete;
  NotRoot& operator=(const NotRoot&) = delete;

 private:
  const bool was_root_ = ::geteuid() == 0;
};

TEST_F(ConfigTest, ASecretFileOfAnotherUserHindersOnlyWhoNeedsTheKey) {
  const std::string toml = "contact = \"ops@example.com\"\n[api]\nkey_id = \"1\"\nsecret_file = \"key\"\n";
  const auto path = write("medimirror.toml", toml, 0644);
  write("key", "pst\n", 0000);
  std::filesystem::permissions(folder_.path(), std::filesystem::perms(0755));
  const NotRoot not_root;
  ASSERT_NE(::geteuid(), 0u);
  const Config config = load_config(path, environment(), {});
  EXPECT_THAT(config.warnings, Contains(HasSubstr("Permission denied")));
  EXPECT_THROW(require_api_key(config), Error);
}

TEST_F(ConfigTest, ASecretFileThatAnotherUserWroteIsNotSent) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can give files away";
  const std::string toml = "[api]\nkey_id = \"1\"\nsecret_file = \"key\"\n";
  const auto path = write("key", "pst\n");
  ASSERT_EQ(::chown(path.c_str(), 65534, 65534), 0);
  const Config config = load_with_contact(toml);
  EXPECT_TRUE(config.api.secret.empty());
  EXPECT_THAT(config.warnings, Contains(HasSubstr(path.native() + " belongs to the user ")));
  EXPECT_THROW(require_api_key(config), Error);

  write("medimirror-api-secret", "from-systemd\n", 0440);
  ASSERT_EQ(::chown((folder_ / "medimirror-api-secret").c_str(), 65534, 65534), 0);
  variables_["CREDENTIALS_DIRECTORY"] = folder_.path().native();
  EXPECT_EQ(load_with_contact(toml).api.secret.reveal(), "from-systemd") << "systemd answers for its folder";
}

TEST_F(ConfigTest, RootsSecretFileIsTakenByWhoMayReadIt) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can give files away";
  const auto path =
      write("medimirror.toml",
            "contact = \"ops@example.com\"\n[api]\nkey_id = \"1\"\nsecret_file = \"key\"\n", 0644);
  ASSERT_EQ(::chown(write("key", "pst\n", 0640).c_str(), 0, 65534), 0);
  std::filesystem::permissions(folder_.path(), std::filesystem::perms(0755));
  ASSERT_EQ(::setegid(65534), 0);
  {
    const NotRoot not_root;
    EXPECT_EQ(load_config(path, environment(), {}).api.secret.reveal(), "pst");
  }
  ASSERT_EQ(::setegid(0), 0);
}

TEST_F(ConfigTest, ACommandThatNeedsTheKeySaysHowToGiveIt) {
  const auto sentence = [](const Config& config) -> std::string {
    try {
      require_api_key(config);
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::config);
      return error.what();
    }
    return "accepted";
  };
  Config config;
  EXPECT_THAT(sentence(config),
              HasSubstr("no API key is configured; set key_id in [api], or MEDIMIRROR_API_KEY_ID"));
  config.api.key_id = "42";
  EXPECT_THAT(sentence(config), HasSubstr("the secret of API key 42 is not given; set secret_file"));
  config.api.secret_problem = "/etc/key cannot be read: Permission denied";
  EXPECT_THAT(sentence(config), HasSubstr("/etc/key cannot be read: Permission denied"));
  config.api.secret_problem.clear();
  config.api.secret = Secret("x");
  EXPECT_EQ(sentence(config), "accepted");
}

}  // namespace
}  // namespace medimirror
