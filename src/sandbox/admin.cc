// The endpoints under /sandbox: what tests steer the stand-in with, and what they compare with. See
// service.h.
#include <array>
#include <map>

#include "base/error.h"
#include "base/sha256.h"
#include "sandbox/json_text.h"
#include "sandbox/media_files.h"
#include "sandbox/service.h"

namespace medimirror::sandbox {
namespace {

constexpr std::size_t kChunkBytes = 64 * 1024;

struct TruthQuery {
  std::optional<bool> published;
  std::string type;  // empty: all
  bool digests = false;
};

std::string_view name_of(Role role) {
  return role == Role::photo ? "photo" : role == Role::frontal ? "frontal" : "link";
}

// One line for a media id: what a mirror should end up with.
void write_truth(std::string& out, const Catalogue& catalogue, const MediaHosts& hosts, Pictures& pictures,
                 MediaIndex index, const TruthQuery& query) {
  const std::uint64_t seed = catalogue.options().seed;
  const int lines = catalogue.lines(index);
  if (lines == 0) return;
  const MediaFacts first = catalogue.media(index);
  if (query.published && first.published != *query.published) return;

  struct Entry {
    MediaFacts facts;
    FormatEntry format;
  };
  std::map<std::string_view, Entry> formats;  // the frontal wins: it comes last
  bool wanted = query.type.empty();
  for (int line = 0; line < lines; ++line) {
    const MediaFacts facts = catalogue.media(index, line);
    wanted = wanted || name_of(facts.role) == query.type;
    for (const FormatEntry& format : formats_of(facts))
      formats.insert_or_assign(format.key, Entry{facts, format});
  }
  if (!wanted) return;

  JsonText json(out);
  json.open_object();
  json.member("id", static_cast<std::int64_t>(first.id));
  json.key("types");
  json.open_array();
  for (int line = 0; line < lines; ++line) json.text(name_of(catalogue.media(index, line).role));
  json.close_array();
  json.key("published"), json.boolean(first.published);
  json.member("oddity", name_of(first.oddity));
  json.member("organization", organization_id(first.organization));
  json.member("updatedAt", first.updated_at);
  json.key("formats");
  json.open_object();
  for (const auto& [key, entry] : formats) {
    const std::string path = picture_path(seed, entry.facts, entry.format);
    json.key(key);
    json.open_object();
    json.member("url", listed_url(seed, hosts, entry.facts, entry.format));
    json.member("path", path);
    if (query.digests)
      if (const auto address = parse_picture_path(seed, path))
        json.member("sha256", sha256(pictures.bytes(picture_at(catalogue, *address))).hex());
    json.close_object();
  }
  json.close_object();
  json.close_object();
  out += '\n';
}

}  // namespace

Reply Service::truth(const Request& request) {
  TruthQuery query;
  for (const auto& [key, value] : request.query) {
    if (key == "published") {
      query.published = value == "true" || value == "1";
    } else if (key == "type") {
      query.type = value;
    } else if (key == "digests") {
      query.digests = value == "true" || value == "1";
    } else {
      return error_reply(400, "sandbox", "truth takes published, type and digests, not \"" + key + "\"");
    }
  }
  Reply reply;
  reply.content_type = "application/x-json-stream";
  reply.producer = [this, query, catalogue = evolution_.snapshot(),
                    index = MediaIndex{0}](std::string& out) mutable {
    const std::size_t start = out.size();
    while (index < catalogue->media_count() && out.size() - start < kChunkBytes)
      write_truth(out, *catalogue, hosts_, *pictures_, index++, query);
    return index < catalogue->media_count() ? More::yes : More::no;
  };
  return reply;
}

Reply Service::oddities() const {
  constexpr std::size_t kIdsMax = 10;
  const auto catalogue = evolution_.snapshot();
  std::array<std::vector<std::uint64_t>, static_cast<std::size_t>(Oddity::count_)> ids;
  for (MediaIndex index = 0; index < catalogue->media_count(); ++index) {
    auto& list = ids[static_cast<std::size_t>(oddity_of(catalogue->options(), index))];
    if (list.size() < kIdsMax && !catalogue->removed(index)) list.push_back(catalogue->media_id(index));
  }
  std::string body;
  JsonText json(body);
  json.open_object();
  for (std::size_t oddity = 1; oddity < ids.size(); ++oddity) {
    json.key(sandbox::name_of(static_cast<Oddity>(oddity)));
    json.open_array();
    for (const std::uint64_t id : ids[oddity]) json.number(static_cast<std::int64_t>(id));
    json.close_array();
  }
  json.close_object();
  return json_reply(std::move(body));
}

Reply Service::administer(const Request& request) {
  const std::string_view what = std::string_view(request.path).substr(std::string_view("/sandbox/").size());
  const std::string_view method = request.method == "HEAD" ? "GET" : std::string_view(request.method);
  const auto done = [] { return json_reply("{\"ok\":true}\n"); };
  try {
    if (what == "stats" && method == "GET") return json_reply(stats_.json());
    if (what == "stats/reset" && method == "POST") return stats_.reset(), done();
    if (what == "evolve" && method == "POST") return json_reply(evolution_.evolve(request.body));
    if (what == "faults" && method == "POST") return faults_.add(request.body), done();
    if (what == "faults" && method == "DELETE") return faults_.clear(), done();
    if (what == "faults" && method == "GET") return json_reply(faults_.rules_json());
    if (what == "truth" && method == "GET") return truth(request);
    if (what == "oddities" && method == "GET") return oddities();
  } catch (const Error& error) {
    return error_reply(400, "sandbox", error.what());
  }
  return error_reply(
      404, "not_found",
      "There are GET stats, POST stats/reset, POST evolve, GET, POST and DELETE faults, GET truth, GET "
      "oddities");
}

}  // namespace medimirror::sandbox
