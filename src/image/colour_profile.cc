// ICC.1: a header of 128 bytes, a count of tags, then signature, offset and size of each.
#include "image/colour_profile.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <optional>

#include "image/byte_reader.h"

namespace medimirror {

namespace {

constexpr std::size_t kHeaderBytes = 128, kColoursAt = 16;
constexpr double kPrimaryTolerance = 0.004, kCurveTolerance = 0.01;

double fixed(ByteReader& reader) {  // s15Fixed16
  return static_cast<std::int32_t>(reader.be32()) / 65536.0;
}

// The bytes of a tag; none: empty.
std::string_view tag(std::string_view profile, std::string_view name) {
  constexpr std::uint32_t kTagsMax = 100;
  ByteReader reader(profile, kHeaderBytes);
  const std::uint32_t tags = std::min(reader.be32(), kTagsMax);
  for (std::uint32_t i = 0; i < tags && !reader.failed(); ++i) {
    const bool found = reader.take(4) == name;
    const std::uint32_t offset = reader.be32(), size = reader.be32();
    if (found) return ByteReader(profile, offset).take(size);
  }
  return {};
}

bool is_near(std::string_view xyz, const std::array<double, 3>& wanted) {
  ByteReader reader(xyz);
  if (reader.take(4) != "XYZ ") return false;
  reader.skip(4);
  for (const double value : wanted)
    if (std::abs(fixed(reader) - value) > kPrimaryTolerance) return false;
  return !reader.failed();
}

// A sampled curve: 0 entries are the line, one is an exponent, more a table.
std::optional<double> sampled_at(ByteReader& reader, double x) {
  const std::uint32_t count = reader.be32();
  if (count == 0) return x;
  if (count == 1) return std::pow(x, reader.be16() / 256.0);
  const double place = x * (count - 1);
  const auto before = static_cast<std::uint32_t>(place);
  reader.skip(std::uint64_t{before} * 2);
  const double from = reader.be16();
  const double to = before + 1 < count ? reader.be16() : from;
  if (reader.failed()) return std::nullopt;
  return (from + (to - from) * (place - before)) / 65535;
}

// (ax + b) to the power of g, and a line below d; the kinds differ in which of these they state.
std::optional<double> parametric_at(ByteReader& reader, double x) {
  constexpr std::array<int, 5> kParameters{1, 3, 4, 5, 7};
  const std::uint16_t kind = reader.be16();
  if (kind >= kParameters.size()) return std::nullopt;
  reader.skip(2);
  std::array<double, 7> stated{};  // g a b c d e f
  for (int i = 0; i < kParameters[kind]; ++i) stated[static_cast<std::size_t>(i)] = fixed(reader);
  auto [g, a, b, c, d, e, f] = stated;
  if (reader.failed()) return std::nullopt;
  if (kind == 0) return std::pow(x, g);
  if (kind < 3) {  // below -b/a there is only c
    const double level = kind == 2 ? c : 0;
    return x >= -b / a ? std::pow(a * x + b, g) + level : level;
  }
  return x >= d ? std::pow(a * x + b, g) + e : c * x + f;
}

std::optional<double> curve_at(std::string_view curve, double x) {
  ByteReader reader(curve);
  const std::string_view kind = reader.take(4);
  reader.skip(4);
  if (kind == "curv") return sampled_at(reader, x);
  if (kind == "para") return parametric_at(reader, x);
  return std::nullopt;
}

double encoded(double light) {
  return light <= 0.0031308 ? 12.92 * light : 1.055 * std::pow(light, 1 / 2.4) - 0.055;
}

bool is_srgb_curve(std::string_view curve) {
  for (int i = 0; i <= 16; ++i) {
    const std::optional<double> light = curve_at(curve, i / 16.0);
    // written so that what is no number is not near either
    if (!light || !(std::abs(encoded(*light) - i / 16.0) <= kCurveTolerance)) return false;
  }
  return true;
}

}  // namespace

bool is_usable_profile(std::string_view profile) {
  constexpr std::size_t kTagEntryBytes = 12;
  ByteReader reader(profile);
  const std::uint32_t stated = reader.be32();
  reader.skip(12);
  const std::string_view colours = reader.take(4);
  reader.skip(16);
  const std::string_view signature = reader.take(4);
  const std::uint64_t tags = ByteReader(profile, std::min(kHeaderBytes, profile.size())).be32();
  if (stated > profile.size() || signature != "acsp" || tags == 0) return false;
  if (colours != "GRAY" && colours != "RGB " && colours != "CMYK") return false;
  if (tags > (profile.size() - kHeaderBytes - 4) / kTagEntryBytes) return false;
  for (std::uint64_t i = 0; i < tags; ++i) {
    ByteReader entry(profile, kHeaderBytes + 4 + i * kTagEntryBytes + 4);
    const std::uint64_t offset = entry.be32(), size = entry.be32();
    if (offset + size > profile.size()) return false;
  }
  return true;
}

bool profile_fits(std::string_view profile, bool is_grey, bool is_cmyk) {
  const std::string_view colours = profile.substr(std::min(kColoursAt, profile.size()), 4);
  if (is_cmyk) return colours == "CMYK";
  return colours == "RGB " || (is_grey && colours == "GRAY");
}

bool is_perceptual_alone(std::string_view profile) {
  const bool has_matrix = !tag(profile, "rXYZ").empty() && !tag(profile, "rTRC").empty();
  return !tag(profile, "A2B0").empty() && tag(profile, "A2B1").empty() && !has_matrix &&
         tag(profile, "kTRC").empty();
}

bool is_srgb_profile(std::string_view profile) {
  if (profile.size() < kHeaderBytes || profile.substr(kColoursAt, 8) != "RGB XYZ ") return false;
  if (!tag(profile, "A2B0").empty()) return false;  // its tables say what counts
  // Adapted to D50, as profiles have them (IEC 61966-2-1, Bradford).
  return is_near(tag(profile, "rXYZ"), {0.4361, 0.2225, 0.0139}) &&
         is_near(tag(profile, "gXYZ"), {0.3851, 0.7169, 0.0971}) &&
         is_near(tag(profile, "bXYZ"), {0.1431, 0.0606, 0.7141}) && is_srgb_curve(tag(profile, "rTRC")) &&
         is_srgb_curve(tag(profile, "gTRC")) && is_srgb_curve(tag(profile, "bTRC"));
}

}  // namespace medimirror
