// A letter is a few strokes of a round pen; a pixel is covered as far as it lies within half a pen of the nearest
// one. See lettering.h.
#include "sandbox/lettering.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <string>

namespace medimirror::sandbox {
namespace {

// Units: a capital is 100 high, from 0 to the baseline at 100; a small letter begins at 32; what hangs ends at 130.
constexpr float kPen = 9;   // half the width of a stroke
constexpr float kGap = 34;  // from the middle of a letter's last stroke to that of the next one's first
constexpr float kSpace = 40;
constexpr float kArcStep = 15;  // degrees: a side of the polygon that stands for an arc

// Strokes: M x y lifts the pen and sets it down, L x y draws a line, A x y rx ry from to draws an arc around (x, y) and a
// line to where it begins, O the same without the line. Degrees; 0 is right, 90 is down.
struct Glyph {
  char letter;
  float width;  // between the middles of its outermost strokes
  std::string_view strokes;
};
constexpr Glyph kGlyphs[] = {
    {'0', 52, "O 26 50 26 50 0 360"},
    {'1', 40, "M 6 24 L 32 0 L 32 100"},
    {'2', 52, "O 26 27 25 27 195 395 L 0 100 L 52 100"},
    {'3', 52, "O 25 25 24 25 205 450 A 25 75 27 25 -90 155"},
    {'4', 54, "M 40 100 L 40 0 L 0 70 L 54 70"},
    {'5', 52, "M 48 0 L 8 0 L 4 48 A 25 67 27 33 -135 150"},
    {'6', 52, "O 26 68 26 32 0 360 O 52 68 52 68 180 258"},
    {'7', 52, "M 0 0 L 52 0 L 18 100"},
    {'8', 52, "O 26 25 23 25 0 360 O 26 75 26 25 0 360"},
    {'9', 52, "O 26 32 26 32 0 360 O 0 32 52 68 0 78"},
    {'A', 64, "M 0 100 L 32 0 L 64 100 M 11 66 L 53 66"},
    {'B', 52, "M 0 48 L 28 48 M 0 0 L 26 0 A 26 24 23 24 -90 90 A 26 74 26 26 -90 90 L 0 100 L 0 0"},
    {'C', 62, "O 36 50 36 50 -45 -315"},
    {'D', 62, "M 0 0 L 22 0 A 22 50 40 50 -90 90 L 0 100 L 0 0"},
    {'E', 46, "M 46 0 L 0 0 L 0 100 L 46 100 M 0 48 L 40 48"},
    {'F', 46, "M 46 0 L 0 0 L 0 100 M 0 48 L 40 48"},
    {'G', 70, "O 36 50 36 50 -45 -350 L 71 54 L 42 54"},
    {'H', 58, "M 0 0 L 0 100 M 58 0 L 58 100 M 0 48 L 58 48"},
    {'I', 0, "M 0 0 L 0 100"},
    {'J', 40, "M 40 0 L 40 72 A 20 72 20 28 0 160"},
    {'K', 56, "M 0 0 L 0 100 M 54 0 L 2 56 M 20 40 L 56 100"},
    {'L', 46, "M 0 0 L 0 100 L 46 100"},
    {'M', 74, "M 0 100 L 0 0 L 37 68 L 74 0 L 74 100"},
    {'N', 60, "M 0 100 L 0 0 L 60 100 L 60 0"},
    {'O', 74, "O 37 50 37 50 0 360"},
    {'P', 52, "M 0 100 L 0 0 L 25 0 A 25 27 27 27 -90 90 L 0 54"},
    {'Q', 74, "O 37 50 37 50 0 360 M 48 76 L 72 104"},
    {'R', 54, "M 0 100 L 0 0 L 25 0 A 25 27 27 27 -90 90 L 0 54 M 26 54 L 54 100"},
    {'S', 52, "O 26 25 24 25 -25 -270 A 26 75 26 25 -90 155"},
    {'T', 60, "M 0 0 L 60 0 M 30 0 L 30 100"},
    {'U', 56, "M 0 0 L 0 72 A 28 72 28 28 180 0 L 56 0"},
    {'V', 60, "M 0 0 L 30 100 L 60 0"},
    {'W', 88, "M 0 0 L 22 100 L 44 20 L 66 100 L 88 0"},
    {'X', 58, "M 0 0 L 58 100 M 58 0 L 0 100"},
    {'Y', 60, "M 0 0 L 30 50 L 60 0 M 30 50 L 30 100"},
    {'Z', 54, "M 0 0 L 54 0 L 0 100 L 54 100"},
    {'a', 52, "O 26 66 26 34 0 360 M 52 32 L 52 100"},
    {'b', 52, "O 26 66 26 34 0 360 M 0 0 L 0 100"},
    {'c', 46, "O 26 66 26 34 -45 -315"},
    {'d', 52, "O 26 66 26 34 0 360 M 52 0 L 52 100"},
    {'e', 52, "M 2 66 L 52 66 A 26 66 26 34 0 -315"},
    {'f', 32, "M 10 100 L 10 26 A 32 26 22 24 180 280 M 0 36 L 30 36"},
    {'g', 52, "O 26 66 26 34 0 360 M 52 32 L 52 102 A 26 102 26 28 0 150"},
    {'h', 50, "M 0 0 L 0 100 M 0 58 A 25 58 25 26 180 360 L 50 100"},
    {'i', 0, "M 0 36 L 0 100 M 0 4 L 0 6"},
    {'j', 14, "M 14 36 L 14 110 A 0 110 14 20 0 95 M 14 4 L 14 6"},
    {'k', 46, "M 0 0 L 0 100 M 44 32 L 2 74 M 16 60 L 46 100"},
    {'l', 13, "M 0 0 L 0 86 A 14 86 14 14 180 95"},
    {'m', 80, "M 0 32 L 0 100 M 0 56 A 20 56 20 24 180 360 L 40 100 M 40 56 A 60 56 20 24 180 360 L 80 100"},
    {'n', 50, "M 0 32 L 0 100 M 0 58 A 25 58 25 26 180 360 L 50 100"},
    {'o', 52, "O 26 66 26 34 0 360"},
    {'p', 52, "O 26 66 26 34 0 360 M 0 32 L 0 130"},
    {'q', 52, "O 26 66 26 34 0 360 M 52 32 L 52 130"},
    {'r', 28, "M 0 32 L 0 100 M 0 60 A 26 60 26 28 180 280"},
    {'s', 42, "O 21 49 19 17 -25 -270 A 21 83 21 17 -90 155"},
    {'t', 32, "M 12 8 L 12 78 A 32 78 20 22 180 95 M 0 34 L 32 34"},
    {'u', 50, "M 0 32 L 0 74 A 25 74 25 26 180 0 M 50 32 L 50 100"},
    {'v', 48, "M 0 32 L 24 100 L 48 32"},
    {'w', 70, "M 0 32 L 18 100 L 35 44 L 52 100 L 70 32"},
    {'x', 46, "M 0 32 L 46 100 M 46 32 L 0 100"},
    {'y', 48, "M 0 32 L 24 98 M 48 32 L 12 130"},
    {'z', 42, "M 0 32 L 42 32 L 0 100 L 42 100"},
};

struct Point {
  float x, y;
};
struct Line {
  Point from, to;
};

// Reads the strokes of one letter and leaves lines behind.
class Pen {
 public:
  Pen(std::string_view strokes, float left, std::vector<Line>& lines)
      : rest_(strokes), left_(left), lines_(lines) {}

