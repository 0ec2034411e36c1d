#include "store/index_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <bit>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "base/error.h"
#include "base/file.h"

namespace medimirror {

namespace {

static_assert(std::endian::native == std::endian::little && sizeof(void*) == 8);

constexpr std::uint32_t kMagic = 0xBEEFC0DE;
constexpr std::uint32_t kDataVersion = 1;
constexpr std::uint16_t kBranchPage = 0x01, kLeafPage = 0x02, kOverflowPage = 0x04, kMetaPage = 0x08;
constexpr std::uint16_t kBigData = 0x01, kSubData = 0x02;  // of a leaf's entry
constexpr std::uint16_t kIntegerKeys = 0x08;               // of a tree
constexpr std::uint64_t kNoRoot = ~std::uint64_t{0};
constexpr std::size_t kHeaderBytes = 16;
constexpr unsigned kDepthMax = 32;

struct Tree {  // MDB_db
  std::uint32_t page_bytes;
  std::uint16_t flags, depth;
  std::uint64_t branch_pages, leaf_pages, overflow_pages, entries, root;
};
static_assert(sizeof(Tree) == 48);

struct Meta {  // MDB_meta
  std::uint32_t magic, version;
  std::uint64_t address, map_bytes;
  Tree free_pages, tables;
  std::uint64_t last_page, transaction;
};
static_assert(sizeof(Meta) == 136);

struct PageHeader {
  std::uint64_t number;
  std::uint16_t pad, flags, lower, upper;  // lower and upper are one count of pages in an overflow page
};
static_assert(sizeof(PageHeader) == kHeaderBytes);

struct NodeHeader {
  std::uint16_t low, high, flags, key_bytes;
};

struct Damage {
  std::string phrase;
};

template <typename Value>
Value load(std::string_view bytes, std::size_t offset) {
  Value value;
  if (offset > bytes.size() || bytes.size() - offset < sizeof value) throw Damage{"an entry leaves its page"};
  std::memcpy(&value, bytes.data() + offset, sizeof value);
  return value;
}

class File {
 public:
  File(int fd, const std::filesystem::path& path) : fd_(fd), path_(path) {
    struct stat info {};
    if (::fstat(fd, &info) != 0) throw_errno(errno, fmt::format("read {}", path.native()));
    size_ = static_cast<std::uint64_t>(info.st_size);
  }

  std::uint64_t size() const { return size_; }

  std::string read(std::uint64_t offset, std::size_t size) const {
    std::string bytes(size, '\0');
    std::size_t done = 0;
    while (done < size) {
      const ssize_t count = ::pread(fd_, bytes.data() + done, size - done, static_cast<off_t>(offset + done));
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) throw_errno(errno, fmt::format("read {}", path_.native()));
      if (count == 0) throw Damage{"it ends too early"};
      done += static_cast<std::size_t>(count);
    }
    return bytes;
  }

 private:
  int fd_;
  const std::filesystem::path& path_;
  std::uint64_t size_ = 0;
};

Meta read_meta(const File& file, std::uint64_t offset) {
  const std::string page = file.read(offset, kHeaderBytes + sizeof(Meta));
  const auto meta = load<Meta>(page, kHeaderBytes);
  if ((load<PageHeader>(page, 0).flags & kMetaPage) == 0 || meta.magic != kMagic)
    throw Damage{"its first pages are not an LMDB file's"};
  if (meta.version != kDataVersion) throw Damage{fmt::format("it has LMDB's data version {}", meta.version)};
  const std::uint32_t page_bytes = meta.free_pages.page_bytes;
  if (!std::has_single_bit(page_bytes) || page_bytes < 256 || page_bytes > 65536)
    throw Damage{"its page size is impossible"};
  return meta;
}

Meta newest_meta(const File& file) {
  const Meta first = read_meta(file, 0);
  const Meta second = read_meta(file, first.free_pages.page_bytes);
  return first.transaction >= second.transaction ? first : second;
}

class Walk {
 public:
  Walk(const File& file, const Meta& meta)
      : file_(file), meta_(meta), page_bytes_(meta.free_pages.page_bytes) {}

  void tree(const Tree& tree) {
    if (tree.root == kNoRoot) {
      if (tree.entries != 0) throw Damage{"a table has lost its root"};
      return;
    }
    if (tree.depth == 0 || tree.depth > kDepthMax) throw Damage{"a table's depth is impossible"};
    std::uint64_t entries = 0;
    subtree(tree, tree.root, tree.depth, entries);
    if (entries != tree.entries)
      throw Damage{fmt::format("a table has {} entries and should have {}", entries, tree.entries)};
  }

