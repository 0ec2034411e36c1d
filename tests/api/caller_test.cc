#include "api/caller.h"

#include <gtest/gtest.h>

#include "api/walk.h"
#include "support/fake_transport.h"
#include "support/temporary_folder.h"

namespace medimirror {
namespace {

const std::string kStream = "https://api.test/v4/media/stream";

class CallerTest : public testing::Test {
 protected:
  ManualClock clock;
  FakeTransport transport{clock};
  ApiOptions options = test_options();

  Walked walk() {
    auto listing = list_media(options, MediaFilter{}, transport, clock);
    return walk_to_end(*listing, transport, clock);
  }
  std::vector<std::chrono::milliseconds> gaps() const {
    std::vector<std::chrono::milliseconds> result;
    for (std::size_t i = 1; i < transport.started().size(); ++i)
      result.push_back(std::chrono::duration_cast<std::chrono::milliseconds>(transport.started()[i].at -
                                                                             transport.started()[i - 1].at));
    return result;
  }
};

TEST_F(CallerTest, ARefusalEndsTheRunWithOneSentenceThatSaysWhatToDo) {
  struct Row {
    int status;
    std::string body;
    ErrorKind kind;
    std::vector<std::string> parts;
  };
  const Row rows[] = {
      {401,
       R"({"error":{"status":401,"code":"authentication.not_authenticated","message":"Full auth required"}})",
       ErrorKind::auth,
       {"check api.key_id", "(401)", "authentication.not_authenticated: Full auth required"}},
      {401, "", ErrorKind::auth, {"check api.key_id"}},
      {401, "<html>no</html>", ErrorKind::auth, {"check api.key_id"}},
      {403, "", ErrorKind::auth, {"expired", "(403)"}},
      {405, "", ErrorKind::config, {"check api.base_url", "(405)"}},
      {404, "", ErrorKind::config, {"/v4", "(404)", kStream}},
      {422,
       R"({"error":{"status":422,"code":"validation","message":"Invalid","violations":
         [{"propertyPath":"filter.type","message":"is not a choice"},{"message":"too long"}]}})",
       ErrorKind::config,
       {"[select]", "filter.type: is not a choice; too long"}},
      {422,
       R"({"error":{"status":422},"violations":{"filter":"missing"}})",
       ErrorKind::config,
       {"filter: missing"}},
      {422, R"({"error":{"status":422,"violations":["one","two"]}})", ErrorKind::config, {"one; two"}},
      {422, R"({"error":{"message":"a\nb\u0007c"}})", ErrorKind::config, {"\"a b c\""}},
      {400, R"({"error":"plain"})", ErrorKind::config, {"plain"}},
      {501, "", ErrorKind::config, {"does not offer"}},
      {418, "", ErrorKind::network, {"makes no sense"}},
      {304, "", ErrorKind::network, {"(304)"}},
  };
  options.listing = ListingMode::stream;
  for (const Row& row : rows) {
    FakeTransport wire{clock};
    wire.otherwise(status(row.status, row.body));
    auto listing = list_media(options, MediaFilter{}, wire, clock);
    try {
      walk_to_end(*listing, wire, clock);
      ADD_FAILURE() << row.status;
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), row.kind) << row.status;
      for (const std::string& part : row.parts)
        EXPECT_NE(std::string(error.what()).find(part), std::string::npos)
            << row.status << ": " << error.what();
    }
    EXPECT_EQ(wire.started().size(), 1u) << row.status;
  }
}

TEST_F(CallerTest, TheSecretDoesNotFollowARedirect) {
  transport.on(kStream, redirect("https://user:pw@elsewhere.test/v4/media/stream"));
  const std::string sentence = sentence_thrown_by([&] { walk(); });
  EXPECT_NE(sentence.find("redirects to https://elsewhere.test/"), std::string::npos) << sentence;
  EXPECT_EQ(sentence.find("pw"), std::string::npos);
  EXPECT_EQ(transport.urls(), std::vector<std::string>{kStream});
}

