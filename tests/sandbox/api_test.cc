// The endpoints, without a socket: access, limits, checks, pages, streams, files, evolution.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <zlib.h>

#include <map>
#include <set>

#include "base/error.h"
#include "base/sha256.h"
#include "sandbox_fixture.h"
#include "support/temporary_folder.h"

namespace medimirror::sandbox {
namespace {

using nlohmann::json;

constexpr const char* kEverything = R"({"filter": {"and": []}, "sorting": {"id": "ASC"}})";

std::string query(const std::string& filter, const std::string& sorting, int page, int size) {
  return fmt::format(R"({{"filter": {}, "sorting": {}, "page": {{"no": {}, "size": {}}}}})", filter, sorting,
                     page, size);
}

std::string gunzip(const std::string& packed) {
  z_stream stream{};
  inflateInit2(&stream, 15 + 16);
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
  stream.avail_in = static_cast<uInt>(packed.size());
  std::string out(packed.size() * 100, '\0');
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  inflate(&stream, Z_SYNC_FLUSH);
  out.resize(stream.total_out);
  inflateEnd(&stream);
  return out;
}

class Sandbox : public testing::Test {
 protected:
  ManualClock clock;
  std::unique_ptr<Service> service = std::make_unique<Service>(small_service(), clock);

  void restart(const ServiceOptions& options) {
    service.reset();
    service = std::make_unique<Service>(options, clock);
  }
  Reply ask(const Request& request) {
    service->open(request);
    Reply reply = service->answer(request);
    service->close(request, reply, reply.body.size());
    return reply;
  }
  json ask_json(const Request& request) {
    Reply reply = ask(request);
    return json::parse(body_of(reply));
  }
  std::vector<json> stream(const std::string& body = kEverything, const char* path = "/v4/media/stream") {
    Reply reply = ask(post(path, body));
    EXPECT_EQ(reply.status, 200) << body;
    return json_lines(body_of(reply));
  }
  std::map<std::uint64_t, json> truth() {
    std::map<std::uint64_t, json> truth;
    Request request = get("/sandbox/truth");
    request.query = {{"digests", "1"}};
    Reply reply = ask(request);
    for (const json& line : json_lines(body_of(reply))) truth[line["id"]] = line;
    return truth;
  }
};

TEST_F(Sandbox, ChecksTheKey) {
  struct Row {
    const char* authorization;
    int status;
  };
  const Row rows[] = {{"", 401},
                      {"Basic NDI6c2FuZGJveC1zZWNyZXQ=", 200},
                      {"basic NDI6c2FuZGJveC1zZWNyZXQ=", 200},
                      {"Basic NDI6d3Jvbmc=", 401},              // 42:wrong
                      {"Basic Nzc6c2FuZGJveC1zZWNyZXQ=", 401},  // 77:sandbox-secret
                      {"Basic MTM6c2FuZGJveC1zZWNyZXQ=", 403},  // 13, expired
                      {"Basic %%%", 401},
                      {"Bearer sandbox-secret", 403},
                      {"Basic", 403}};
  for (const Row& row : rows) {
    Request request = post("/v4/media/stream", kEverything);
    request.authorization = row.authorization;
    const Reply reply = ask(request);
    EXPECT_EQ(reply.status, row.status) << row.authorization;
    if (row.status != 200) {
      EXPECT_EQ(json::parse(reply.body)["error"]["status"], row.status);
    }
  }
}

TEST_F(Sandbox, RefusesWrongMethodsAddressesAndBodies) {
  EXPECT_EQ(ask(get("/v4/media/query")).status, 405);
  EXPECT_EQ(ask(post("/v4/media/find", "")).status, 405);
  EXPECT_EQ(ask(get("/v4/nothing")).status, 404);
  EXPECT_EQ(ask(get("/")).status, 404);
  const std::pair<const char*, const char*> rows[] = {
      {"", ""},
      {"[]", ""},
      {R"({"sorting": {"id": "ASC"}, "page": {"no": 0}})", "filter"},
      {R"({"filter": {"and": []}, "page": {"no": 0}})", "sorting"},
      {R"({"filter": {"and": []}, "sorting": {"id": "ASC"}})", "page"},
      {R"({"filter": {"and": []}, "sorting": {"id": "UP"}, "page": {"no": 0}})", "sorting.id"},
      {R"({"filter": {"and": []}, "sorting": {"name": "ASC"}, "page": {"no": 0}})", "sorting.name"},
      {R"({"filter": {"and": []}, "sorting": {"id": "ASC"}, "page": {"no": 0, "size": 20}})", "page.size"},
      {R"({"filter": {"and": []}, "sorting": {"id": "ASC"}, "page": {"no": -1}})", "page.no"},
      {R"({"filter": {"and": []}, "sorting": {"id": "ASC"}, "page": {"size": 10}})", "page.no"},
      {R"({"filter": {"typ": 1}, "sorting": {"id": "ASC"}, "page": {"no": 0}})", "filter.typ"}};
  for (const auto& [body, path] : rows) {
    const Reply reply = ask(post("/v4/media/query", body));
    EXPECT_EQ(reply.status, 422) << body;
    EXPECT_EQ(json::parse(reply.body)["error"]["violations"][0]["path"], path) << body;
  }
  EXPECT_EQ(ask(post("/v4/media/stream", query(R"({"and": []})", R"({"id": "ASC"})", 0, 10))).status, 422);
}

TEST_F(Sandbox, LimitsRequestsInASlidingMinute) {
  ServiceOptions options = small_service();
  options.api.requests_per_minute = 45;
  options.api.retry_after = 7;
  restart(options);
  const Request request = post("/v4/media/query", query(R"({"and": []})", R"({"id": "ASC"})", 0, 10));
  for (int i = 0; i < 45; ++i) {
    EXPECT_EQ(ask(request).status, 200);
    clock.advance(Millis(1000));
  }
  const Reply refused = ask(request);
  EXPECT_EQ(refused.status, 429);
  EXPECT_EQ(json::parse(refused.body)["error"]["code"], "too_many_requests");
  EXPECT_EQ(*header_of(refused, "Retry-After"), "7");
  EXPECT_EQ(ask(request).status, 429);  // before the seven seconds are over, and counted as such
  clock.advance(Millis(15'000));
  EXPECT_EQ(ask(request).status, 200);
  EXPECT_EQ(ask(get("/media/huge/0000000000000000.jpeg")).status, 404);  // no limit on pictures
  const json stats = ask_json(get("/sandbox/stats"));
  EXPECT_EQ(stats["requests"]["media_query"], 48);
  EXPECT_EQ(stats["refused_429"], 2);
  EXPECT_EQ(stats["early_after_retry_after"]["same_path"], 1);
  ask(post("/sandbox/stats/reset", ""));
  EXPECT_EQ(ask_json(get("/sandbox/stats"))["requests"]["media_query"], 0);
}

TEST_F(Sandbox, PagesAndStreamListTheSame) {
  for (const char* sorting :
       {R"({"id": "ASC"})", R"({"id": "DESC"})", R"({"createdAt": "ASC"})", R"({"createdAt": "DESC"})",
        R"({"touchedAt": "ASC"})", R"({"touchedAt": "DESC"})"}) {
    const char* filter = R"({"and": [{"published": true}, {"not": {"type": "link"}}]})";
    const auto lines = stream(fmt::format(R"({{"filter": {}, "sorting": {}}})", filter, sorting));
    std::vector<json> streamed, paged;
    for (std::size_t i = 0; i < lines.size(); ++i) {
      EXPECT_EQ(lines[i]["meta"]["index"], i);
      EXPECT_EQ(lines[i]["meta"]["total"], lines.size());
      streamed.push_back(lines[i]["result"]);
    }
    for (int page = 0;; ++page) {
      const json answer = ask_json(post("/v4/media/query", query(filter, sorting, page, 50)));
      EXPECT_EQ(answer["meta"]["total"], lines.size());
      EXPECT_EQ(answer["meta"]["page"], (json{{"no", page}, {"offset", page * 50}, {"size", 50}}));
      if (answer["results"].empty()) break;
      paged.insert(paged.end(), answer["results"].begin(), answer["results"].end());
    }
    EXPECT_EQ(streamed, paged) << sorting;

    const std::string key = sorting[2] == 'i' ? "id" : sorting[2] == 'c' ? "createdAt" : "updatedAt";
    std::int64_t before = 0;
    for (const json& item : streamed) {
      const json& value = key == "id" ? item["id"] : item.value("meta", json::object()).value(key, json());
      if (!value.is_number()) continue;  // an oddity
      if (before != 0 && std::string_view(sorting).find("ASC") != std::string_view::npos) {
        EXPECT_LE(before, value);
      }
      if (before != 0 && std::string_view(sorting).find("DESC") != std::string_view::npos) {
        EXPECT_GE(before, value);
      }
      before = value;
    }
  }
}

TEST_F(Sandbox, OneIdMayBeTwoAdjacentLines) {
  const auto lines = stream();
  std::set<std::pair<std::string, std::string>> pairs;
  for (std::size_t i = 1; i < lines.size(); ++i) {
    const json &a = lines[i - 1]["result"], &b = lines[i]["result"];
    if (a["id"] == b["id"]) pairs.emplace(a["type"], b["type"]);
  }
  EXPECT_THAT(pairs, testing::ElementsAre(std::pair<std::string, std::string>("photo", "frontal")));
}

TEST_F(Sandbox, QueryStopsAtTenThousandAndTheStreamDoesNot) {
  restart(small_service(12'000));
  const json last = ask_json(post("/v4/media/query", query(R"({"and": []})", R"({"id": "ASC"})", 39, 250)));
  EXPECT_EQ(last["meta"]["total"], 10'000);
  EXPECT_EQ(last["results"].size(), 250u);
  const json beyond = ask_json(post("/v4/media/query", query(R"({"and": []})", R"({"id": "ASC"})", 40, 250)));
  EXPECT_EQ(beyond["meta"]["total"], 10'000);
  EXPECT_TRUE(beyond["results"].empty());
  EXPECT_GE(stream().size(), 12'000u);
}

TEST_F(Sandbox, NoMatchIsA204) {
  const Reply reply = ask(post("/v4/media/stream", R"({"filter": {"or": []}, "sorting": {"id": "ASC"}})"));
  EXPECT_EQ(reply.status, 204);
  EXPECT_TRUE(reply.body.empty());
  EXPECT_FALSE(reply.producer);
}

TEST_F(Sandbox, FindsOneItem) {
  const json first = stream()[0]["result"];
  Request request = get("/v4/media/find");
  request.query = {{"id", first["id"].dump()}};
  EXPECT_EQ(ask_json(request)["mediaItem"], first);
  request.query = {{"id", "1"}};
  EXPECT_EQ(ask(request).status, 404);
  request.query = {{"id", "abc"}};
  EXPECT_EQ(ask(request).status, 422);

  json product;
  for (const json& line : stream(kEverything, "/v4/products/stream"))
    if (line["result"].value("cnk", json()).is_string() && !line["result"]["ean"].empty())
      product = line["result"];
  const std::pair<const char*, std::string> keys[] = {{"id", product["id"]}, {"cnk", product["cnk"]}};
  for (const auto& [key, value] : keys) {
    Request find = get("/v4/products/find");
    find.query = {{key, value}};
    EXPECT_EQ(ask_json(find)["product"], product) << key;
  }
  Request by_ean = get("/v4/products/find");
  by_ean.query = {{"ean", product["ean"][0]}};
  EXPECT_EQ(ask_json(by_ean)["product"]["ean"][0], product["ean"][0]);  // EANs are not unique
}

TEST_F(Sandbox, ProductsListTheirMedia) {
  std::size_t photos = 0, frontals = 0;
  std::string names;
  for (const json& line : stream(kEverything, "/v4/products/stream")) {
    const json& product = line["result"];
    photos += product["photos"].size();
    frontals += product["frontals"].size();
    names += product["name"].dump();
    for (const json& photo : product["photos"]) EXPECT_TRUE(photo["displayOrder"].is_number());
  }
  EXPECT_GT(photos, 50u);
  EXPECT_GT(frontals, 20u);
  EXPECT_THAT(names, testing::HasSubstr("<script>alert(1)</script>"));
  EXPECT_THAT(names, testing::HasSubstr("維他命"));
}

TEST_F(Sandbox, PacksTheApiWhenAskedAndPicturesNever) {
  Request request = post("/v4/media/stream", kEverything);
  Reply plain = ask(request);
  request.accept_encoding = "gzip, deflate";
  Reply packed = ask(request);
  EXPECT_EQ(*header_of(packed, "Content-Encoding"), "gzip");
  const std::string text = body_of(plain), bytes = body_of(packed);
  EXPECT_LT(bytes.size() * 3, text.size());
  EXPECT_EQ(gunzip(bytes), text);
  request.accept_encoding = "gzip;q=0, br";
  EXPECT_EQ(header_of(ask(request), "Content-Encoding"), nullptr);

  Request picture = get(truth().begin()->second["formats"]["huge"]["path"]);
  picture.accept_encoding = "gzip";
  const Reply reply = ask(picture);
  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(header_of(reply, "Content-Encoding"), nullptr);
}

TEST_F(Sandbox, ServesPicturesToWhoSaysWhoTheyAre) {
  Request request = get(truth().begin()->second["formats"]["huge"]["path"]);
  const std::pair<const char*, int> rows[] = {{"", 403},
                                              {"-", 403},
                                              {"Mozilla/5.0", 403},
                                              {"Mozilla/5.0 (X11; Linux)", 403},
                                              {"curl/7.88.1", 403},
                                              {"medimirror/0.1.0", 403},
                                              {"medimirror/0.1.0 ()", 403},
                                              {"medimirror/0.1.0 (webmaster@example.com)", 200}};
  for (const auto& [agent, status] : rows) {
    request.user_agent = agent;
    EXPECT_EQ(ask(request).status, status) << agent;
  }
  // The fixture sends the key along: this is where it must not go.
  EXPECT_EQ(ask_json(get("/sandbox/stats"))["authorization_on_media"], std::size(rows));
}

TEST_F(Sandbox, AnswersConditionalRequests) {
  Request request = get(truth().begin()->second["formats"]["huge"]["path"]);
  const Reply first = ask(request);
  const std::string etag = *header_of(first, "ETag"), modified = *header_of(first, "Last-Modified");
  const auto status = [&](const std::string& tag, const std::string& date) {
    request.if_none_match = tag;
    request.if_modified_since = date;
    return ask(request).status;
  };
  EXPECT_EQ(status(etag, ""), 304);
  EXPECT_EQ(status("\"other\", " + etag, ""), 304);
  EXPECT_EQ(status("*", ""), 304);
  EXPECT_EQ(status("\"other\"", modified), 200);  // the tag decides
  EXPECT_EQ(status("", modified), 304);
  EXPECT_EQ(status("", "Mon, 01 Jan 2001 00:00:00 GMT"), 200);
  EXPECT_EQ(status("", "nonsense"), 200);
  EXPECT_EQ(ask_json(get("/sandbox/stats"))["not_modified"], 4);
}

TEST_F(Sandbox, EvolvesExactlyWhatIsAsked) {
  const auto before = truth();
  const json answer =
      ask_json(post("/sandbox/evolve", R"({"new": 3, "changed": 2, "query_changed": 2, "touched": 2,
                                                          "unpublished": 2, "removed": 2, "reuploaded": 2})"));
  const auto after = truth();
  std::set<std::uint64_t> touched_ids;
  for (const auto& [kind, ids] : answer.items()) {
    if (!ids.is_array()) continue;
    for (const json& entry : ids) {
      if (kind == "reuploaded") {
        const std::uint64_t old_id = entry["old"], new_id = entry["new"];
        EXPECT_FALSE(after.contains(old_id));
        EXPECT_EQ(after.at(new_id)["formats"]["huge"]["sha256"],
                  before.at(old_id)["formats"]["huge"]["sha256"]);
        EXPECT_NE(after.at(new_id)["formats"]["huge"]["path"], before.at(old_id)["formats"]["huge"]["path"]);
        touched_ids.insert({old_id, new_id});
        continue;
      }
      const std::uint64_t id = entry;
      EXPECT_TRUE(touched_ids.insert(id).second) << "picked twice";
      if (kind == "new") {
        EXPECT_FALSE(before.contains(id));
        EXPECT_TRUE(after.at(id)["published"]);
        continue;
      }
      const json& was = before.at(id)["formats"]["huge"];
      if (kind == "removed") {
        EXPECT_FALSE(after.contains(id));
        EXPECT_EQ(ask(get(was["path"])).status, 404);
        continue;
      }
      const json& is = after.at(id)["formats"]["huge"];
      EXPECT_EQ(after.at(id)["updatedAt"], clock.unix_now()) << kind;
      EXPECT_EQ(is["path"] != was["path"], kind == "changed") << kind;
      EXPECT_EQ(is["sha256"] != was["sha256"], kind == "changed") << kind;
      EXPECT_EQ(is["url"] != was["url"], kind == "changed" || kind == "query_changed") << kind;
      EXPECT_EQ(after.at(id)["published"], kind != "unpublished") << kind;
    }
  }
  EXPECT_EQ(touched_ids.size(), 17u);
  for (const auto& [id, line] : before)
    if (!touched_ids.contains(id)) {
      EXPECT_EQ(after.at(id), line);
    }

  const auto updated = stream(fmt::format(
      R"({{"filter": {{"updatedSince": {}}}, "sorting": {{"touchedAt": "ASC"}}}})", clock.unix_now()));
  EXPECT_EQ(updated.size(), 3u + 2 + 2 + 2 + 2 + 2);  // all but what is gone
}

TEST_F(Sandbox, EvolvesGivenIdsAndRefusesNonsense) {
  const std::uint64_t id = truth().begin()->first;
  EXPECT_EQ(ask_json(post("/sandbox/evolve", fmt::format(R"({{"changed": [{}]}})", id)))["changed"][0], id);
  for (const char* body : {"", "[]", R"({"changd": 1})", R"({"changed": -1})", R"({"changed": "2"})",
                           R"({"removed": [1]})", R"({"new": [1]})", R"({"removed": 100000})"})
    EXPECT_EQ(ask(post("/sandbox/evolve", body)).status, 400) << body;
}

TEST_F(Sandbox, RemembersEvolutionInItsStateFolder) {
  const TemporaryFolder folder;
  ServiceOptions options = small_service();
  options.state = folder / "state";
  restart(options);
  for (int i = 0; i < 3; ++i)
    ask(post("/sandbox/evolve",
             R"({"new": 2, "changed": 1, "query_changed": 1, "removed": 1, "reuploaded": 1})"));
  const auto before = truth();
  restart(options);
  EXPECT_EQ(truth(), before);

  options.catalogue.seed = 99;
  EXPECT_THROW(Service(options, clock), Error);
}

TEST_F(Sandbox, TruthIsWhatIsServed) {
  int checked = 0;
  for (const auto& [id, line] : truth()) {
    for (const auto& [key, format] : line["formats"].items()) {
      if (id % 3 != 0) continue;
      Request request = get(format["path"]);
      const Reply reply = ask(request);
      ASSERT_EQ(reply.status, 200) << id << key;
      ASSERT_EQ(sha256(reply.body).hex(), format["sha256"].get<std::string>());
      ++checked;
    }
  }
  EXPECT_GT(checked, 300);
}

}  // namespace
}  // namespace medimirror::sandbox
