#include "sandbox/options.h"

#include <gmock/gmock.h>

#include <vector>

#include "base/error.h"

namespace medimirror::sandbox {
namespace {

Options parse(std::vector<const char*> arguments) {
  arguments.insert(arguments.begin(), "medimirror-sandbox");
  return parse_options(static_cast<int>(arguments.size()), arguments.data());
}

TEST(SandboxOptions, AreRead) {
  const Options options =
      parse({"--port",     "0",    "--port-file",  "/p",
             "--media",    "12",   "--products",   "3",
             "--seed",     "9",    "--state",      "/s",
             "--latency",  "5",    "--pictures",   "small",
             "--oddities", "off",  "--fault",      "status,path=/media/*,count=2,retry_after=3",
             "--fault",    "html", "--public-url", "http://cdn:1/"});
  EXPECT_EQ(options.port_file, "/p");
  EXPECT_EQ(options.service.catalogue.media, 12u);
  EXPECT_EQ(options.service.catalogue.products, 3u);
  EXPECT_EQ(options.service.catalogue.seed, 9u);
  EXPECT_FALSE(options.service.catalogue.oddities);
  EXPECT_EQ(options.service.state, "/s");
  EXPECT_EQ(options.service.latency.count(), 5);
  EXPECT_EQ(options.service.pictures, PictureStyle::small);
  EXPECT_THAT(options.service.faults,
              testing::ElementsAre("status,path=/media/*,count=2,retry_after=3", "html"));
  EXPECT_EQ(options.service.public_url, "http://cdn:1");
}

TEST(SandboxOptions, HelpExplainsEverything) {
  const std::string help = parse({"--help"}).help_text;
  for (const char* word :
       {"--media", "--fault", "/sandbox/evolve", "short_body", "listing_half_lying", "retry_after"})
    EXPECT_THAT(help, testing::HasSubstr(word));
}

TEST(SandboxOptions, MistakesAreUsageErrors) {
  const std::vector<std::vector<const char*>> rows = {
      {"--port", "70000"}, {"--media", "-1"},       {"--media", "many"}, {"--pictures", "big"},
      {"--nonsense"},      {"--oddities", "maybe"}, {"stray"},           {"--seed"}};
  for (const auto& row : rows) {
    try {
      parse(row);
      ADD_FAILURE() << row[0];
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::usage);
      EXPECT_THAT(error.what(), testing::HasSubstr(std::string(row[0]).substr(0, 8)));
    }
  }
}

TEST(SandboxOptions, FaultsOfTheCommandLineAreChecked) {
  Faults faults(1);
  faults.add_from_command_line("status,path=/media/*,count=1,status=429,retry_after=3");
  const auto fault = faults.take("media_file", "/media/huge/x.jpeg");
  ASSERT_TRUE(fault);
  EXPECT_EQ(fault->status, 429);
  EXPECT_EQ(fault->retry_after, "3");
  EXPECT_FALSE(faults.take("media_file", "/media/huge/x.jpeg"));
  for (const char* text : {"", "fire", "status,count", "status,count=-1", "stall"})
    EXPECT_THROW(faults.add_from_command_line(text), Error) << text;
}

}  // namespace
}  // namespace medimirror::sandbox