TEST_F(CallerTest, AServiceThatIsDownIsAskedAgainThenLeftAlone) {
  transport.otherwise(status(503));
  EXPECT_EQ(kind_thrown_by([&] { walk(); }), ErrorKind::unavailable);
  EXPECT_EQ(transport.started().size(), 5u);
  const auto waits = gaps();
  for (std::size_t i = 0; i < waits.size(); ++i) {
    EXPECT_GE(waits[i], Millis(500) * (1 << i));
    EXPECT_LE(waits[i], Millis(1100) * (1 << i));
  }
}

TEST_F(CallerTest, AServiceThatCannotBeReachedIsAskedAgainThenNamed) {
  transport.otherwise(fail(TransferError::connect, "connection refused"));
  const std::string sentence = sentence_thrown_by([&] {
    EXPECT_EQ(kind_thrown_by([&] { walk(); }), ErrorKind::unavailable);
    walk();
  });
  EXPECT_NE(sentence.find("https://api.test cannot be reached (connect: connection refused, 5 attempts)"),
            std::string::npos)
      << sentence;
}

TEST_F(CallerTest, ItGoesOnWhenTheServiceIsBack) {
  transport.on(kStream, fail(TransferError::connect));
  transport.on(kStream, status(500));
  transport.on(kStream, status(429).with("retry-after", "7"));
  transport.on(kStream, status(204));
  EXPECT_EQ(walk().state, Listing::State::complete);
  ASSERT_EQ(gaps().size(), 3u);
  EXPECT_GE(gaps()[2], Millis(7000));  // the floor
  EXPECT_LE(gaps()[2], Millis(7000 + 4100));
}

