#include "feed/feed.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <optional>

#include "base/error.h"
#include "base/file.h"
#include "base/units.h"
#include "feed/feed_writer.h"
#include "feed/picture_checks.h"

namespace medimirror {

namespace {

// Where the bytes go: a file that is replaced whole, a device or pipe that is written to, or stdout.
class FeedOutput {
 public:
  explicit FeedOutput(const std::filesystem::path& path) : name_(path) {
    if (path == "-") {
      name_ = "standard output";
      return;
    }
    const std::filesystem::path file = file_to_replace(path);
    if (file.empty())
      device_ = open_file(path, O_WRONLY | O_NOCTTY);
    else
      file_.emplace(file);
  }

  void write(std::string_view bytes) {
    written_ += bytes.size();
    if (file_) {
      file_->write(bytes);
      return;
    }
    buffer_ += bytes;
    if (buffer_.size() >= kBufferBytes) flush();
  }

  void commit() {
    if (file_) file_->commit();
    flush();
  }

  std::uint64_t written() const { return written_; }

 private:
  static constexpr std::size_t kBufferBytes = std::size_t{64} << 10;

  void flush() {
    if (!buffer_.empty()) write_all(device_ ? device_.get() : STDOUT_FILENO, buffer_, name_);
    buffer_.clear();
  }

  std::filesystem::path name_;
  std::optional<AtomicFile> file_;
  UniqueFd device_;  // or a pipe; without it and a file: standard output
  std::string buffer_;
  std::uint64_t written_ = 0;
};

class Feed {
 public:
  explicit Feed(const FeedOptions& options)
      : options_(options), rules_(rules_of(options.system)), problems_(options.problems) {
    WriterOptions writer;
    writer.system = options.system;
    writer.with_names = options.with_names;
    writer.replace_pictures = options.replace_pictures;
    writer.base_url = options.selection.base_url;
    writer.published_as =
        options.selection.view.empty() ? options.selection.publication : options.selection.view;
    if (options.system == FeedSystem::sqlite) {
      writer_ = make_sqlite_writer(writer, options.output);
      return;
    }
    output_.emplace(options.output);
    const ByteSink sink = [this](std::string_view bytes) { output_->write(bytes); };
    writer_ = rules_.is_shop ? make_shop_writer(writer, sink, problems_)
                             : make_plain_writer(writer, sink, problems_);
  }

  void add(FeedProduct& product) {
    const bool is_empty = product.pictures.empty();
    if (is_empty) ++result_.products_without_picture;
    if (is_empty && options_.system != FeedSystem::sqlite) return;
    if (rules_.is_shop) {
      if (!check_product(product)) {
        ++result_.products_left_out;
        result_.pictures_left_out += product.pictures.size();
        return;
      }
      check_pictures(product);
      if (product.pictures.empty()) {
        ++result_.products_left_out;
        return;
      }
      last_code_ = product.code;
    }
    if (!is_empty) ++result_.products;
    result_.pictures += product.pictures.size();
    writer_->add(product);
  }

  FeedResult finish() {
    writer_->finish();
    if (output_) {
      if (rules_.file_bytes_max != 0 && output_->written() > rules_.file_bytes_max)
        problems_.add(
            FeedProblem::file_too_large, nullptr, nullptr,
            fmt::format("the file has {}, and {} takes {}: export a list of codes at a time (--codes)",
                        format_bytes(output_->written()), rules_.title, format_bytes(rules_.file_bytes_max)));
      output_->commit();
    }
    problems_.commit();
    for (std::size_t i = 0; i < kFeedProblems; ++i)
      result_.problems[i] = problems_.count(static_cast<FeedProblem>(i));
    return result_;
  }

 private:
  bool check_product(const FeedProduct& product) {
    if (product.code.empty()) {
      problems_.add(FeedProblem::no_code, &product, nullptr,
                    "the product has no code of the kind that --sku asks for");
      return false;
    }
    if (product.code == last_code_) {
      problems_.add(FeedProblem::repeated_code, &product, nullptr,
                    "another product has the same code, and its pictures are in the file");
      return false;
    }
    if (rules_.needs_name && product.name.empty()) {
      problems_.add(FeedProblem::no_name, &product, nullptr,
                    fmt::format("{} wants a title, and the product has no name in the language asked for",
                                rules_.title));
      return false;
    }
    return true;
  }

  void check_pictures(FeedProduct& product) {
    std::vector<FeedPicture> good;
    for (FeedPicture& picture : product.pictures) {
      bool fits = true;
      for (const PictureFinding& finding : check_picture(picture, rules_)) {
        problems_.add(finding.problem, &product, &picture, finding.detail);
        fits = fits && !leaves_out(finding.problem);
      }
      if (fits && rules_.pictures_max != 0 && good.size() == rules_.pictures_max) {
        problems_.add(FeedProblem::too_many_pictures, &product, &picture,
                      fmt::format("{} takes {} pictures of a product", rules_.title, rules_.pictures_max));
        fits = false;
      }
      if (fits)
        good.push_back(std::move(picture));
      else
        ++result_.pictures_left_out;
    }
    product.pictures = std::move(good);
  }

  const FeedOptions& options_;
  const FeedRules& rules_;
  ProblemList problems_;
  std::optional<FeedOutput> output_;
  std::unique_ptr<FeedWriter> writer_;
  std::string last_code_;
  FeedResult result_;
};

}  // namespace

FeedResult write_feed(const FeedOptions& options, const IndexReader& index) {
  Feed feed(options);
  PictureSelection selection = options.selection;
  selection.with_media = !rules_of(options.system).is_shop;
  // A table keeps its own order, and is written fastest in it.
  selection.by_id = options.system == FeedSystem::sqlite;
  each_product_with_pictures(selection, index, [&](FeedProduct& product) { feed.add(product); });
  return feed.finish();
}

}  // namespace medimirror
