// Role: holds a body against what the server's own headers say it is. Pure.
// Understood: Content-MD5 (RFC 1864), Digest (RFC 3230: md5, sha, sha-256, sha-512), Repr-Digest and
// Content-Digest (RFC 9530), x-goog-hash (md5, crc32c), x-amz-checksum-crc32, -crc32c, -sha1, -sha256.
// Unknown algorithms and unparsable values are no evidence: skipped.
#pragma once

#include <optional>
#include <string>

#include "http/response.h"

namespace medimirror {

struct DigestCheck {
  int checked = 0;                      // how many digests were compared
  std::optional<std::string> mismatch;  // "Content-MD5 says …, the body is …"
};

DigestCheck check_content_digest(const Response& response);

}  // namespace medimirror
