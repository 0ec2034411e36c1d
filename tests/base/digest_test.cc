#include "base/digest.h"

#include <gtest/gtest.h>

#include "base/sha256.h"

namespace medimirror {
namespace {

// FIPS 180-2, appendix B.
TEST(DigestTest, KnownAnswers) {
  EXPECT_EQ(sha256("").hex(), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(sha256("abc").hex(), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(DigestTest, PiecesMakeTheSameAsTheWholeAndTheObjectIsReady) {
  Sha256 hash;
  for (int round = 0; round < 3; ++round) {
    hash.update("a");
    hash.update("");
    hash.update("bc");
    EXPECT_EQ(hash.finish(), sha256("abc")) << round;
  }
  hash.update("dropped");
  hash.reset();
  hash.update("abc");
  EXPECT_EQ(hash.finish(), sha256("abc"));
}

TEST(DigestTest, ParsesWhatItPrintsAndNothingElse) {
  const Digest digest = sha256("abc");
  EXPECT_EQ(Digest::parse(digest.hex()), digest);
  const std::string hex = digest.hex();
  EXPECT_FALSE(Digest::parse(hex.substr(1)));
  EXPECT_FALSE(Digest::parse(hex + "0"));
  EXPECT_FALSE(Digest::parse("G" + hex.substr(1)));
  EXPECT_FALSE(Digest::parse("BA" + hex.substr(2))) << "one name for one content: lower case only";
  EXPECT_FALSE(Digest::parse(""));
}

}  // namespace
}  // namespace medimirror
