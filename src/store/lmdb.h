// Role: LMDB with owners: an environment, its tables, transactions, cursors. The only file that knows the
// library.
// Place: under index.cc, which gives the bytes a meaning.
// Threads: an Environment may be shared. A reading Transaction and its cursors belong to one thread at a time
// (MDB_NOTLS), several may exist in a thread; a writing one belongs to the thread that made it, one at a
// time.
// Failure: throws Error{index} for damage (the sentence names `medimirror rebuild`), Error{disk} for a full
// or failing disk, Error{config} for a folder on a network file system, where LMDB's locks and maps do not
// hold.
// Limits: keys 1 to 511 bytes. The map is address space and a sparse file, not disk: Options::map_bytes, or
// four times what is used where that is more, so it has room for every run but one that adds three times all
// that was there.
// Memory: mapped pages count as the process's own, and the kernel maps 16 around each one that is touched. So
// what has been read is unmapped again (it stays in the page cache) every kPagesKeptMapped pages: a walk over
// gigabytes keeps some 64 MB at most. Views: a std::string_view into a transaction holds until its next
// write, its end, or its renewal.
#pragma once

#include <sys/types.h>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "store/fault_watch.h"

struct MDB_env;
struct MDB_txn;
struct MDB_cursor;

namespace medimirror::lmdb {

enum class Access { read, write };
using Table = unsigned;  // a number from Environment::table()

// LMDB knows who reads by the number of the process, which two containers over one folder may share: each has a process
// 1. It refuses the second. Whether another process with our number reads there just now; ask before the environment is
// opened, since the question drops our own locks.
bool is_process_number_taken(const std::filesystem::path& folder);

class Environment {
 public:
  struct Options {
    std::uint64_t map_bytes = std::uint64_t{64} << 30;
    Access access = Access::write;
    bool durable = true;  // false is for measuring only: a crash of the machine may cost the whole index
  };
  // Tables that are absent are made (access write). Once a process and folder: LMDB's file locks demand it.
  Environment(std::filesystem::path folder, const Options& options, std::span<const std::string_view> tables);
  ~Environment();
  Environment(const Environment&) = delete;
  Environment& operator=(const Environment&) = delete;

  Table table(std::size_t position) const { return tables_[position]; }  // as in `tables`
  const std::filesystem::path& folder() const { return folder_; }

  static constexpr std::uint32_t kPagesKeptMapped = 1024;
  void note_page_read();  // unmaps when enough have been read

 private:
  friend class Transaction;
  friend class Cursor;
  void open(const Options& options);
  void close();
  void open_tables(const Options& options, std::span<const std::string_view> names);
  [[noreturn]] void fail(int code, std::string_view operation) const;
  [[noreturn]] void fail_damaged(std::string_view reason) const;

  std::filesystem::path folder_;
  const FaultWatch fault_watch_{folder_};
  MDB_env* env_ = nullptr;
  std::vector<Table> tables_;
  std::optional<std::pair<dev_t, ino_t>> registration_;  // for the once-a-process check
  std::string_view map_;                                 // the address space of the file; empty when unknown
  std::atomic<std::uint32_t> pages_read_{0};
};

// Which pages were met lately: so that a page counts once while it is walked over, not once for each of its entries.
class RecentPages {
 public:
  // Whether `page` is not among them; it is from now on. Two pages may share a place, the later one has it.
  bool is_new(std::uintptr_t page) { return std::exchange(pages_[page % pages_.size()], page) != page; }

 private:
  std::array<std::uintptr_t, 64> pages_{};
};

class Transaction {
 public:
  Transaction(Environment& environment, Access access);
  ~Transaction();  // a writing one that was not committed is dropped
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;

  std::optional<std::string_view> get(Table table, std::string_view key) const;
  std::uint64_t count(Table table) const;

  void put(Table table, std::string_view key, std::string_view value);
  void remove(Table table, std::string_view key);  // what is not there is fine
  void commit();                                   // nothing may be asked of it afterwards

  void renew();  // a reading one: to what is committed now. Its cursors find their way by themselves.
  std::uint64_t generation() const { return generation_; }

  Environment& environment() const { return environment_; }

 private:
  friend class Cursor;
  bool sorts_last(Table table, std::string_view key);
  void note_write(Table table, std::string_view key);

  Environment& environment_;
  MDB_txn* txn_ = nullptr;
  std::uint64_t generation_ = 0;
  std::vector<std::optional<std::string>> last_keys_;  // by table: no key in it sorts after this
  mutable RecentPages read_, written_;
};

// Over one table, in key order. A cursor of a writing transaction ends before it does.
class Cursor {
 public:
  Cursor(const Transaction& transaction, Table table);
  ~Cursor();
  Cursor(const Cursor&) = delete;
  Cursor& operator=(const Cursor&) = delete;

  // Each tells whether there is an entry; then key() and value() are it.
  bool first();
  bool last();
  bool next();                            // after the end, and where nothing was sought: false
  bool seek(std::string_view key);        // the first entry that does not sort before `key`
  bool seek_after(std::string_view key);  // the first that sorts after

  std::string_view key() const { return key_; }
  std::string_view value() const { return value_; }
  const Transaction& transaction() const { return transaction_; }
  bool is_current() const { return generation_ == transaction_.generation(); }  // false: seek again

 private:
  bool move(int operation, std::string_view from = {});

  const Transaction& transaction_;
  MDB_cursor* cursor_ = nullptr;
  std::uint64_t generation_ = 0;
  std::uintptr_t page_ = 0;
  bool on_entry_ = false;
  std::string_view key_, value_;
};

}  // namespace medimirror::lmdb
