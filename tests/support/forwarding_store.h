// A blob store that passes everything on to another one; a test overrides what is to go wrong.
#pragma once

#include <optional>
#include <string>

#include "store/local_blob_store.h"

namespace medimirror {

class ForwardingStore : public LocalBlobStore {
 public:
  explicit ForwardingStore(LocalBlobStore& real) : real_(real) {}

  bool has(const Digest& digest) const override { return real_.has(digest); }
  StagedBlob stage(const Digest& digest, std::string_view bytes, UnixSeconds mtime) override {
    return real_.stage(digest, bytes, mtime);
  }
  void commit(std::span<const StagedBlob> group) override { real_.commit(group); }
  void discard(const StagedBlob& blob) override { real_.discard(blob); }
  std::optional<std::string> read(const Digest& digest) const override { return real_.read(digest); }
  Placement place(const Digest& digest, const std::string& target) override {
    return real_.place(digest, target);
  }
  void each(const std::function<bool(const Digest&, std::uint64_t)>& callback) const override {
    real_.each(callback);
  }
  void remove(const Digest& digest) override { real_.remove(digest); }
  void sweep() override { real_.sweep(); }
  Space space() const override { return real_.space(); }

 private:
  LocalBlobStore& real_;
};

}  // namespace medimirror
