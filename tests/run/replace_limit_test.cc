// Which replacements are held: too many at once, or too many by one and the same picture.
#include "run/replace_limit.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

namespace medimirror {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
using Renewal = PublishPlan::Renewal;

std::vector<Renewal> different(MediaId count) {
  std::vector<Renewal> renewals;
  for (MediaId id = 1; id <= count; ++id) renewals.push_back({id, 1000 + id, id});
  return renewals;
}
std::vector<Renewal> by_one(MediaId count) {
  std::vector<Renewal> renewals = different(count);
  for (Renewal& one : renewals) one.now = 7;
  return renewals;
}

TEST(ReplaceLimit, AShareOfThePublishedPicturesMayBeReplaced) {
  EXPECT_THAT(hold_replacements(different(25), 100, {}).media, IsEmpty());
  const HeldReplacements held = hold_replacements(different(26), 100, {});
  EXPECT_THAT(held.media, SizeIs(26));
  EXPECT_THAT(held.sentence, HasSubstr("--max-replace 26"));
  EXPECT_THAT(hold_replacements(different(26), 100, {{26, false}, true}).media, IsEmpty());
}

TEST(ReplaceLimit, FewMayBecomeOneAndTheSame) {
  EXPECT_THAT(hold_replacements(by_one(10), 100'000, {}).media, IsEmpty());
  std::vector<Renewal> renewals = by_one(11);
  renewals.push_back({500, 501, 500});  // an update among them
  const HeldReplacements held = hold_replacements(renewals, 100'000, {});
  EXPECT_THAT(held.media, SizeIs(11));
  EXPECT_FALSE(held.media.contains(500));
  EXPECT_THAT(held.sentence, HasSubstr("media 1, 2, 3, …"));
  EXPECT_THAT(held.sentence, HasSubstr("--max-replace 12"));
  EXPECT_THAT(hold_replacements(renewals, 100'000, {{12, false}, true}).media, IsEmpty());
}

TEST(ReplaceLimit, WhatWasOnePictureMayBecomeAnother) {
  std::vector<Renewal> renewals = by_one(50);
  for (Renewal& one : renewals) one.before = 3;
  EXPECT_THAT(hold_replacements(renewals, 100'000, {}).media, IsEmpty());
}

}  // namespace
}  // namespace medimirror
