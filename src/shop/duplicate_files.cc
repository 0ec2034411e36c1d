#include "shop/duplicate_files.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/cells.h"
#include "base/file.h"

namespace medimirror {

namespace {

using Json = nlohmann::ordered_json;

MediaId name_of(const Look& look) {
  return std::ranges::min(look.pictures, {}, &AlikePicture::id).id;
}

std::string joined(const std::vector<std::string>& texts) {
  std::string all;
  for (const std::string& text : texts) all += (all.empty() ? "" : " ") + text;
  return all;
}

Json json_of(const AlikePicture& picture) {
  return {{"media_id", picture.id},         {"likeness", name_of(picture.likeness)},
          {"format", picture.format},       {"width", picture.width},
          {"height", picture.height},       {"bytes", picture.bytes},
          {"sha256", picture.digest.hex()}, {"assets", picture.assets},
          {"products", picture.products}};
}

}  // namespace

std::string duplicates_as_csv(const Duplicates& duplicates) {
  std::string text =
      "\xEF\xBB\xBFlook,media_id,likeness,placeholder,format,width,height,bytes,sha256,assets,products,"
      "within_products\r\n";
  CellRow line(text, ',', Formulas::apostrophe);
  for (const Look& look : duplicates.looks)
    for (const AlikePicture& picture : look.pictures) {
      for (const std::string& cell :
           {std::to_string(name_of(look)), std::to_string(picture.id), std::string(name_of(picture.likeness)),
            std::string(look.is_placeholder ? "probable" : ""), picture.format, std::to_string(picture.width),
            std::to_string(picture.height), std::to_string(picture.bytes), picture.digest.hex(),
            std::to_string(picture.assets), joined(picture.products), joined(look.within_products)})
        line.add(cell);
      line.end("\r\n");
    }
  return text;
}

std::string duplicates_as_json(const Duplicates& duplicates) {
  std::string text = fmt::format("{{\"compared\":{},\"without_print\":{},\"looks\":[", duplicates.compared,
                                 duplicates.without_print);
  bool first = true;
  for (const Look& look : duplicates.looks) {
    Json object = {{"look", name_of(look)}, {"placeholder", look.is_placeholder}, {"names", look.names}};
    object["within_products"] = look.within_products;
    Json& pictures = object["pictures"] = Json::array();
    for (const AlikePicture& picture : look.pictures) pictures.push_back(json_of(picture));
    text += first ? "\n" : ",\n";
    first = false;
    text += object.dump(-1, ' ', false, Json::error_handler_t::replace);
  }
  return text + "\n]}\n";
}

void write_duplicate_files(const std::filesystem::path& folder, const Duplicates& duplicates) {
  make_folders(folder);
  replace_file(folder / "duplicates.csv", duplicates_as_csv(duplicates));
  replace_file(folder / "duplicates.json", duplicates_as_json(duplicates));
}

}  // namespace medimirror