  void draw() {
    while (!rest_.empty()) {
      const char stroke = rest_.front();
      rest_.remove_prefix(1);
      if (stroke == 'M') at_ = point();
      if (stroke == 'L') line_to(point());
      if (stroke == 'A' || stroke == 'O') arc(stroke == 'A');
    }
  }

 private:
  float number() {
    rest_.remove_prefix(std::min(rest_.find_first_not_of(' '), rest_.size()));
    int value = 0;
    const auto [end, error] = std::from_chars(rest_.data(), rest_.data() + rest_.size(), value);
    rest_.remove_prefix(static_cast<std::size_t>(end - rest_.data()));
    return static_cast<float>(value);
  }

  Point point() {
    const float x = left_ + number();
    return {x, number()};
  }

  void line_to(Point to) {
    lines_.push_back({at_, to});
    at_ = to;
  }

  void arc(bool joined) {
    const Point middle = point();
    const float radius_x = number(), radius_y = number(), from = number(), to = number();
    const int sides = static_cast<int>(std::ceil(std::abs(to - from) / kArcStep));
    for (int side = 0; side <= sides; ++side) {
      const float degrees = from + (to - from) * static_cast<float>(side) / static_cast<float>(sides);
      const float angle = degrees * 3.14159265f / 180;
      const Point here = {middle.x + radius_x * std::cos(angle), middle.y + radius_y * std::sin(angle)};
      if (side == 0 && !joined)
        at_ = here;
      else
        line_to(here);
    }
  }

