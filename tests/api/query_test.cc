#include "api/query.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "api/walk.h"
#include "support/fake_transport.h"

namespace medimirror {
namespace {

using Json = nlohmann::json;

// A service with pages: evaluates the filters a listing adds, caps its totals, and can be told to misbehave.
struct PagedService {
  struct Medium {
    std::uint64_t id = 0;
    std::optional<UnixSeconds> created;
  };
  std::vector<Medium> media;   // by id
  bool ends_belong = true;     // whether from and until are inside the range
  bool hides_undated = false;  // in every filter of dates, its opposite included, as a database may
  std::uint64_t cap = 10'000;
  std::function<void(int request)> before_request;
  std::function<void(Json& page, int request)> spoil;
  int requests = 0;
  std::size_t page_items_max = 0;  // asked for

  bool matches(const Json& filter, const Medium& medium) const {
    const std::string key = filter.begin().key();
    const Json& value = filter.begin().value();
    const auto one = [&](const Json& inner) { return matches(inner, medium); };
    if (key == "and") return std::ranges::all_of(value, one);
    if (key == "or") return std::ranges::any_of(value, one);
    if (key == "not") return !one(value) && (medium.created || !hides_undated);
    if (key != "createdAt") return true;
    if (!medium.created) return false;
    const UnixSeconds slack = ends_belong ? 0 : 1;
    EXPECT_TRUE(value.contains("from") && value.contains("until")) << "half a range: " << filter;
    if (value.contains("from") && *medium.created < value["from"].get<UnixSeconds>() + slack) return false;
    return !value.contains("until") || *medium.created <= value["until"].get<UnixSeconds>() - slack;
  }

  Reply answer(const Request& request) {
    if (before_request) before_request(requests);
    const Json asked = Json::parse(request.body);
    EXPECT_EQ(asked["sorting"], Json({{"id", "ASC"}}));
    const auto no = asked["page"]["no"].get<std::size_t>(), size = asked["page"]["size"].get<std::size_t>();
    page_items_max = std::max(page_items_max, size);
    if (const std::string filter = asked["filter"].dump(); filter != evaluated_ || no == 0) {
      evaluated_ = filter;
      matching_.clear();
    }
    if (matching_.empty() || before_request) {
      matching_.clear();
      for (const Medium& medium : media)
        if (matches(asked["filter"], medium)) matching_.push_back(medium.id);
    }
    const std::uint64_t total = matching_.size();
    Json results = Json::array();
    for (std::size_t i = no * size; i < std::min<std::size_t>(total, (no + 1) * size); ++i)
      results.push_back({{"id", matching_[i]}});
    Json page{{"meta", {{"total", std::min(total, cap)}, {"page", {{"no", no}}}}}, {"results", results}};
    if (spoil) spoil(page, requests);
    ++requests;
    return ok(page.dump());
  }

 private:
  std::string evaluated_;  // the filter that matching_ answers
  std::vector<std::uint64_t> matching_;
};

class QueryTest : public testing::Test {
 protected:
  ManualClock clock;
  FakeTransport transport{clock};
  ApiOptions options = test_options();
  PagedService service;

