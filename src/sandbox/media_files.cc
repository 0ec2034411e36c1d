#include "sandbox/media_files.h"

#include <fmt/format.h>

#include <array>
#include <ctime>

#include "base/sha256.h"

namespace medimirror::sandbox {
namespace {

// RFC 9110: a list of tags, or "*"; a weak tag is compared by what follows its W/.
bool names_tag(std::string_view list, std::string_view tag) {
  return list == "*" || list.find(tag) != std::string_view::npos;
}

}  // namespace

bool describes_client(std::string_view user_agent) {
  for (const std::string_view generic : {"Mozilla/", "curl/", "Wget/", "python-requests/", "libcurl/"})
    if (user_agent.starts_with(generic)) return false;
  const std::size_t slash = user_agent.find('/');
  const std::size_t open = user_agent.find('(');
  const std::size_t close = user_agent.find(')', open == std::string_view::npos ? 0 : open);
  return slash != std::string_view::npos && slash > 0 && open != std::string_view::npos && slash < open &&
         close != std::string_view::npos && close > open + 1;
}

std::string etag_of(std::string_view bytes) {
  return fmt::format("\"{}\"", sha256(bytes).hex().substr(0, 32));
}

std::string http_date(UnixSeconds time) {
  const std::time_t seconds = time;
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  constexpr std::string_view kDays[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  constexpr std::string_view kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                          "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  return fmt::format("{}, {:02} {} {} {:02}:{:02}:{:02} GMT", kDays[parts.tm_wday], parts.tm_mday,
                     kMonths[parts.tm_mon], parts.tm_year + 1900, parts.tm_hour, parts.tm_min, parts.tm_sec);
}

std::optional<UnixSeconds> parse_http_date(const std::string& text) {
  std::tm parts{};
  const char* const end = strptime(text.c_str(), "%a, %d %b %Y %H:%M:%S GMT", &parts);
  if (end == nullptr || *end != '\0') return std::nullopt;
  return timegm(&parts);
}

PictureSpec picture_at(const Catalogue& catalogue, const PictureAddress& address) {
  const MediaFacts facts = catalogue.media(address.index);
  PictureSpec spec;
  spec.key = catalogue.picture_key(address.index, address.generation, address.role);
  spec.size = address.size;
  spec.encoding = served_encoding(facts, address.named);
  spec.cut_out = address.role == Role::frontal;
  spec.square = facts.oddity != Oddity::not_square;
  return spec;
}

Reply answer_media_file(const Request& request, const Catalogue& catalogue, Pictures& pictures) {
  const auto plain = [](int status, std::string text) {
    Reply reply;
    reply.status = status;
    reply.content_type = "text/plain; charset=utf-8";
    reply.body = std::move(text);
    return reply;
  };
  if (request.method != "GET" && request.method != "HEAD") return plain(405, "method not allowed\n");
  if (!describes_client(request.user_agent))
    return plain(403, "the User-Agent must describe the client: App/Version (contact)\n");
  const auto address = parse_picture_path(catalogue.options().seed, request.path);
  if (!address || address->index >= catalogue.media_count() || catalogue.removed(address->index) ||
      address->generation > catalogue.generation(address->index))
    return plain(404, "no such picture\n");

  const PictureSpec spec = picture_at(catalogue, *address);
  const UnixSeconds changed_at = catalogue.picture_changed_at(address->index, address->generation);
  Reply reply;
  reply.body = pictures.bytes(spec);
  reply.content_type = mime_type_of(spec.encoding);
  const std::string etag = etag_of(reply.body);
  reply.headers = {
      {"ETag", etag}, {"Last-Modified", http_date(changed_at)}, {"Cache-Control", "public, max-age=86400"}};
  bool unchanged = false;
  if (!request.if_none_match.empty()) {
    unchanged = names_tag(request.if_none_match, etag);
  } else if (const auto since = parse_http_date(request.if_modified_since)) {
    unchanged = changed_at <= *since;
  }
  if (unchanged) {
    reply.status = 304;
    reply.body.clear();
    reply.content_type.clear();
  }
  return reply;
}

}  // namespace medimirror::sandbox