TEST_F(CallerTest, TooOftenWithoutAWordOnWhenOutlastsTheMinute) {
  transport.otherwise(status(429));
  const std::string sentence =
      sentence_thrown_by([&] { EXPECT_EQ(kind_thrown_by([&] { walk(); }), ErrorKind::unavailable); });
  ASSERT_EQ(gaps().size(), 4u);
  Millis all(0);
  for (const auto gap : gaps()) all += gap;
  EXPECT_GE(all, Millis(60'000));
}

TEST_F(CallerTest, TooOftenPausesEveryProcessWithTheSameLedger) {
  const TemporaryFolder folder;
  options.request_ledger = folder / "requests";
  transport.on(kStream, status(429).with("retry-after", "30"));
  transport.on(kStream, status(204));
  auto first = list_media(options, MediaFilter{}, transport, clock);
  first->advance(clock.steady_now());
  for (Completed& completed : transport.wait(clock.steady_now())) first->handle(completed);
  ASSERT_EQ(transport.started().size(), 1u);

  auto second = list_media(options, MediaFilter{}, transport, clock);
  second->advance(clock.steady_now());
  EXPECT_EQ(transport.started().size(), 1u);
  EXPECT_GE(second->wake_at(), clock.steady_now() + Millis(30'000));
}

TEST_F(CallerTest, NeverMoreThanTheWindowHoldsInAnyMinute) {
  const TemporaryFolder folder;
  options.request_ledger = folder / "requests";
  options.requests_per_minute = 45;
  options.listing = ListingMode::query;
  options.page_size = 10;
  transport.answer_with([](const Request& request) {
    const auto no = std::stoul(request.body.substr(request.body.find("\"no\":") + 5));
    std::string results;
    for (std::size_t i = 0; i < 10; ++i)
      results += (i ? ",{\"id\":" : "{\"id\":") + std::to_string(no * 10 + i + 1) + "}";
    return ok("{\"meta\":{\"total\":1000},\"results\":[" + results + "]}").after(Millis(50));
  });
  // two runs, one after the other, share the window: 200 requests
  for (int run = 0; run < 2; ++run) EXPECT_EQ(walk().state, Listing::State::complete);
  const auto& started = transport.started();
  ASSERT_EQ(started.size(), 200u);
  for (std::size_t i = 45; i < started.size(); ++i)
    EXPECT_GE(started[i].at - started[i - 45].at, std::chrono::seconds(60));
  EXPECT_LE(started.back().at - started.front().at, std::chrono::minutes(5));  // and no slower than it must
}

TEST_F(CallerTest, WaitsForRoomInTheTransport) {
  transport.set_limits({1, 1});
  Request other;
  other.url = *parse_url("https://elsewhere.test/");
  transport.on(other.url.text(), status(200).after(Millis(3000)));
  transport.on(kStream, status(204));
  auto listing = list_media(options, MediaFilter{}, transport, clock);
  const RequestId id = transport.start(other);
  bool foreign = false;
  while (listing->state() == Listing::State::running) {
    listing->advance(clock.steady_now());
    for (Completed& completed :
         transport.wait(std::min(listing->wake_at(), clock.steady_now() + Millis(1000)))) {
      const bool ours = listing->handle(completed);
      EXPECT_EQ(ours, completed.id != id);
      foreign = foreign || !ours;
    }
  }
  EXPECT_TRUE(foreign);
  EXPECT_EQ(listing->state(), Listing::State::complete);
}

TEST_F(CallerTest, OptionsAreCheckedBeforeAnythingIsSent) {
  struct Row {
    const char* name;
    std::function<void(ApiOptions&)> change;
    const char* part;  // empty: fine
  };
  const Row rows[] = {
      {"as they are", [](ApiOptions&) {}, ""},
      {"slash at the end", [](ApiOptions& o) { o.base_url += "/"; }, ""},
      {"loopback", [](ApiOptions& o) { o.base_url = "http://127.0.0.1:8080/v4"; }, ""},
      {"localhost", [](ApiOptions& o) { o.base_url = "http://localhost:1/v4"; }, ""},
      {"plain http", [](ApiOptions& o) { o.base_url = "http://api.test/v4"; }, "unencrypted"},
      {"looks like loopback", [](ApiOptions& o) { o.base_url = "http://localhost.evil.test/v4"; },
       "unencrypted"},
      {"no address", [](ApiOptions& o) { o.base_url = "api.medipim.be"; }, "https://api.medipim.be/v4"},
      {"ftp", [](ApiOptions& o) { o.base_url = "ftp://api.test"; }, "http(s)"},
      {"password", [](ApiOptions& o) { o.base_url = "https://a:hunter2@api.test/v4"; }, "must not hold"},
      {"query", [](ApiOptions& o) { o.base_url = "https://api.test/v4?x=1"; }, "without ?"},
      {"no key", [](ApiOptions& o) { o.key_id.clear(); }, "MEDIMIRROR_API_KEY_ID"},
      {"colon", [](ApiOptions& o) { o.key_id = "4:2"; }, "colon"},
      {"no secret", [](ApiOptions& o) { o.secret = Secret(); }, "MEDIMIRROR_API_SECRET"},
      {"page size", [](ApiOptions& o) { o.page_size = 1000; }, "10, 50, 100 and 250"},
      {"window", [](ApiOptions& o) { o.requests_per_minute = 0; }, "requests_per_minute"},
      {"header", [](ApiOptions& o) { o.accept_language = "nl\r\nX: y"; }, "one line"},
  };
  for (const Row& row : rows) {
    ApiOptions changed = options;
    row.change(changed);
    const auto make = [&] { list_media(changed, MediaFilter{}, transport, clock); };
    if (*row.part == '\0') {
      EXPECT_EQ(kind_thrown_by(make), std::nullopt) << row.name << sentence_thrown_by(make);
      continue;
    }
    EXPECT_EQ(kind_thrown_by(make), ErrorKind::config) << row.name;
    const std::string sentence = sentence_thrown_by(make);
    EXPECT_NE(sentence.find(row.part), std::string::npos) << row.name << ": " << sentence;
    EXPECT_EQ(sentence.find("hunter2"), std::string::npos);
  }
  EXPECT_TRUE(transport.started().empty());
}

}  // namespace
}  // namespace medimirror
