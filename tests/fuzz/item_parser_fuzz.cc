// Any bytes are an item, a product, a line, a page or an error envelope, or they are not; they are never a
// crash.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "api/filter.h"
#include "api/item_parser.h"
#include "api/reply_parser.h"

using namespace medimirror;

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

void look_at_lines(const std::string& padded, std::string_view text) {
  ReplyParser parser;
  for (const Catalogue catalogue : {Catalogue::media, Catalogue::products}) {
    const StreamLine quick = parser.line(text, catalogue);
    const StreamLine sure = parser.line_by_simdjson(text, catalogue);
    require(quick.kind == sure.kind && quick.index == sure.index && quick.total == sure.total);
    require(quick.item.id == sure.item.id && quick.item.json == sure.item.json);
    ReplyPage page;
    parser.page(text, catalogue, page);
    for (const ReplyPage::Entry& entry : page.entries)
      require(entry.item.json.data() >= padded.data() &&
              entry.item.json.data() + entry.item.json.size() <= padded.data() + text.size());
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  if (const auto item = parse_media_item(bytes)) {
    require(item->id != 0);
    for (const MediaFormat& format : item->formats) require(!format.key.empty() && !format.url.empty());
  }
  if (const auto product = parse_product(bytes)) {
    require(!product->id.empty());
    for (const ProductMedia& media : product->media) require(media.id != 0);
  }
  const std::string padded = std::string(bytes) + std::string(ReplyParser::kPadding, ' ');
  look_at_lines(padded, std::string_view(padded).substr(0, size));
  if (const auto error = parse_service_error(bytes)) require(error->text().size() < 10'000);
  if (!check_raw_filter(bytes)) {
    MediaFilter filter;
    filter.raw_json = bytes;
    require(!filter.to_json().empty());
  }
  return 0;
}