 private:
  std::string page(std::uint64_t number) {
    if (number < 2 || number > meta_.last_page) throw Damage{fmt::format("it points at page {}", number)};
    if (++pages_read_ > meta_.last_page) throw Damage{"its pages point at each other in a circle"};
    if ((number + 1) * page_bytes_ > file_.size())
      throw Damage{fmt::format("it has {} bytes and page {} is missing", file_.size(), number)};
    std::string bytes = file_.read(number * page_bytes_, page_bytes_);
    if (load<PageHeader>(bytes, 0).number != number)
      throw Damage{fmt::format("page {} is overwritten", number)};
    return bytes;
  }

  void subtree(const Tree& tree, std::uint64_t number, unsigned levels, std::uint64_t& entries) {
    const std::string bytes = page(number);
    const auto header = load<PageHeader>(bytes, 0);
    const bool is_leaf = levels == 1;
    if ((header.flags & (kBranchPage | kLeafPage | kOverflowPage | kMetaPage)) !=
            (is_leaf ? kLeafPage : kBranchPage) ||
        header.lower < kHeaderBytes || header.lower > header.upper || header.upper > page_bytes_)
      throw Damage{fmt::format("page {} is overwritten", number)};
    const std::size_t count = (header.lower - kHeaderBytes) / sizeof(std::uint16_t);
    std::string_view previous;
    for (std::size_t i = 0; i < count; ++i) {
      const std::size_t at = load<std::uint16_t>(bytes, kHeaderBytes + i * sizeof(std::uint16_t));
      const auto node = load<NodeHeader>(bytes, at);
      const std::size_t key_at = at + sizeof node;
      if (key_at + node.key_bytes > page_bytes_) throw Damage{"an entry leaves its page"};
      const std::string_view key = std::string_view(bytes).substr(key_at, node.key_bytes);
      if (i > (is_leaf ? 0 : 1) && (tree.flags & kIntegerKeys) == 0 && key <= previous)
        throw Damage{fmt::format("page {} is out of order", number)};
      previous = key;
      const std::uint64_t low = node.low | std::uint64_t{node.high} << 16;
      if (is_leaf)
        entry(bytes, node, key_at + node.key_bytes, low);
      else
        subtree(tree, low | std::uint64_t{node.flags} << 32, levels - 1, entries);
    }
    if (is_leaf) entries += count;
  }

  void entry(const std::string& bytes, const NodeHeader& node, std::size_t data_at,
             std::uint64_t data_bytes) {
    if ((node.flags & kBigData) != 0) {
      overflow(load<std::uint64_t>(bytes, data_at), data_bytes);
    } else if (data_at + data_bytes > page_bytes_) {
      throw Damage{"an entry leaves its page"};
    } else if ((node.flags & kSubData) != 0) {  // the entry of a table in the table of tables
      if (++nested_ > 1) throw Damage{"a table lies in a table"};
      tree(load<Tree>(bytes, data_at));
      --nested_;
    }
  }

  void overflow(std::uint64_t number, std::uint64_t data_bytes) {
    const std::uint64_t pages = (kHeaderBytes + data_bytes + page_bytes_ - 1) / page_bytes_;
    const std::string first = page(number);
    if ((load<PageHeader>(first, 0).flags & kOverflowPage) == 0 ||
        load<std::uint32_t>(first, offsetof(PageHeader, lower)) < pages)
      throw Damage{fmt::format("page {} is overwritten", number)};
    if ((number + pages) * page_bytes_ > file_.size()) throw Damage{"the end of a long entry is missing"};
  }

  const File& file_;
  const Meta& meta_;
  const std::uint64_t page_bytes_;
  std::uint64_t pages_read_ = 0;
  unsigned nested_ = 0;
};

void check(const File& file, const Meta& meta, IndexFileDepth depth) {
  // Pages at the end that were taken and given back in one transaction are never written, so a file may be
  // shorter than its meta page says and be whole. Only the walk can tell.
  const bool is_short = (meta.last_page + 1) * meta.free_pages.page_bytes > file.size();
  if (depth == IndexFileDepth::headers && !is_short) return;
  Walk walk(file, meta);
  walk.tree(meta.free_pages);
  walk.tree(meta.tables);
}

}  // namespace

std::optional<std::string> find_damage_in_index_file(const std::filesystem::path& path,
                                                     IndexFileDepth depth) {
  constexpr int kTriesMax = 5;
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd && errno == ENOENT) return std::nullopt;
  if (!fd) throw_errno(errno, fmt::format("open {}", path.native()));
  for (int tries = 0; tries < kTriesMax; ++tries) {
    const File file(fd.get(), path);
    if (file.size() == 0) return std::nullopt;  // not begun
    std::optional<Meta> meta;
    try {
      meta = newest_meta(file);
      check(file, *meta, depth);
      return std::nullopt;
    } catch (const Damage& damage) {
      if (!meta || newest_meta(file).transaction == meta->transaction) return damage.phrase;
    }
  }
  return std::nullopt;
}

}  // namespace medimirror
