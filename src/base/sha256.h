// Role: SHA-256 of bytes as they arrive (OpenSSL EVP, which uses the CPU's SHA extensions where present).
// Threads: one object, one thread. A context is allocated once and reused: reset() starts the next content.
#pragma once

#include <cstddef>
#include <memory>
#include <string_view>

#include "base/digest.h"

struct evp_md_ctx_st;

namespace medimirror {

class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(Sha256&&) noexcept;
  Sha256& operator=(Sha256&&) noexcept;

  void update(std::string_view bytes);
  Digest finish();  // and reset: the object is ready for the next content
  void reset();

 private:
  struct Free {
    void operator()(evp_md_ctx_st* context) const;
  };
  std::unique_ptr<evp_md_ctx_st, Free> context_;
};

Digest sha256(std::string_view bytes);

}  // namespace medimirror