  std::string_view rest_;
  const float left_;
  std::vector<Line>& lines_;
  Point at_ = {};
};

std::vector<Line> lines_of(std::string_view text) {
  std::vector<Line> lines;
  float left = 0;
  for (const char letter : text) {
    const auto* const glyph = std::ranges::find(kGlyphs, letter, &Glyph::letter);
    if (glyph == std::end(kGlyphs)) {
      left += kSpace;
      continue;
    }
    Pen(glyph->strokes, left, lines).draw();
    left += glyph->width + kGap;
  }
  return lines;
}

float distance_to(const Line& line, Point point) {
  const float dx = line.to.x - line.from.x, dy = line.to.y - line.from.y;
  const float px = point.x - line.from.x, py = point.y - line.from.y;
  const float length = dx * dx + dy * dy;
  const float along = length > 0 ? std::clamp((px * dx + py * dy) / length, 0.0f, 1.0f) : 0;
  return std::hypot(px - along * dx, py - along * dy);
}

// `line` and `pen` are in pixels here.
void ink(Coverage& coverage, const Line& line, float pen) {
  const auto first = [&](float a, float b) {
    return std::max(0, static_cast<int>(std::min(a, b) - pen - 1));
  };
  const auto last = [&](float a, float b, int limit) {
    return std::min(limit, static_cast<int>(std::max(a, b) + pen + 2));
  };
  const int right = last(line.from.x, line.to.x, coverage.width);
  const int bottom = last(line.from.y, line.to.y, coverage.height);
  for (int y = first(line.from.y, line.to.y); y < bottom; ++y) {
    for (int x = first(line.from.x, line.to.x); x < right; ++x) {
      const Point middle = {static_cast<float>(x) + 0.5f, static_cast<float>(y) + 0.5f};
      const float share = std::clamp(pen + 0.5f - distance_to(line, middle), 0.0f, 1.0f);
      std::uint8_t& at = coverage.at[static_cast<std::size_t>(y) * static_cast<std::size_t>(coverage.width) +
                                     static_cast<std::size_t>(x)];
      at = std::max(at, static_cast<std::uint8_t>(share * 255));
    }
  }
}

}  // namespace

Coverage write_text(std::string_view text, int width_max, int height_max) {
  const std::vector<Line> lines = lines_of(text);
  if (lines.empty() || width_max <= 0 || height_max <= 0) return {};
  constexpr float kFar = std::numeric_limits<float>::max();
  float left = kFar, top = kFar, right = -kFar, bottom = -kFar;
  for (const Line& line : lines) {
    for (const Point point : {line.from, line.to}) {
      left = std::min(left, point.x - kPen), right = std::max(right, point.x + kPen);
      top = std::min(top, point.y - kPen), bottom = std::max(bottom, point.y + kPen);
    }
  }
  const float scale = std::min(static_cast<float>(width_max) / (right - left),
                               static_cast<float>(height_max) / (bottom - top));
  Coverage coverage;
  coverage.width = std::clamp(static_cast<int>(std::ceil((right - left) * scale)), 1, width_max);
  coverage.height = std::clamp(static_cast<int>(std::ceil((bottom - top) * scale)), 1, height_max);
  coverage.at.resize(static_cast<std::size_t>(coverage.width) * static_cast<std::size_t>(coverage.height));
  const auto in_pixels = [&](Point point) {
    return Point{(point.x - left) * scale, (point.y - top) * scale};
  };
  for (const Line& line : lines) ink(coverage, {in_pixels(line.from), in_pixels(line.to)}, kPen * scale);
  return coverage;
}

}  // namespace medimirror::sandbox
