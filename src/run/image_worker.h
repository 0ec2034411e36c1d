// Role: one image thread: takes bodies, says whether they are good pictures, makes derivatives, stages blobs.
// Place: between the loop (inbox of ImageWork) and the writer. Owns one decoder process and one view of the
// index. Order of cost: a digest already held ends the journey (no decode, no write); then the header; then
// all pixels, from the same decode that feeds the derivatives.
// Threads: run() is the thread's body; the inbox is shared by all image threads.
// Failure: a picture that is refused is a NotFetched message; a disk that fails throws Error{disk}.
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "base/image.h"
#include "base/inbox.h"
#include "fetch/downloader.h"
#include "image/decoder_process.h"
#include "run/writer.h"
#include "store/blob_store.h"
#include "store/index.h"

namespace medimirror {

struct FetchedBody {
  AssetKey key;
  std::string url;
  Fetched fetched;  // its body charges nothing any more: room_bytes are given back by the writer
  std::uint32_t tries = 0;
  std::int64_t room_bytes = 0;
};
struct MissingDerivatives {  // of a blob held already: a recipe is new or was changed
  Digest source;
  std::int64_t room_bytes = 0;
};
using ImageWork = std::variant<FetchedBody, MissingDerivatives>;

enum class Validate { pixels, header };

class ImageWorker {
 public:
  struct Options {
    Validate validate = Validate::pixels;
    std::vector<Recipe> recipes;
    std::string derivative_source;  // the format whose pictures get derivatives
    DecoderOptions decoder;
  };
  ImageWorker(const Options& options, const Index& index, BlobStore& blobs, const Clock& clock,
              Inbox<ImageWork>& inbox, Inbox<WriterMessage>& writer);

  void run();  // until the inbox is closed and empty

 private:
  WriterMessage process(FetchedBody& body);
  WriterMessage process(MissingDerivatives& work);
  Derived derive(const Digest& source);
  std::uint64_t recipes_missing(const Digest& source) const;  // as in Recipes::wanted
  std::vector<NewDerivative> stage_derivatives(const Inspection& inspection, UnixSeconds mtime);
  NewBlob stage(const Digest& digest, std::string_view bytes, const ImageInfo& info, UnixSeconds mtime);

  const Options& options_;
  BlobStore& blobs_;
  const Clock& clock_;
  Inbox<ImageWork>& inbox_;
  Inbox<WriterMessage>& writer_;
  IndexView view_;
  Decoder decoder_;
};

}  // namespace medimirror
