#include "history/push_list.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "tree/publish_fixture.h"

namespace medimirror {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::UnorderedElementsAre;

namespace fs = std::filesystem;

class PushListTest : public testing::Test, public PublishFixture {
 protected:
  fs::path store() const { return folder / "store"; }
  fs::path reports() const { return folder / "reports"; }

  void end_run(RunNumber run) {
    publish();
    keep_history(store(), run, static_cast<UnixSeconds>(1000 * run), index->view());
  }

  // As `changes` writes it, into `file`.
  std::vector<std::string> list(std::optional<RunNumber> from, const fs::path& file = {}) {
    std::vector<std::string> paths;
    std::string text;
    last = write_push_list(store(), from, [&](std::string_view line) {
      text.append(line) += '\n';
      if (!line.starts_with('#')) paths.emplace_back(line);
    });
    if (!file.empty()) replace_file(file, text);
    return paths;
  }

  std::string refusal(const fs::path& file, const std::string& target = "web1") {
    try {
      note_pushed(reports(), target, file);
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::usage);
      return error.what();
    }
    return "";
  }

  PushList last;
};

TEST_F(PushListTest, HoldsAllThatChangedInAnyNumberOfRuns) {
  EXPECT_THROW(list(std::nullopt), Error);
  for (MediaId id = 1; id <= 3; ++id) hold(id, "huge", "a" + std::to_string(id));
  end_run(1);
  EXPECT_THAT(list(std::nullopt), UnorderedElementsAre("huge/0/1.jpg", "huge/0/2.jpg", "huge/0/3.jpg",
                                                       "manifest.jsonl", "SHA256SUMS"));
  hold(2, "huge", "b2");
  end_run(2);
  hold(4, "huge", "a4");
  retire(1, "huge");
  hold(3, "huge", "a png", ImageFormat::png);  // moves to another name
  end_run(3);
  EXPECT_THAT(list(1), UnorderedElementsAre("huge/0/1.jpg", "huge/0/2.jpg", "huge/0/3.jpg", "huge/0/3.png",
                                            "huge/0/4.jpg", "manifest.jsonl", "SHA256SUMS"));
  EXPECT_EQ(last.from, 1u);
  EXPECT_EQ(last.to, 3u);
  EXPECT_THAT(list(3), ElementsAre());
}

TEST_F(PushListTest, GoesOnWhereTheListThatWasSentEnded) {
  hold(1, "huge", "a");
  end_run(1);
  EXPECT_EQ(pushed_run(reports(), "web1"), std::nullopt);
  const fs::path sent = folder / "sent";
  list(std::nullopt, sent);
  hold(2, "huge", "b");
  end_run(2);  // between the list and the word that it was sent
  EXPECT_EQ(note_pushed(reports(), "web1", sent), 1u);
  EXPECT_EQ(pushed_run(reports(), "web1"), 1u);
  EXPECT_EQ(pushed_run(reports(), "web2"), std::nullopt);
  EXPECT_THAT(list(1), UnorderedElementsAre("huge/0/2.jpg", "manifest.jsonl", "SHA256SUMS"));
}

TEST_F(PushListTest, TakesOnlyAWholeListForSent) {
  hold(1, "huge", "a");
  end_run(1);
  const fs::path sent = folder / "sent";
  list(std::nullopt, sent);
  const std::string whole = read_file(sent);
  for (std::size_t bytes = 0; bytes < whole.size(); ++bytes) {
    replace_file(sent, whole.substr(0, bytes));
    EXPECT_THAT(refusal(sent), HasSubstr("is not a whole list")) << bytes;
  }
  EXPECT_THAT(refusal(folder / "nothing"), HasSubstr("there is no list"));
  replace_file(sent, whole);
  for (const char* name : {"", "..", "a/b", ".hidden", "web 1", "web1\n"})
    EXPECT_THAT(refusal(sent, name), HasSubstr("--to must be a name")) << name;
  EXPECT_EQ(pushed_run(reports(), "web1"), std::nullopt);
}

TEST_F(PushListTest, NamesEveryFileWhereTheTreeThatWasSentIsForgotten) {
  hold(1, "huge", "a");
  end_run(5);
  EXPECT_THAT(list(3), UnorderedElementsAre("huge/0/1.jpg", "manifest.jsonl", "SHA256SUMS"));
  EXPECT_EQ(last.from, 0u);
}

}  // namespace
}  // namespace medimirror
