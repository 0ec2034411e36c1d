#include "shop/missing_files.h"

#include <fmt/format.h>
#include <xlsxwriter.h>

#include <array>
#include <nlohmann/json.hpp>

#include "base/ascii.h"
#include "base/cells.h"
#include "base/error.h"
#include "base/file.h"
#include "base/units.h"

namespace medimirror {

namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t kCellBytesMax = 1'000;

struct Column {
  const char* name;
  double width;  // of the spreadsheet, in characters
};
constexpr std::array<Column, 13> kColumns{{{"code", 16},
                                           {"kind", 11},
                                           {"line", 7},
                                           {"product", 13},
                                           {"name", 44},
                                           {"status", 13},
                                           {"reason", 22},
                                           {"cause", 18},
                                           {"detail", 70},
                                           {"media_id", 11},
                                           {"format", 10},
                                           {"last_attempt", 21},
                                           {"note", 40}}};

std::size_t sequence_length(unsigned char lead) {
  if (lead < 0x80) return 1;
  if (lead >= 0xC2 && lead < 0xE0) return 2;
  if (lead >= 0xE0 && lead < 0xF0) return 3;
  return lead >= 0xF0 && lead < 0xF5 ? 4 : 0;
}

// One line of well-formed UTF-8: what came from the wire may be neither, and a spreadsheet with a wrong byte will not
// open.
std::string clean(std::string_view text) {
  std::string cleaned;
  while (!text.empty() && cleaned.size() < kCellBytesMax) {
    std::size_t length = sequence_length(static_cast<unsigned char>(text[0]));
    for (std::size_t i = 1; i < length; ++i)
      if (i >= text.size() || (static_cast<unsigned char>(text[i]) & 0xC0) != 0x80) length = 0;
    if (length == 0) {
      cleaned += '?';
      text.remove_prefix(1);
      continue;
    }
    cleaned += is_control(text[0]) ? std::string_view(" ") : text.substr(0, length);
    text.remove_prefix(length);
  }
  return cleaned;
}

std::array<std::string, kColumns.size()> cells_of(const MissingRow& row) {
  const auto number = [](std::uint64_t value) { return value == 0 ? std::string() : std::to_string(value); };
  return {row.code,          row.kind,
          number(row.line),  clean(row.product),
          clean(row.name),   clean(row.status),
          row.reason,        clean(row.cause),
          clean(row.detail), number(row.media),
          row.format,        row.last_attempt == 0 ? std::string() : format_utc(row.last_attempt),
          row.note};
}

// Ends the workbook with its owner.
class Workbook {
 public:
  explicit Workbook(const std::filesystem::path& file, std::string folder) : folder_(std::move(folder)) {
    lxw_workbook_options options{};
    options.constant_memory = LXW_TRUE;  // a row is written as soon as the next one begins
    options.tmpdir = folder_.data();
    book_ = workbook_new_opt(file.c_str(), &options);
    if (book_ == nullptr) fail("out of memory");
    // the time of making would make equal lists differ
    lxw_doc_properties properties{};
    properties.title = title_.data();
    properties.created = 946'684'800;
    workbook_set_properties(book_, &properties);
  }
  ~Workbook() { static_cast<void>(book_ == nullptr ? LXW_NO_ERROR : workbook_close(book_)); }
  Workbook(const Workbook&) = delete;
  Workbook& operator=(const Workbook&) = delete;

  lxw_workbook* get() { return book_; }
  void close() {
    const lxw_error error = workbook_close(std::exchange(book_, nullptr));
    if (error != LXW_NO_ERROR) fail(lxw_strerror(error));
  }

 private:
  [[noreturn]] static void fail(std::string_view why) {
    throw Error(
        ErrorKind::disk,
        fmt::format("missing.xlsx cannot be written ({}): is there space in the reports folder?", why),
        "write the missing list");
  }
  std::string folder_, title_ = "Codes without a picture, or with a lesser one";
  lxw_workbook* book_ = nullptr;
};

void write_spreadsheet(const std::filesystem::path& file, const MissingList& list) {
  Workbook workbook(file, file.parent_path().native());
  lxw_worksheet* sheet = workbook_add_worksheet(workbook.get(), "missing");
  lxw_format* bold = workbook_add_format(workbook.get());
  format_set_bold(bold);
  worksheet_freeze_panes(sheet, 1, 0);
  const auto last_row = static_cast<lxw_row_t>(list.rows.size());
  worksheet_autofilter(sheet, 0, 0, last_row, static_cast<lxw_col_t>(kColumns.size() - 1));
  for (std::size_t i = 0; i < kColumns.size(); ++i) {
    const auto column = static_cast<lxw_col_t>(i);
    worksheet_set_column(sheet, column, column, kColumns[i].width, nullptr);
    worksheet_write_string(sheet, 0, column, kColumns[i].name, bold);
  }
  lxw_row_t at = 1;
  for (const MissingRow& row : list.rows) {
    const auto cells = cells_of(row);
    for (std::size_t i = 0; i < cells.size(); ++i)
      if (!cells[i].empty())
        worksheet_write_string(sheet, at, static_cast<lxw_col_t>(i), cells[i].c_str(), nullptr);
    ++at;
  }
  workbook.close();
}

}  // namespace

std::string missing_as_csv(const MissingList& list) {
  std::string text = "\xEF\xBB\xBF";
  CellRow line(text, ',', Formulas::apostrophe);
  for (const auto& column : kColumns) line.add(column.name);
  line.end("\r\n");
  for (const MissingRow& row : list.rows) {
    for (const std::string& cell : cells_of(row)) line.add(cell);
    line.end("\r\n");
  }
  return text;
}

std::string missing_as_json(const MissingList& list) {
  std::string text = fmt::format("{{\"asked\":{},\"missing\":{},\"rows\":[", list.asked, list.rows.size());
  bool first = true;
  for (const MissingRow& row : list.rows) {
    const auto cells = cells_of(row);
    Json object;
    for (std::size_t i = 0; i < cells.size(); ++i) object[kColumns[i].name] = cells[i];
    object["line"] = row.line;
    object["media_id"] = row.media;
    text += first ? "\n" : ",\n";
    first = false;
    text += object.dump(-1, ' ', false, Json::error_handler_t::replace);
  }
  return text + "\n]}\n";
}

void write_missing_files(const std::filesystem::path& folder, const MissingList& list) {
  replace_file(folder / "missing.csv", missing_as_csv(list));
  replace_file(folder / "missing.json", missing_as_json(list));
  const std::filesystem::path unfinished = folder / ".missing.xlsx.unfinished";
  std::error_code ignored;
  std::filesystem::remove(unfinished, ignored);  // it may be a link that somebody put there
  write_spreadsheet(unfinished, list);
  replace_file(folder / "missing.xlsx", read_file(unfinished));
  std::filesystem::remove(unfinished, ignored);
}

}  // namespace medimirror
