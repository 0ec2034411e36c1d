#include "base/sha256.h"

#include <openssl/evp.h>

#include "base/error.h"

namespace medimirror {

namespace {

void check(int ok) {
  if (ok != 1) throw Error(ErrorKind::internal, "OpenSSL cannot compute SHA-256", "hash");
}

// Fetched once: an implicit fetch at every start costs more than hashing a small file.
const EVP_MD* algorithm() {
  static const EVP_MD* const md = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  return md;
}

}  // namespace

void Sha256::Free::operator()(evp_md_ctx_st* context) const {
  EVP_MD_CTX_free(context);
}

Sha256::Sha256() : context_(EVP_MD_CTX_new()) {
  reset();
}
Sha256::~Sha256() = default;
Sha256::Sha256(Sha256&&) noexcept = default;
Sha256& Sha256::operator=(Sha256&&) noexcept = default;

void Sha256::reset() {
  check(EVP_DigestInit_ex(context_.get(), algorithm(), nullptr));
}

void Sha256::update(std::string_view bytes) {
  check(EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size()));
}

Digest Sha256::finish() {
  Digest digest;
  unsigned int size = 0;
  check(EVP_DigestFinal_ex(context_.get(), digest.bytes.data(), &size));
  reset();
  return digest;
}

Digest sha256(std::string_view bytes) {
  thread_local Sha256 hash;
  hash.update(bytes);
  return hash.finish();
}

}  // namespace medimirror
