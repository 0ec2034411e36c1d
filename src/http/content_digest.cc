#include "http/content_digest.h"

#include <fmt/format.h>
#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/ascii.h"

namespace medimirror {

namespace {

enum class Algorithm { md5, sha1, sha256, sha512, crc32, crc32c };
constexpr std::size_t kAlgorithms = 6;

struct NamedAlgorithm {
  std::string_view name;
  Algorithm algorithm;
};
constexpr std::array kDigestNames{
    NamedAlgorithm{"md5", Algorithm::md5}, NamedAlgorithm{"sha", Algorithm::sha1},
    NamedAlgorithm{"sha-256", Algorithm::sha256}, NamedAlgorithm{"sha-512", Algorithm::sha512}};
constexpr std::array kGoogleNames{NamedAlgorithm{"md5", Algorithm::md5},
                                  NamedAlgorithm{"crc32c", Algorithm::crc32c}};
constexpr std::array kAmazonNames{NamedAlgorithm{"x-amz-checksum-crc32", Algorithm::crc32},
                                  NamedAlgorithm{"x-amz-checksum-crc32c", Algorithm::crc32c},
                                  NamedAlgorithm{"x-amz-checksum-sha1", Algorithm::sha1},
                                  NamedAlgorithm{"x-amz-checksum-sha256", Algorithm::sha256}};

// A hash over the pieces of a body.
template <std::uint32_t kPolynomial>  // reflected
std::string crc(const Body& body) {
  static constexpr auto kTable = [] {
    std::array<std::uint32_t, 256> table{};
    for (std::uint32_t i = 0; i < 256; ++i) {
      std::uint32_t value = i;
      for (int bit = 0; bit < 8; ++bit) value = value >> 1 ^ (value & 1 ? kPolynomial : 0);
      table[i] = value;
    }
    return table;
  }();
  std::uint32_t value = 0xffffffff;
  body.each_piece([&](std::string_view bytes) {
    for (const char c : bytes) value = value >> 8 ^ kTable[(value ^ static_cast<std::uint8_t>(c)) & 0xff];
    return true;
  });
  std::string big_endian;
  for (int shift = 24; shift >= 0; shift -= 8) big_endian += static_cast<char>(~value >> shift & 0xff);
  return big_endian;
}

// Empty when OpenSSL does not offer it (MD5 under a FIPS policy).
std::string openssl_digest(const EVP_MD* algorithm, const Body& body) {
  const std::unique_ptr<EVP_MD_CTX, void (*)(EVP_MD_CTX*)> context(EVP_MD_CTX_new(), EVP_MD_CTX_free);
  if (!context || EVP_DigestInit_ex(context.get(), algorithm, nullptr) != 1) return {};
  body.each_piece([&](std::string_view bytes) {
    return EVP_DigestUpdate(context.get(), bytes.data(), bytes.size()) == 1;
  });
  std::array<unsigned char, EVP_MAX_MD_SIZE> out{};
  unsigned int size = 0;
  if (EVP_DigestFinal_ex(context.get(), out.data(), &size) != 1) return {};
  return {reinterpret_cast<const char*>(out.data()), size};
}

std::string compute(Algorithm algorithm, const Response& response) {
  switch (algorithm) {
    case Algorithm::md5:
      return openssl_digest(EVP_md5(), response.body);
    case Algorithm::sha1:
      return openssl_digest(EVP_sha1(), response.body);
    case Algorithm::sha512:
      return openssl_digest(EVP_sha512(), response.body);
    case Algorithm::crc32:
      return crc<0xEDB88320>(response.body);
    case Algorithm::crc32c:
      return crc<0x82F63B78>(response.body);
    case Algorithm::sha256:
      if (response.sha256)
        return {reinterpret_cast<const char*>(response.sha256->bytes.data()), response.sha256->bytes.size()};
      return openssl_digest(EVP_sha256(), response.body);
  }
  return {};
}

std::string to_base64(std::string_view bytes) {
  std::string text((bytes.size() + 2) / 3 * 4 + 1, '\0');
  const int size =
      EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()),
                      reinterpret_cast<const unsigned char*>(bytes.data()), static_cast<int>(bytes.size()));
  text.resize(static_cast<std::size_t>(size));
  return text;
}

class Check {
 public:
  explicit Check(const Response& response) : response_(response) {}

  // Bytes and base64 text correspond one to one, so the texts can be compared; a text that is not as long as
  // this algorithm's is no value of it (a composite checksum of parts, hex digits) and says nothing.
  void compare(std::string_view header, Algorithm algorithm, std::string_view announced) {
    announced = trim(announced);
    // a header may name one a thousand times
    std::optional<std::string>& known = computed_[static_cast<std::size_t>(algorithm)];
    if (!known) known = to_base64(compute(algorithm, response_));
    const std::string& actual = *known;
    if (actual.empty() || actual.size() != announced.size() || !is_base64(announced)) return;
    ++result_.checked;
    if (actual != announced && !result_.mismatch)
      result_.mismatch = fmt::format("{} says {}, the body is {}", header, announced, actual);
  }

  DigestCheck result() && { return std::move(result_); }

 private:
  static bool is_base64(std::string_view text) {
    return std::ranges::all_of(text, [](char c) {
      return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '+' ||
             c == '/' || c == '=';
    });
  }

  const Response& response_;
  std::array<std::optional<std::string>, kAlgorithms> computed_;
  DigestCheck result_;
};

// "name=value, name=value"; RFC 9530 puts the value between colons.
template <typename Names>
void compare_list(Check& check, std::string_view header, std::string_view list, const Names& names) {
  while (!list.empty()) {
    const std::size_t end = std::min(list.find(','), list.size());
    const std::string_view member = trim(list.substr(0, end));
    list.remove_prefix(std::min(end + 1, list.size()));
    const std::size_t equals = member.find('=');
    if (equals == std::string_view::npos) continue;
    const std::string name = lower(member.substr(0, equals));
    std::string_view value = trim(member.substr(equals + 1));
    if (value.starts_with(':')) value = value.substr(1, value.find(':', 1) - 1);
    for (const NamedAlgorithm& known : names)
      if (known.name == name) check.compare(header, known.algorithm, value);
  }
}

bool is_coded(std::optional<std::string_view> encoding) {
  return encoding && !encoding->empty() && lower(trim(*encoding)) != "identity";
}

}  // namespace

DigestCheck check_content_digest(const Response& response) {
  // The digests speak of the bytes as sent, whole: not of a body that was decoded, handed on, or is not the
  // picture.
  const bool handed_on = response.body.empty() && response.bytes_received > 0;
  if (response.status != 200 || handed_on || is_coded(response.header("content-encoding"))) return {};

  Check check(response);
  // Google decodes what is stored compressed on its way out, and hashes what is stored.
  const bool google_decoded = is_coded(response.header("x-goog-stored-content-encoding"));
  for (const auto& [name, value] : response.headers) {
    if (name == "content-md5") check.compare("Content-MD5", Algorithm::md5, value);
    if (name == "digest") compare_list(check, "Digest", value, kDigestNames);
    if (name == "repr-digest") compare_list(check, "Repr-Digest", value, kDigestNames);
    if (name == "content-digest") compare_list(check, "Content-Digest", value, kDigestNames);
    if (name == "x-goog-hash" && !google_decoded) compare_list(check, "x-goog-hash", value, kGoogleNames);
    for (const NamedAlgorithm& known : kAmazonNames)
      if (known.name == name) check.compare(name, known.algorithm, value);
  }
  return std::move(check).result();
}

}  // namespace medimirror