  QueryTest() {
    options.listing = ListingMode::query;
    options.page_size = 10;
    options.requests_per_minute = 1'000'000;
    transport.answer_with([this](const Request& request) { return service.answer(request); });
  }
  void list(std::size_t count) {
    for (std::size_t i = 0; i < count; ++i)
      service.media.push_back({i + 1, 1'600'000'000 + static_cast<UnixSeconds>(i) * 100});
  }
  Walked walk() {
    auto listing = list_media(options, MediaFilter{}, transport, clock);
    return walk_to_end(*listing, transport, clock);
  }
  std::size_t different(const Walked& walked) {
    std::set<MediaId> ids;
    for (const KeptItem& item : walked.items) ids.insert(item.id);
    return ids.size();
  }
};

TEST_F(QueryTest, WalksEveryPage) {
  for (const std::size_t count : {0u, 1u, 9u, 10u, 11u, 20u, 95u}) {
    service.media.clear();
    service.requests = 0;
    list(count);
    const Walked walked = walk();
    EXPECT_EQ(walked.state, Listing::State::complete) << count << walked.cut_reason;
    EXPECT_EQ(walked.mode, Listing::Mode::query);
    EXPECT_EQ(walked.items.size(), count);
    EXPECT_EQ(walked.count, count);
    EXPECT_EQ(walked.total, count);
    EXPECT_EQ(service.requests, std::max<int>(1, static_cast<int>((count + 9) / 10))) << count;
  }
}

TEST_F(QueryTest, OneIdMayHaveTwoRows) {
  list(25);
  // the tenth is photo and frontal: its rows are the last of a page and the first of the next
  service.media.insert(service.media.begin() + 9, service.media[9]);
  service.spoil = [](Json& page, int request) {
    if (request == 0) page["results"][9]["type"] = "photo";
    if (request == 1) page["results"][0]["type"] = "frontal";
  };
  const Walked walked = walk();
  EXPECT_EQ(walked.state, Listing::State::complete) << walked.cut_reason;
  EXPECT_EQ(walked.count, 26u);
  EXPECT_EQ(different(walked), 25u);
}

TEST_F(QueryTest, NeverLosesTheItemBeyondTheCap) {
  options.page_size = 250;
  for (const bool ends_belong : {true, false})
    for (const std::size_t count : {9'999u, 10'001u, 12'000u}) {
      service.ends_belong = ends_belong;
      service.media.clear();
      list(count);
      const Walked walked = walk();
      EXPECT_EQ(walked.state, Listing::State::complete) << count << walked.cut_reason;
      EXPECT_EQ(different(walked), count);
      EXPECT_LE(service.page_items_max, 250u);
    }
}

TEST_F(QueryTest, ItemsWithoutADateAreFoundBeyondTheCap) {
  options.page_size = 250;
  list(10'500);
  for (std::size_t i = 0; i < 300; ++i) service.media[i * 30].created.reset();
  const Walked walked = walk();
  EXPECT_EQ(walked.state, Listing::State::complete) << walked.cut_reason;
  EXPECT_EQ(different(walked), 10'500u);
}

// A stream that broke off said how many there are: windows that do not come to that many prove nothing.
TEST_F(QueryTest, AfterAStreamWindowsAreCompleteOnlyWithAllThatItAnnounced) {
  options.listing = ListingMode::automatic;
  options.page_size = 250;
  list(10'500);
  for (std::size_t i = 0; i < 300; ++i) service.media[i * 30].created.reset();
  for (const bool hides_undated : {false, true}) {
    service.hides_undated = hides_undated;
    transport.answer_with([this](const Request& request) {
      if (request.url.text().ends_with("query")) return service.answer(request);
      const std::string row = R"({"meta":{"total":10500,"index":0},"result":{"id":2}})"
                              "\n";
      return in_pieces({{Millis(1), row}}, fail(TransferError::reset));
    });
    const Walked walked = walk();
    EXPECT_EQ(walked.mode, Listing::Mode::query);
    EXPECT_EQ(walked.total, 10'500u);
    EXPECT_EQ(walked.state, hides_undated ? Listing::State::holed : Listing::State::complete)
        << walked.cut_reason;
    EXPECT_EQ(different(walked), hides_undated ? 10'200u : 10'500u);
    if (hides_undated) {
      EXPECT_THAT(walked.cut_reason, testing::HasSubstr("announced 10 500 items and the pages held 10 200"));
    }
  }
}

TEST_F(QueryTest, APageThatCannotBeMadeCostsThatPageAlone) {
  struct Row {
    const char* name;
    std::size_t page;
    Reply reply;
    std::size_t different;
  };
  const Row rows[] = {
      {"500 for ever", 1, status(500), 25}, {"the first one", 0, status(500), 25},
      {"the last one", 3, status(502), 30}, {"html", 2, ok("<html>Sorry</html>"), 25},
      {"204", 2, status(204), 25},
  };
  list(35);
  for (const Row& row : rows) {
    transport.answer_with([&](const Request& request) {
      const bool this_one = Json::parse(request.body)["page"]["no"] == row.page;
      return this_one ? row.reply : service.answer(request);
    });
    const Walked walked = walk();
    EXPECT_EQ(walked.state, Listing::State::holed) << row.name << walked.cut_reason;
    EXPECT_EQ(different(walked), row.different) << row.name;
    EXPECT_THAT(walked.cut_reason, testing::HasSubstr("page " + std::to_string(row.page) + " is missing"))
        << row.name;
  }
}

TEST_F(QueryTest, APageWithBadBytesIsTakenAndNamed) {
  list(25);
  transport.answer_with([&](const Request& request) {
    Reply reply = service.answer(request);
    std::string& body = std::get<ScriptedResponse>(reply.result).body;
    if (Json::parse(request.body)["page"]["no"] == 1)
      body.insert(body.find("\"id\""), "\"name\":\"a\xFF\x01\",");
    return reply;
  });
  const Walked walked = walk();
  EXPECT_EQ(walked.state, Listing::State::holed);
  EXPECT_EQ(different(walked), 25u);
  EXPECT_THAT(walked.cut_reason, testing::HasSubstr("page 1 could be read in part only"));
}

TEST_F(QueryTest, TotalsMayBeTexts) {
  list(25);
  service.spoil = [](Json& page, int) { page["meta"]["total"] = "25"; };
  EXPECT_EQ(walk().state, Listing::State::complete);
}

TEST_F(QueryTest, MoreThanTheCapInOneSecondIsSaidNotSwallowed) {
  options.page_size = 250;
  list(10'400);
  for (auto& medium : service.media) medium.created = 1'700'000'000;
  const Walked walked = walk();
  EXPECT_EQ(walked.state, Listing::State::cut);
  EXPECT_NE(walked.cut_reason.find("10 000 items or more bear the same time"), std::string::npos)
      << walked.cut_reason;
  EXPECT_NE(walked.cut_reason.find("stream"), std::string::npos);
  EXPECT_LT(service.requests, 100);
}

TEST_F(QueryTest, MoreThanTheCapWithoutADateIsSaidNotSwallowed) {
  options.page_size = 250;
  list(10'400);
  for (auto& medium : service.media) medium.created.reset();
  const Walked walked = walk();
  EXPECT_EQ(walked.state, Listing::State::cut);
  EXPECT_NE(walked.cut_reason.find("have no date"), std::string::npos) << walked.cut_reason;
}

TEST_F(QueryTest, AServiceThatIgnoresTheWindowsIsCut) {
  options.page_size = 250;
  list(10'400);
  service.spoil = [](Json& page, int) { page["meta"]["total"] = 10'000; };
  const Walked walked = walk();
  EXPECT_EQ(walked.state, Listing::State::cut);
  EXPECT_LT(service.requests, 100);
}

TEST_F(QueryTest, WhatIsAddedMeanwhileIsTaken) {
  list(35);
  service.before_request = [this](int request) {
    if (request == 2) service.media.push_back({36, 1});
  };
  const Walked walked = walk();
  EXPECT_EQ(walked.state, Listing::State::complete) << walked.cut_reason;
  EXPECT_EQ(different(walked), 36u);
}

TEST_F(QueryTest, WhatIsRemovedMeanwhileMakesTheWalkStartAgain) {
  list(35);
  service.before_request = [this](int request) {
    if (request == 2) service.media.erase(service.media.begin());
  };
  const Walked walked = walk();
  EXPECT_EQ(walked.state, Listing::State::complete) << walked.cut_reason;
  EXPECT_EQ(different(walked), 35u);  // the removed one had been handed out before
  EXPECT_EQ(service.requests, 3 + 4);
}

TEST_F(QueryTest, PagesThatCannotProveThemselvesAreWalkedOnAndNotComplete) {
  struct Row {
    const char* name;
    std::function<void(Json&, int)> spoil;
    const char* reason;
    Listing::State state;
    std::size_t different;  // that came all the same
  };
  Json first;
  const auto shifted = Listing::State::shifted, holed = Listing::State::holed, cut = Listing::State::cut;
  const Row rows[] = {
      {"shrinks with every page", [](Json& page, int n) { page["meta"]["total"] = 35 - n % 4; },
       "the total went from", shifted, 35},
      {"repeats a page",
       [&first](Json& page, int n) {
         if (n % 4 == 0) first = page["results"];
         page["results"] = first;
       },
       "repeats the pages", cut, 10},
      {"short page", [](Json& page, int) { page["results"].erase(0); }, "holds 9 items instead of 10", holed,
       31},
      {"empty page",
       [](Json& page, int n) {
         if (n % 2 == 1) page["results"] = Json::array();
       },
       "holds 0 items instead of 10", holed, 0},
      {"last page short",
       [](Json& page, int) {
         if (page["results"].size() == 5) page["results"].erase(0);
       },
       "announced 35 items and its pages held 34", shifted, 34},
  };
  list(35);
  for (const Row& row : rows) {
    service.requests = 0;
    service.spoil = row.spoil;
    const Walked walked = walk();
    EXPECT_EQ(walked.state, row.state) << row.name;
    if (row.different > 0) {
      EXPECT_EQ(different(walked), row.different) << row.name;
    }
    EXPECT_NE(walked.cut_reason.find(row.reason), std::string::npos) << row.name << ": " << walked.cut_reason;
    EXPECT_LE(service.requests, 8) << row.name;
  }
}

TEST_F(QueryTest, ObjectsWithoutAnIdAreCountedAndDoNotStopTheWalk) {
  list(25);
  service.spoil = [](Json& page, int) {
    if (page["meta"]["page"]["no"] == 1) page["results"][3] = nullptr;
  };
  const Walked walked = walk();
  EXPECT_EQ(walked.state, Listing::State::complete) << walked.cut_reason;
  EXPECT_EQ(walked.items.size(), 24u);
  EXPECT_EQ(walked.malformed, 1u);
}

TEST_F(QueryTest, ManyObjectsWithoutAnIdMakeItUnfitToTellWhatIsGone) {
  list(25);
  service.spoil = [](Json& page, int) {
    if (page["meta"]["page"]["no"] == 1)
      page["results"][3] = nullptr, page["results"][4] = {{"type", "photo"}};
  };
  const Walked walked = walk();
  EXPECT_EQ(walked.state, Listing::State::holed);
  EXPECT_EQ(walked.items.size(), 23u);  // what is readable counts all the same
  EXPECT_THAT(walked.cut_reason, testing::HasSubstr("2 of the 25 listed items have no id that can be used"));
}

TEST_F(QueryTest, ReadsPagesInEveryShape) {
  struct Row {
    const char* name;
    std::string body;
    std::size_t items;
    std::string second = {};  // the bytes of the second
  };
  const Row rows[] = {
      {"results first", R"({"results":[{"id":1},{"x":[1,{"id":3}],"id":"2"}],"meta":{"total":2}})", 2,
       R"({"x":[1,{"id":3}],"id":"2"})"},
      {"spaces", " { \"meta\" : { \"total\" : 1 } , \"results\" : [ { \"id\" : 1 } ] } \n", 1},
      {"a byte order mark",
       "\xEF\xBB\xBF"
       R"({"meta":{"total":1},"results":[{"id":1}]})",
       1},
      {"empty", R"({"meta":{"total":0},"results":[]})", 0},
  };
  for (const Row& row : rows) {
    transport.answer_with([&row](const Request&) { return ok(row.body); });
    const Walked walked = walk();
    EXPECT_EQ(walked.state, Listing::State::complete) << row.name << walked.cut_reason;
    EXPECT_EQ(walked.items.size(), row.items) << row.name;
    EXPECT_EQ(walked.items.size() == 2 ? walked.items[1].json : "", row.second) << row.name;
  }
  transport.answer_with([](const Request&) { return status(204); });
  EXPECT_EQ(walk().state, Listing::State::complete);
}

TEST_F(QueryTest, AFirstPageThatIsNoneEndsTheRun) {
  for (const char* body :
       {"", "<html>", "[]", "{}", R"({"meta":{"total":1}})", R"({"results":[]})",
        R"({"meta":{"total":"x"},"results":[]})", R"({"meta":{"total":1},"results":[{"id":1})",
        R"({"meta":null,"results":[]})", R"({"meta":{"total":1},"results":{"id":1}})"}) {
    transport.answer_with([body](const Request&) { return ok(body); });
    EXPECT_EQ(kind_thrown_by([&] { walk(); }), ErrorKind::network) << body;
  }
  transport.answer_with(
      [](const Request&) { return ok(R"({"error":{"code":"oops","message":"not today"}})"); });
  EXPECT_NE(sentence_thrown_by([&] { walk(); }).find("not today"), std::string::npos);
}

TEST_F(QueryTest, ALaterPageThatIsNoneIsACut) {
  list(35);
  for (const bool html : {true, false}) {
    service.requests = 0;
    transport.answer_with([&](const Request& request) {
      if (service.requests >= 2) return html ? ok("<html>") : status(503);
      return service.answer(request);
    });
    const Walked walked = walk();
    EXPECT_EQ(walked.state, Listing::State::cut);
    EXPECT_EQ(walked.items.size(), 20u);
    EXPECT_FALSE(walked.cut_reason.empty());
  }
}

TEST_F(QueryTest, AKeyThatIsRefusedHalfWayEndsTheRun) {
  list(35);
  transport.answer_with(
      [&](const Request& request) { return service.requests >= 2 ? status(401) : service.answer(request); });
  EXPECT_EQ(kind_thrown_by([&] { walk(); }), ErrorKind::auth);
}

TEST_F(QueryTest, ProductsAreToldApartByTheirIds) {
  transport.answer_with([](const Request& request) {
    EXPECT_EQ(request.url.text(), "https://api.test/v4/products/query");
    return ok(R"({"meta":{"total":2},"results":[{"id":"M1"},{"id":"M2"}]})");
  });
  auto listing = list_products(options, R"({"status":"active"})", transport, clock);
  const Walked walked = walk_to_end(*listing, transport, clock);
  EXPECT_EQ(walked.state, Listing::State::complete) << walked.cut_reason;
  EXPECT_EQ(walked.items.size(), 2u);
  EXPECT_EQ(walked.items[1].json, R"({"id":"M2"})");
}

}  // namespace
}  // namespace medimirror
