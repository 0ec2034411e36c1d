// SQLite: products, their codes and names, and their published pictures, for whoever joins them with a stock list.
// Format: user_version 1; the schema below is a contract. Products without a picture are there too. Nothing in it tells
// when it was made, so that equal mirrors make equal files.
#include <fcntl.h>
#include <fmt/format.h>
#include <sqlite3.h>
#include <stdio.h>
#include <unistd.h>

#include <cerrno>
#include <set>

#include "base/error.h"
#include "base/file.h"
#include "base/units.h"
#include "feed/feed_writer.h"
#include "feed/fitted_text.h"

namespace medimirror {

namespace {

constexpr const char* kSchema = R"(
PRAGMA journal_mode = OFF;
PRAGMA synchronous = OFF;
PRAGMA user_version = 1;
BEGIN;
CREATE TABLE about (
  name  TEXT PRIMARY KEY,            -- base_url, published_as
  value TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE products (
  product TEXT PRIMARY KEY,          -- Medipim id
  code    TEXT NOT NULL,             -- as --sku asks for; empty when it has none
  status  TEXT NOT NULL,
  name    TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE codes (
  code    TEXT NOT NULL,
  product TEXT NOT NULL REFERENCES products,
  kind    TEXT NOT NULL,             -- cnk, gtin
  PRIMARY KEY (code, product)
) WITHOUT ROWID;
CREATE TABLE names (
  product TEXT NOT NULL REFERENCES products,
  locale  TEXT NOT NULL,
  name    TEXT NOT NULL,
  PRIMARY KEY (product, locale)
) WITHOUT ROWID;
CREATE TABLE pictures (
  product    TEXT NOT NULL REFERENCES products,
  position   INTEGER NOT NULL,       -- from 1
  media      INTEGER NOT NULL,       -- Medipim id
  kind       TEXT NOT NULL,
  photo_type TEXT NOT NULL,
  url        TEXT NOT NULL,
  path       TEXT NOT NULL,          -- below media/
  format     TEXT NOT NULL,
  width      INTEGER NOT NULL,
  height     INTEGER NOT NULL,
  bytes      INTEGER NOT NULL,
  sha256     TEXT NOT NULL,
  modified   INTEGER NOT NULL,       -- unix seconds
  PRIMARY KEY (product, position)
) WITHOUT ROWID;
)";

class Database {
 public:
  explicit Database(const std::filesystem::path& path) : path_(path) {
    if (sqlite3_open_v2(path.c_str(), &handle_, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, nullptr) !=
        SQLITE_OK)
      fail();
  }
  ~Database() { sqlite3_close_v2(handle_); }
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  void run(const char* statements) {
    if (sqlite3_exec(handle_, statements, nullptr, nullptr, nullptr) != SQLITE_OK) fail();
  }

  // Everything is on its way to the disk when it returns.
  void close() {
    if (sqlite3_close(handle_) != SQLITE_OK) fail();
    handle_ = nullptr;
  }

  sqlite3* handle() { return handle_; }

  [[noreturn]] void fail() const {
    throw Error(ErrorKind::disk,
                fmt::format("cannot write {}: {}", path_.native(),
                            handle_ == nullptr ? "out of memory" : sqlite3_errmsg(handle_)),
                "write an SQLite file");
  }

 private:
  std::filesystem::path path_;
  sqlite3* handle_ = nullptr;
};

class Insert {
 public:
  Insert(Database& database, const char* statement) : database_(database) {
    if (sqlite3_prepare_v2(database.handle(), statement, -1, &statement_, nullptr) != SQLITE_OK)
      database.fail();
  }
  ~Insert() { sqlite3_finalize(statement_); }
  Insert(const Insert&) = delete;
  Insert& operator=(const Insert&) = delete;

  template <typename... Values>
  void row(const Values&... values) {
    int column = 0;
    (bind(++column, values), ...);
    if (sqlite3_step(statement_) != SQLITE_DONE) database_.fail();
    sqlite3_reset(statement_);
    sqlite3_clear_bindings(statement_);
  }

 private:
  void bind(int column, std::string_view text) {
    // Null would be a missing value; the bytes stay where they are until the row is written.
    const char* const bytes = text.empty() ? "" : text.data();
    if (sqlite3_bind_text64(statement_, column, bytes, text.size(), SQLITE_STATIC, SQLITE_UTF8) != SQLITE_OK)
      database_.fail();
  }
  void bind(int column, std::int64_t number) {
    if (sqlite3_bind_int64(statement_, column, number) != SQLITE_OK) database_.fail();
  }

  Database& database_;
  sqlite3_stmt* statement_ = nullptr;
};

class SqliteWriter final : public FeedWriter {
 public:
  SqliteWriter(const WriterOptions& options, const std::filesystem::path& path)
      : path_(path),
        temporary_(path.parent_path() / fmt::format(".{}.{}.tmp", path.filename().native(), ::getpid())) {
    ::unlink(temporary_.c_str());  // of a process of the same number that was killed
    database_ = std::make_unique<Database>(temporary_);
    database_->run(kSchema);
    Insert about(*database_, "INSERT INTO about VALUES (?, ?)");
    about.row("base_url", options.base_url);
    about.row("published_as", options.published_as);
    inserts_ = std::make_unique<Inserts>(*database_);
  }

  ~SqliteWriter() override {
    inserts_.reset();
    database_.reset();
    if (!finished_) ::unlink(temporary_.c_str());
  }

  void add(const FeedProduct& product) override {
    const Product& listed = product.product;
    inserts_->products.row(listed.id, product.code, listed.status, valid(product.name));
    std::set<std::string> codes;
    if (!listed.cnk.empty() && codes.insert(listed.cnk).second)
      inserts_->codes.row(listed.cnk, listed.id, "cnk");
    for (const std::string& ean : listed.eans)
      if (codes.insert(ean).second) inserts_->codes.row(ean, listed.id, "gtin");
    std::set<std::string> locales;
    for (const auto& [locale, name] : listed.names)
      if (locales.insert(locale).second) inserts_->names.row(listed.id, locale, valid(name));
    std::int64_t position = 0;
    for (const FeedPicture& picture : product.pictures)
      inserts_->pictures.row(listed.id, ++position, static_cast<std::int64_t>(picture.media), picture.kind,
                             valid(picture.photo_type), picture.url, picture.file.path,
                             name_of(picture.info.format), std::int64_t{picture.info.width},
                             std::int64_t{picture.info.height}, static_cast<std::int64_t>(picture.file.bytes),
                             picture.file.digest.hex(), std::int64_t{picture.file.mtime});
  }

  void finish() override {
    inserts_.reset();
    database_->run("COMMIT");
    database_->close();
    {
      const UniqueFd file = open_file(temporary_, O_RDONLY);
      sync_file(file.get(), temporary_);
    }
    if (::rename(temporary_.c_str(), path_.c_str()) != 0)
      throw_errno(errno, fmt::format("rename {} to {}", temporary_.native(), path_.native()));
    finished_ = true;
    const std::filesystem::path folder = path_.parent_path();
    sync_folder(folder.empty() ? "." : folder);
  }

 private:
  struct Inserts {
    explicit Inserts(Database& database)
        : products(database, "INSERT INTO products VALUES (?, ?, ?, ?)"),
          codes(database, "INSERT INTO codes VALUES (?, ?, ?)"),
          names(database, "INSERT INTO names VALUES (?, ?, ?)"),
          pictures(database, "INSERT INTO pictures VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)") {}
    Insert products, codes, names, pictures;
  };

  static std::string valid(std::string_view text) { return fit_text(text, {.keep_controls = true}).text; }

  const std::filesystem::path path_, temporary_;
  std::unique_ptr<Database> database_;
  std::unique_ptr<Inserts> inserts_;
  bool finished_ = false;
};

}  // namespace

std::unique_ptr<FeedWriter> make_sqlite_writer(const WriterOptions& options,
                                               const std::filesystem::path& path) {
  const std::filesystem::path file = file_to_replace(path);
  if (file.empty())
    throw Error(ErrorKind::usage,
                fmt::format("{} is no file, and a SQLite database has to be one", path.native()),
                "write the export");
  return std::make_unique<SqliteWriter>(options, file);
}

}  // namespace medimirror
