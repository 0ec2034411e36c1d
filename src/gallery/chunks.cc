#include "gallery/chunks.h"

#include <fmt/format.h>

#include <algorithm>

namespace medimirror {

namespace {

// Spreads ids evenly: neighbours are far apart (the finaliser of SplitMix64).
std::uint64_t spread(std::uint64_t value) {
  value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9U;
  value = (value ^ (value >> 27)) * 0x94d049bb133111ebU;
  return value ^ (value >> 31);
}

}  // namespace

Chunks::Chunks(SiteFolder& site, std::string kind, std::size_t rows)
    : site_(site), kind_(std::move(kind)), rows_(std::max<std::size_t>(rows, 2)) {}

void Chunks::add(MediaId id, const Json& row) {
  if (count_ == 0) first_ = id;
  text_ += count_ == 0 ? "[\n" : ",\n";
  text_ += script_value(row);
  ++count_;
  const std::size_t half = rows_ / 2;
  if ((count_ >= half && spread(id) % half == 0) || count_ >= 2 * rows_) write();
}

Json Chunks::finish() {
  if (count_ > 0) write();
  return std::move(files_);
}

void Chunks::write() {
  text_ += "\n]";
  const std::string name = fmt::format("{}-{}", kind_, first_);
  const std::string version = site_.put("data/" + name + ".js", script_file(name, text_));
  files_.push_back({first_, count_, version});
  text_.clear();
  count_ = 0;
}

}  // namespace medimirror
