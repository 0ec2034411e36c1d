#include "run/image_worker.h"

#include <fmt/format.h>

#include "base/sha256.h"
#include "image/header.h"

namespace medimirror {

namespace {

constexpr std::size_t kSampleBytes = 4096;  // of a refused body, kept for `show`

}  // namespace

ImageWorker::ImageWorker(const Options& options, const Index& index, BlobStore& blobs, const Clock& clock,
                         Inbox<ImageWork>& inbox, Inbox<WriterMessage>& writer)
    : options_(options),
      blobs_(blobs),
      clock_(clock),
      inbox_(inbox),
      writer_(writer),
      view_(index.view()),
      decoder_(options.decoder) {}

void ImageWorker::run() {
  while (std::optional<ImageWork> work = inbox_.take()) {
    view_.renew();
    if (!writer_.push(std::visit([&](auto& concrete) { return process(concrete); }, *work))) return;
  }
}

WriterMessage ImageWorker::process(FetchedBody& body) {
  const Digest& digest = body.fetched.digest;
  const std::string_view bytes = body.fetched.body.view();
  const std::optional<BlobRecord> known = view_.blob(digest);
  const bool held = known && blobs_.has(digest);
  const std::uint64_t missing = body.key.format == options_.derivative_source ? recipes_missing(digest) : 0;

  Inspection inspection;
  if (held && missing == 0) {
    inspection.info = known->info;
  } else {
    std::optional<Rejection> rejection;
    if (options_.validate == Validate::header && missing == 0) {
      std::variant<ImageInfo, Rejection> verdict = inspect_header(bytes, options_.decoder.limits);
      if (auto* refused = std::get_if<Rejection>(&verdict)) {
        rejection = std::move(*refused);
      } else {
        inspection.info = std::move(std::get<ImageInfo>(verdict));
      }
    } else {
      std::variant<Inspection, Rejection> verdict = decoder_.inspect(bytes, {options_.recipes, missing});
      if (auto* refused = std::get_if<Rejection>(&verdict)) {
        rejection = std::move(*refused);
      } else {
        inspection = std::move(std::get<Inspection>(verdict));
      }
    }
    if (rejection)
      return NotFetched{std::move(body.key),
                        std::move(body.url),
                        std::string(name_of(rejection->reason)),
                        std::move(rejection->detail),
                        std::string(bytes.substr(0, kSampleBytes)),
                        body.tries,
                        body.room_bytes};
  }
  // a date of the future would make the file look changed to rsync's --update and to caches for ever
  const UnixSeconds now = clock_.unix_now();
  const UnixSeconds mtime = std::min(body.fetched.last_modified.value_or(now), now);
  Arrived arrived;
  arrived.blob = held ? NewBlob{std::nullopt, digest, *known} : stage(digest, bytes, inspection.info, mtime);
  arrived.derivatives = stage_derivatives(inspection, mtime);
  arrived.key = std::move(body.key);
  arrived.url = std::move(body.url);
  arrived.validators = std::move(body.fetched.validators);
  arrived.tries = body.tries;
  arrived.room_bytes = body.room_bytes;
  return arrived;
}

WriterMessage ImageWorker::process(MissingDerivatives& work) {
  Derived derived = derive(work.source);
  derived.room_bytes = work.room_bytes;
  return derived;
}

Derived ImageWorker::derive(const Digest& source) {
  const std::uint64_t missing = recipes_missing(source);
  const std::optional<BlobRecord> record = view_.blob(source);
  if (missing == 0 || !record) return {source, {}, {}, 0};
  const std::optional<std::string> bytes = blobs_.read(source);
  const std::string name = source.hex();
  if (!bytes) return {source, {}, fmt::format("the blob {} is missing: run `medimirror verify`", name), 0};
  if (sha256(*bytes) != source)
    return {source, {}, fmt::format("the blob {} is damaged: run `medimirror verify`", name), 0};
  std::variant<Inspection, Rejection> verdict = decoder_.inspect(*bytes, {options_.recipes, missing});
  if (const auto* refused = std::get_if<Rejection>(&verdict))
    return {source, {}, fmt::format("no derivatives of blob {}: {}", name, refused->detail), 0};
  return {source, stage_derivatives(std::get<Inspection>(verdict), record->mtime), {}, 0};
}

std::uint64_t ImageWorker::recipes_missing(const Digest& source) const {
  std::uint64_t missing = 0;
  for (std::size_t i = 0; i < options_.recipes.size(); ++i) {
    const std::optional<Digest> made = view_.derivative({source, options_.recipes[i].key()});
    if (!made || !blobs_.has(*made)) missing |= std::uint64_t{1} << i;
  }
  return missing;
}

std::vector<NewDerivative> ImageWorker::stage_derivatives(const Inspection& inspection, UnixSeconds mtime) {
  std::vector<NewDerivative> staged;
  for (const MadeDerivative& made : inspection.derivatives)
    staged.push_back(
        {options_.recipes.at(made.recipe).key(), stage(sha256(made.bytes), made.bytes, made.info, mtime)});
  return staged;
}

NewBlob ImageWorker::stage(const Digest& digest, std::string_view bytes, const ImageInfo& info,
                           UnixSeconds mtime) {
  NewBlob blob;
  blob.digest = digest;
  blob.record.bytes = bytes.size();
  blob.record.info = info;
  blob.record.mtime = mtime;
  blob.record.first_seen = clock_.unix_now();
  blob.staged = blobs_.stage(digest, bytes, mtime);
  return blob;
}

}  // namespace medimirror
