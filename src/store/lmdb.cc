#include "store/lmdb.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <lmdb.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <cassert>
#include <cerrno>
#include <cinttypes>
#include <cstdio>
#include <fstream>
#include <mutex>
#include <utility>

#include "base/error.h"
#include "base/file.h"
#include "base/log.h"
#include "store/index_file.h"

namespace medimirror::lmdb {

namespace fs = std::filesystem;

namespace {

constexpr std::uint64_t kMegabyte = std::uint64_t{1} << 20;

MDB_val to_val(std::string_view bytes) {
  return {bytes.size(), const_cast<char*>(bytes.data())};
}
std::string_view to_view(const MDB_val& value) {
  return {static_cast<const char*>(value.mv_data), value.mv_size};
}
std::uintptr_t page_of(const MDB_val& value) {
  return reinterpret_cast<std::uintptr_t>(value.mv_data) >> 12;
}

// In place of a page where LMDB does not say which it touched: keys with the same first bytes are taken to be on the
// same one, which 256 media ids roughly are, and digests are not.
std::uintptr_t place_of(Table table, std::string_view key) {
  constexpr std::size_t kBytes = 7;
  std::uintptr_t place = table;
  for (const char c : key.substr(0, kBytes)) place = place * 131 + static_cast<unsigned char>(c);
  return place;
}

// A second environment over the same files in one process would, when closed, drop the file locks of the
// first (POSIX locks belong to the process), and other processes could then reuse pages that are still being
// read.
std::mutex open_files_mutex;
std::vector<std::pair<dev_t, ino_t>> open_files;

void refuse_network_file_system(const fs::path& folder) {
  struct statfs info {};
  if (::statfs(folder.c_str(), &info) != 0) throw_errno(errno, fmt::format("look at {}", folder.native()));
  struct Kind {
    std::uint32_t magic;
    const char* name;
    bool is_network;
  };
  static constexpr Kind kinds[] = {
      {0x6969, "NFS", true},        {0x517B, "SMB", true},        {0xFE534D42, "SMB", true},
      {0xFF534D42, "CIFS", true},   {0x00C36400, "CephFS", true}, {0x5346414F, "AFS", true},
      {0x0BD00BD0, "Lustre", true}, {0x65735546, "FUSE", false},  {0x01021997, "9P", false},
  };
  for (const Kind& kind : kinds) {
    if (static_cast<std::uint32_t>(info.f_type) != kind.magic) continue;
    if (kind.is_network)
      throw Error(
          ErrorKind::config,
          fmt::format(
              "the index cannot live on {}, and {} is there: set store_dir to a folder on a local disk "
              "(media_dir may stay where it is)",
              kind.name, folder.native()),
          "open the index");
    log_warning("the index in {} is on {}; if that is a network share, set store_dir to a local folder",
                folder.native(), kind.name);
  }
}

bool is_full(const fs::path& folder) {
  struct statvfs space {};
  constexpr std::uint64_t kRoomForACommit = 1 << 20;
  return ::statvfs(folder.c_str(), &space) == 0 &&
         std::uint64_t{space.f_bavail} * space.f_frsize < kRoomForACommit;
}

// Where this process has mapped the file, as the kernel tells: LMDB 0.9 does not. Empty when it cannot be
// found out.
std::string_view find_map(const struct stat& file) {
  std::ifstream maps("/proc/self/maps");
  for (std::string line; std::getline(maps, line);) {
    std::uintptr_t begin = 0, end = 0;
    unsigned device_major = 0, device_minor = 0;
    unsigned long inode = 0;
    if (std::sscanf(line.c_str(), "%" SCNxPTR "-%" SCNxPTR " %*s %*s %x:%x %lu", &begin, &end, &device_major,
                    &device_minor, &inode) != 5)
      continue;
    if (inode == file.st_ino && makedev(device_major, device_minor) == file.st_dev)
      return {reinterpret_cast<const char*>(begin), end - begin};
  }
  return {};
}

}  // namespace

// LMDB's own mark of a live reader: a lock on the byte of lock.mdb that its process number names.
bool is_process_number_taken(const fs::path& folder) {
  const UniqueFd fd(::open((folder / "lock.mdb").c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) return false;
  struct flock lock {};
  lock.l_type = F_WRLCK;
  lock.l_whence = SEEK_SET;
  lock.l_start = ::getpid();
  lock.l_len = 1;
  return ::fcntl(fd.get(), F_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
}

// ---------------------------------------------------------------- Environment

Environment::Environment(fs::path folder, const Options& options, std::span<const std::string_view> tables)
    : folder_(std::move(folder)) {
  try {
    open(options);
    open_tables(options, tables);
  } catch (...) {
    close();
    throw;
  }
}

Environment::~Environment() {
  close();
}

void Environment::close() {
  if (env_ != nullptr) mdb_env_close(env_);
  env_ = nullptr;
  if (!registration_) return;
  const std::lock_guard lock(open_files_mutex);
  std::erase(open_files, *registration_);
}

void Environment::open(const Options& options) {
  const fs::path file = folder_ / "data.mdb";
  const bool writes = options.access == Access::write;
  if (writes) make_folders(folder_);
  struct stat info {};
  const bool exists = ::stat(file.c_str(), &info) == 0 && info.st_size > 0;
  if (!exists && !writes)
    throw Error(ErrorKind::index,
                fmt::format("there is no index in {} yet: run medimirror sync first", folder_.native()),
                "open the index");
  refuse_network_file_system(folder_);
  if (const auto damage = find_damage_in_index_file(file, IndexFileDepth::headers)) fail_damaged(*damage);

  const auto used = static_cast<std::uint64_t>(info.st_size);
  const std::uint64_t wanted = std::max(options.map_bytes, 4 * used);
  unsigned flags = MDB_NOTLS | MDB_NOMEMINIT;
  if (!writes) flags |= MDB_RDONLY;
  if (!options.durable) flags |= MDB_NOSYNC;
  // Read-ahead pays as long as the index fits the page cache beside everything else.
  const auto memory = static_cast<std::uint64_t>(::sysconf(_SC_PHYS_PAGES)) *
                      static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  if (used > memory / 2) flags |= MDB_NORDAHEAD;

  int code = mdb_env_create(&env_);
  if (code == 0)
    code = mdb_env_set_assert(env_, [](MDB_env*, const char*) { FaultWatch::say_damaged_and_end(); });
  if (code == 0) code = mdb_env_set_maxdbs(env_, 32);
  if (code == 0) code = mdb_env_set_mapsize(env_, (wanted + kMegabyte - 1) / kMegabyte * kMegabyte);
  if (code == 0) code = mdb_env_open(env_, folder_.c_str(), flags, 0644);
  if (code != 0) fail(code, "open");

  if (::stat(file.c_str(), &info) != 0) throw_errno(errno, fmt::format("open {}", file.native()));
  {
    const std::lock_guard lock(open_files_mutex);
    const std::pair identity{info.st_dev, info.st_ino};
    if (std::find(open_files.begin(), open_files.end(), identity) != open_files.end())
      throw Error(ErrorKind::internal,
                  fmt::format("the index in {} is open already in this process", folder_.native()),
                  "open the index");
    open_files.push_back(identity);
    registration_ = identity;
  }
  map_ = find_map(info);
  // where root only looks, the owner must still be able to
  if (::geteuid() == 0 && ::chown((folder_ / "lock.mdb").c_str(), info.st_uid, info.st_gid) != 0)
    log_debug("the owner of lock.mdb in {} stays root", folder_.native());
  if (writes && !exists && options.durable) {  // LMDB syncs its file, not the names that lead to it
    sync_folder(folder_);
    if (folder_.has_parent_path()) sync_folder(folder_.parent_path());
  }
  int dead = 0;
  code = mdb_reader_check(env_, &dead);
  if (code != 0) fail(code, "open");
  if (dead > 0) log_info("the index had {} readers that ended without a word; cleared", dead);
}

void Environment::open_tables(const Options& options, std::span<const std::string_view> names) {
  // First as a reader: an index that has its tables is not written to only for opening it.
  for (const Access access : {Access::read, Access::write}) {
    if (access == Access::write && options.access == Access::read) break;
    MDB_txn* txn = nullptr;
    int code = mdb_txn_begin(env_, nullptr, access == Access::read ? MDB_RDONLY : 0, &txn);
    if (code != 0) fail(code, "open");
    tables_.clear();
    for (std::size_t i = 0; code == 0 && i < names.size(); ++i) {
      MDB_dbi table = 0;
      code =
          mdb_dbi_open(txn, std::string(names[i]).c_str(), access == Access::write ? MDB_CREATE : 0, &table);
      tables_.push_back(table);
    }
    if (code == 0) {
      code = mdb_txn_commit(txn);
      if (code != 0) fail(code, "open");
      return;
    }
    mdb_txn_abort(txn);
    if (code != MDB_NOTFOUND) fail(code, "open");
  }
  throw Error(
      ErrorKind::index,
      fmt::format(
          "{} is an LMDB file, but not an index of medimirror, or one whose making was cut short: run "
          "medimirror sync, or point store_dir elsewhere",
          (folder_ / "data.mdb").native()),
      "open the index");
}

void Environment::fail(int code, std::string_view operation) const {
  const std::string what = fmt::format("{} the index in {}", operation, folder_.native());
  switch (code) {
    case MDB_MAP_FULL:
      throw Error(
          ErrorKind::disk,
          fmt::format(
              "cannot {}: it has filled the address space reserved for it; run again, what is done is "
              "kept and the next start reserves more",
              what),
          what);
    case MDB_MAP_RESIZED:
      throw Error(ErrorKind::disk,
                  fmt::format("cannot {}: another program made it much larger meanwhile; run again", what),
                  what);
    case MDB_READERS_FULL:
      throw Error(ErrorKind::index,
                  fmt::format("cannot {}: too many programs read it at once; end some and run again", what),
                  what);
    case MDB_BAD_VALSIZE:
      throw Error(ErrorKind::internal,
                  fmt::format("cannot {}: a key is empty or longer than it may be", what), what);
    case MDB_BAD_TXN:
    case MDB_BAD_RSLOT:
    case MDB_BAD_DBI:
    case MDB_KEYEXIST:
    case EINVAL:
      throw Error(ErrorKind::internal, fmt::format("cannot {}: {}", what, mdb_strerror(code)), what);
    case EAGAIN:
      throw Error(
          ErrorKind::locked,
          fmt::format("cannot {}: another program with the process number {} reads it just now, as happens "
                      "with two containers over one folder; run again",
                      what, ::getpid()),
          what);
    case ENOMEM:
      throw Error(
          ErrorKind::disk,
          fmt::format(
              "cannot {}: no memory or address space for it; raise the limit (ulimit -v) and run again",
              what),
          what);
    default:
      break;
  }
  // LMDB calls a write that was cut short EIO. A disk with no room for the page does that; a failing one says it at once.
  if (code == EIO && is_full(folder_)) throw_errno(ENOSPC, what);
  if (code > 0) throw_errno(code, what);
  fail_damaged(mdb_strerror(code));
}

void Environment::fail_damaged(std::string_view reason) const {
  throw Error(ErrorKind::index,
              fmt::format("the index in {} is damaged ({}): run medimirror rebuild, no picture is lost by it",
                          folder_.native(), reason),
              "read the index");
}

void Environment::note_page_read() {
  if (pages_read_.fetch_add(1, std::memory_order_relaxed) + 1 < kPagesKeptMapped) return;
  pages_read_.store(0, std::memory_order_relaxed);
  // Without MDB_WRITEMAP the map holds no changes, so nothing can be lost, and a page that is read again
  // comes back from the page cache. Other threads reading meanwhile only take that fault. A refusal costs
  // nothing but memory.
  if (map_.data() != nullptr) ::madvise(const_cast<char*>(map_.data()), map_.size(), MADV_DONTNEED);
}

// ---------------------------------------------------------------- Transaction

Transaction::Transaction(Environment& environment, Access access)
    : environment_(environment), last_keys_(access == Access::write ? environment.tables_.size() : 0) {
  const int code = mdb_txn_begin(environment.env_, nullptr, access == Access::read ? MDB_RDONLY : 0, &txn_);
  if (code != 0) environment_.fail(code, "read");
}

Transaction::~Transaction() {
  if (txn_ != nullptr) mdb_txn_abort(txn_);
}

std::optional<std::string_view> Transaction::get(Table table, std::string_view key) const {
  assert(txn_ != nullptr);
  MDB_val key_val = to_val(key), value{};
  const int code = mdb_get(txn_, table, &key_val, &value);
  if (code != 0 && code != MDB_NOTFOUND) environment_.fail(code, "read");
  if (read_.is_new(code == 0 ? page_of(value) : place_of(table, key))) environment_.note_page_read();
  if (code == MDB_NOTFOUND) return std::nullopt;
  return to_view(value);
}

std::uint64_t Transaction::count(Table table) const {
  MDB_stat stat{};
  const int code = mdb_stat(txn_, table, &stat);
  if (code != 0) environment_.fail(code, "read");
  return stat.ms_entries;
}

// Whether `key` goes to the end of its table. Told so (MDB_APPEND), LMDB fills its pages to the brim instead
// of leaving them half full, which is what ascending keys do to them otherwise.
bool Transaction::sorts_last(Table table, std::string_view key) {
  const auto position =
      static_cast<std::size_t>(std::find(environment_.tables_.begin(), environment_.tables_.end(), table) -
                               environment_.tables_.begin());
  std::optional<std::string>& last_key = last_keys_[position];
  if (!last_key) {
    Cursor cursor(*this, table);
    last_key = cursor.last() ? std::string(cursor.key()) : std::string();
  }
  if (key <= *last_key) return false;
  *last_key = key;
  return true;
}

void Transaction::put(Table table, std::string_view key, std::string_view value) {
  assert(txn_ != nullptr);
  MDB_val key_val = to_val(key), value_val = to_val(value);
  const int code = mdb_put(txn_, table, &key_val, &value_val, sorts_last(table, key) ? MDB_APPEND : 0);
  if (code != 0) environment_.fail(code, "write");
  note_write(table, key);
}

void Transaction::remove(Table table, std::string_view key) {
  assert(txn_ != nullptr);
  MDB_val key_val = to_val(key);
  const int code = mdb_del(txn_, table, &key_val, nullptr);
  if (code != 0 && code != MDB_NOTFOUND) environment_.fail(code, "write");
  note_write(table, key);
}

// A page that changes is read first.
void Transaction::note_write(Table table, std::string_view key) {
  if (written_.is_new(place_of(table, key))) environment_.note_page_read();
}

void Transaction::commit() {
  assert(txn_ != nullptr);
  const int code = mdb_txn_commit(std::exchange(txn_, nullptr));
  if (code != 0) environment_.fail(code, "write");
}

void Transaction::renew() {
  mdb_txn_reset(txn_);
  ++generation_;
  const int code = mdb_txn_renew(txn_);
  if (code != 0) environment_.fail(code, "read");
}

// ---------------------------------------------------------------- Cursor

Cursor::Cursor(const Transaction& transaction, Table table) : transaction_(transaction) {
  assert(transaction.txn_ != nullptr);
  const int code = mdb_cursor_open(transaction.txn_, table, &cursor_);
  if (code != 0) transaction_.environment_.fail(code, "read");
  generation_ = transaction.generation_;
}

Cursor::~Cursor() {
  mdb_cursor_close(cursor_);
}

bool Cursor::first() {
  return move(MDB_FIRST);
}
bool Cursor::last() {
  return move(MDB_LAST);
}
bool Cursor::next() {
  return on_entry_ && is_current() && move(MDB_NEXT);
}
bool Cursor::seek(std::string_view key) {
  return key.empty() ? first() : move(MDB_SET_RANGE, key);
}

bool Cursor::seek_after(std::string_view key) {
  const std::string sought(key);  // may be this cursor's own key
  return seek(sought) && (key_ != sought || next());
}

bool Cursor::move(int operation, std::string_view from) {
  Environment& environment = transaction_.environment_;
  if (!is_current()) {
    const int code = mdb_cursor_renew(transaction_.txn_, cursor_);
    if (code != 0) environment.fail(code, "read");
    generation_ = transaction_.generation_;
  }
  MDB_val key = to_val(from), value{};
  const int code = mdb_cursor_get(cursor_, &key, &value, static_cast<MDB_cursor_op>(operation));
  on_entry_ = code == 0;
  if (code == MDB_NOTFOUND) return false;
  if (code != 0) environment.fail(code, "read");
  key_ = to_view(key);
  value_ = to_view(value);
  const std::uintptr_t page = page_of(key);
  if (std::exchange(page_, page) != page) environment.note_page_read();
  return true;
}

}  // namespace medimirror::lmdb
