// The decoder behind its process boundary. This binary is its own helper: `decoder-process` serves the real
// inspector, `faulty-decoder` one that misbehaves on command, `interrupted-decoder` one that meets a Ctrl-C early.
#include "image/decoder_process.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <fstream>
#include <new>
#include <sstream>

#include "base/error.h"
#include "image/confinement.h"
#include "image/decoder_channel.h"
#include "image/decoder_child.h"
#include "image/pictures.h"

extern char** environ;

namespace medimirror {
namespace {

using namespace std::string_view_literals;

// Commands ride behind the end of a good JPEG, where the header check lets them pass as trailing bytes.
std::variant<Inspection, Rejection> misbehave(std::string_view bytes, const Recipes& recipes,
                                              const Limits& limits) {
  const auto said = [&](std::string_view command) { return bytes.ends_with(command); };
  const auto answer = [](std::string text) { return Rejection{RejectionReason::damaged, std::move(text)}; };
  if (said("!crash")) std::abort();
  if (said("!exit")) _exit(7);
  if (said("!hang"))
    for (volatile bool on = true; on;) {
    }
  if (said("!eat")) {
    for (std::vector<std::unique_ptr<char[]>> eaten;;) eaten.push_back(std::make_unique<char[]>(16 << 20));
  }
  if (said("!socket")) socket(AF_INET, SOCK_STREAM, 0);
  if (said("!exec")) execl("/bin/true", "true", nullptr);
  if (said("!fork")) return answer(std::to_string(fork()));
  if (said("!open")) return answer(open("/etc/passwd", O_RDONLY) < 0 ? strerror(errno) : "opened");
  if (said("!create"))
    return answer(open("/tmp/x", O_WRONLY | O_CREAT, 0600) < 0 ? strerror(errno) : "opened");
  if (said("!kill")) kill(getppid(), SIGTERM);
  if (said("!environment")) {
    std::string names;
    for (char** variable = environ; variable && *variable; ++variable)
      if (!std::string_view(*variable).starts_with("VIPSHOME="))
        names += *variable;  // libvips sets that itself
    return answer(names.empty() ? "empty" : names);
  }
  if (said("!descriptors")) {
    std::string open_ones;
    for (int fd = 0; fd < 64; ++fd) {
      if (lseek(fd, 0, SEEK_CUR) >= 0 || errno != EBADF) open_ones += std::to_string(fd) + " ";
    }
    return answer(open_ones);
  }
  if (said("!interrupt")) raise(SIGINT);
  if (said("!nonsense")) {
    Inspection lie;
    lie.info.format = ImageFormat::jpeg;
    lie.info.width = 4'000'000'000;
    lie.info.height = 1;
    return lie;
  }
  if (said("!swollen")) {
    Inspection lie;
    lie.info = {ImageFormat::jpeg, 10, 10, 1, false, ""};
    lie.derivatives.push_back({0, std::string(3 << 20, 'x'), {ImageFormat::jpeg, 10, 10, 1, false, ""}});
    return lie;
  }
  return inspect_pixels(bytes, recipes, limits);
}

const std::string& photo() {
  static const std::string bytes = pictures::encoded(pictures::packshot(300, 200), ".jpg");
  return bytes;
}

DecoderOptions real() {
  return {};
}
DecoderOptions faulty() {
  DecoderOptions options;
  options.argument = "faulty-decoder";
  options.memory_bytes_max = 1 << 30;
  return options;
}

Recipe thumb() {
  Recipe recipe;
  recipe.name = "thumb";
  recipe.width = recipe.height = 100;
  return recipe;
}

Rejection refused(const std::variant<Inspection, Rejection>& result) {
  const auto* rejection = std::get_if<Rejection>(&result);
  return rejection ? *rejection : Rejection{};
}

TEST(Decoder, InspectsAndDerives) {
  Decoder decoder(real());
  const std::vector<Recipe> recipes{thumb()};
  for (int round = 0; round < 3; ++round) {
    const auto result = decoder.inspect(photo(), recipes);
    ASSERT_TRUE(std::holds_alternative<Inspection>(result)) << refused(result).detail;
    const Inspection& inspection = std::get<Inspection>(result);
    const auto here = inspect_pixels(photo(), {});
    const Print& print = std::get<Inspection>(here).info.print;
    EXPECT_FALSE(print.empty());
    EXPECT_EQ(inspection.info, (ImageInfo{ImageFormat::jpeg, 300, 200, 1, false, "", print}));
    ASSERT_EQ(inspection.derivatives.size(), 1u);
    EXPECT_EQ(inspection.derivatives[0].info.width, 100u);
    EXPECT_EQ(inspection.derivatives[0].info.height, 67u);
    EXPECT_TRUE(inspection.derivatives[0].bytes.starts_with("\xFF\xD8"sv));
  }
  EXPECT_EQ(decoder.processes_started(), 1u);
}

Rejection after_command(Decoder& decoder, std::string_view command) {
  return refused(decoder.inspect(photo() + std::string(command), {}));
}

void expect_still_works(Decoder& decoder) {
  EXPECT_TRUE(std::holds_alternative<Inspection>(decoder.inspect(photo(), {})));
}

struct DeathRow {
  std::string_view name, command, detail;
  bool needs_confinement = false;
};
class DecoderDeath : public testing::TestWithParam<DeathRow> {};

TEST_P(DecoderDeath, CostsOnePictureAfterTwoTries) {
  if (GetParam().needs_confinement && !kConfinementIsWhole)
    GTEST_SKIP() << "a sanitizer leaves no room for it";
  Decoder decoder(faulty());
  const Rejection rejection = after_command(decoder, GetParam().command);
  EXPECT_EQ(rejection.reason, RejectionReason::decoder_crashed);
  EXPECT_THAT(rejection.detail, testing::HasSubstr(std::string(GetParam().detail)));
  EXPECT_EQ(decoder.processes_started(), 2u);
  expect_still_works(decoder);
}

INSTANTIATE_TEST_SUITE_P(All, DecoderDeath,
                         testing::Values(DeathRow{"crash", "!crash", "crashed (signal 6)", true},
                                         DeathRow{"exit", "!exit", "ended with status 7"},
                                         DeathRow{"out_of_memory", "!eat", "ran out of memory", true},
                                         DeathRow{"socket", "!socket", "forbidden system call", true},
                                         DeathRow{"execute", "!exec", "forbidden system call", true},
                                         DeathRow{"fork", "!fork", "forbidden system call", true},
                                         DeathRow{"signal_to_parent", "!kill", "forbidden system call", true},
                                         DeathRow{"impossible_size", "!nonsense", "was killed"}),
                         [](const auto& row) { return std::string(row.param.name); });

TEST(Decoder, KillsWhatHangs) {
  DecoderOptions options = faulty();
  options.time_max = Millis(200);
  Decoder decoder(options);
  const Rejection rejection = after_command(decoder, "!hang");
  EXPECT_EQ(rejection.reason, RejectionReason::decoder_timed_out);
  EXPECT_THAT(rejection.detail, testing::HasSubstr("did not finish within"));
  EXPECT_EQ(decoder.processes_started(), 2u);
}

TEST(Decoder, RefusesAnAnswerThatIsTooLarge) {
  DecoderOptions options = faulty();
  options.derivative_bytes_max = 1 << 20;
  Decoder decoder(options);
  const std::vector<Recipe> recipes{thumb()};
  const Rejection rejection = refused(decoder.inspect(photo() + "!swollen", recipes));
  EXPECT_EQ(rejection.reason, RejectionReason::decoder_crashed);
}

TEST(Decoder, ReplacesAProcessThatWasKilledBetweenPictures) {
  Decoder decoder(real());
  decoder.warm_up();
  const pid_t first = decoder.process();
  ASSERT_EQ(kill(first, SIGKILL), 0);
  expect_still_works(decoder);
  EXPECT_NE(decoder.process(), first);
  EXPECT_EQ(decoder.processes_started(), 2u);
}

TEST(Decoder, StopEndsTheProcessAndTheNextPictureStartsAnother) {
  Decoder decoder(real());
  decoder.warm_up();
  const pid_t first = decoder.process();
  decoder.stop();
  EXPECT_EQ(decoder.process(), -1);
  EXPECT_EQ(kill(first, 0), -1) << "the process is still there";
  expect_still_works(decoder);
}

TEST(Decoder, ChildHasNoEnvironmentNoFilesNoInterrupt) {
  setenv("MEDIMIRROR_API_SECRET", "hunter2", 1);
  const int leaked = open("/dev/null", O_RDONLY);  // without CLOEXEC
  Decoder decoder(faulty());
  EXPECT_EQ(after_command(decoder, "!environment").detail, "empty");
  EXPECT_EQ(after_command(decoder, "!descriptors").detail, "0 1 2 3 ");
  if (kConfinementIsWhole) {
    EXPECT_EQ(after_command(decoder, "!open").detail, "Permission denied");
    EXPECT_EQ(after_command(decoder, "!create").detail, "Permission denied");
  }
  close(leaked);
}

TEST(Decoder, CtrlCDoesNotReachTheChild) {
  Decoder decoder(real());
  decoder.warm_up();
  ASSERT_EQ(kill(decoder.process(), SIGINT), 0);
  ASSERT_EQ(kill(decoder.process(), SIGTERM), 0);
  expect_still_works(decoder);
  EXPECT_EQ(decoder.processes_started(), 1u);
}

TEST(Decoder, CtrlCDoesNotReachAChildThatIsStillLoading) {
  DecoderOptions options;
  options.argument = "interrupted-decoder";
  Decoder decoder(options);
  decoder.warm_up();
  expect_still_works(decoder);
  EXPECT_EQ(decoder.processes_started(), 1u);
}

TEST(Decoder, WhatIsNoPictureNeverStartsAProcess) {
  Decoder decoder(real());
  EXPECT_EQ(refused(decoder.inspect("<html>no</html>", {})).reason, RejectionReason::html_page);
  EXPECT_EQ(decoder.processes_started(), 0u);
}

TEST(Decoder, AProgramThatIsMissingEndsTheRun) {
  DecoderOptions options;
  options.program = "/nonexistent/medimirror";
  Decoder decoder(options);
  EXPECT_THROW(decoder.inspect(photo(), {}), Error);
}

TEST(Decoder, AProgramThatIsNoDecoderEndsTheRun) {
  DecoderOptions options;
  options.program = "/bin/false";
  Decoder decoder(options);
  EXPECT_THROW(decoder.warm_up(), Error);
}

// libvips puts the pixels of a WebP of this size into a temporary file, if it is let.
TEST(Decoder, APictureOfMoreThan100MegabytesOfPixelsWantsNoFile) {
  Decoder decoder(real());
  const std::string large =
      pictures::encoded(vips::VImage::black(6000, 6000, vips::VImage::option()->set("bands", 3)), ".webp",
                        vips::VImage::option()->set("effort", 0));
  const auto result = decoder.inspect(large, std::vector<Recipe>{thumb()});
  ASSERT_TRUE(std::holds_alternative<Inspection>(result)) << refused(result).detail;
  EXPECT_EQ(std::get<Inspection>(result).info.width, 6000u);
}

// Every format, read and written, with the confinement on.
TEST(Decoder, AllFormatsWorkConfined) {
  Decoder decoder(real());
  std::vector<Recipe> recipes;
  for (const ImageFormat format :
       {ImageFormat::jpeg, ImageFormat::png, ImageFormat::webp, ImageFormat::avif}) {
    recipes.push_back(thumb());
    recipes.back().format = format;
  }
  for (const char* suffix : {".jpg", ".png", ".webp", ".gif", ".avif"}) {
    const auto result = decoder.inspect(pictures::encoded(pictures::packshot(300, 200), suffix), recipes);
    ASSERT_TRUE(std::holds_alternative<Inspection>(result)) << suffix << ": " << refused(result).detail;
    const auto& made = std::get<Inspection>(result).derivatives;
    ASSERT_EQ(made.size(), recipes.size());
    for (const MadeDerivative& one : made) EXPECT_EQ(pictures::decoded(one.bytes).width(), 100) << suffix;
  }
  EXPECT_EQ(decoder.processes_started(), 1u);
}

}  // namespace
}  // namespace medimirror

int main(int argc, char** argv) {
  const std::string_view verb = argc == 2 ? argv[1] : "";
  if (verb == "decoder-process") return medimirror::decoder_process_main(3);
  if (verb == "interrupted-decoder") {
    for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGQUIT}) raise(signal);
    return medimirror::decoder_process_main(3);
  }
  if (verb == "faulty-decoder") return medimirror::serve_decoder(3, medimirror::misbehave);
  testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
