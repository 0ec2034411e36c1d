// Product-like pictures: a box or a bottle with a soft shadow, a brand and some paper grain, drawn at 1500²
// and scaled down. The drawing is plain arithmetic; libvips scales and encodes. See pictures.h.
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <future>
#include <list>
#include <optional>
#include <thread>
#include <vector>
#include <vips/vips8>

#include "base/error.h"
#include "base/file.h"
#include "base/inbox.h"
#include "sandbox/lettering.h"
#include "sandbox/mix.h"
#include "sandbox/pictures.h"

namespace medimirror::sandbox {
namespace {

constexpr int kEdge = 1500;
constexpr std::size_t kMastersMax = 4;    // drawings kept for their other sizes; 9 MB each
constexpr std::size_t kOrdersMax = 1024;  // who orders more waits to order
constexpr std::string_view kBrands[] = {"Dolorix",  "Vitaforte", "Dermacalm", "Gastrovel",
                                        "Ocuclair", "Tussinol",  "Magnesan",  "Flexarth",
                                        "Somnia",   "Allerstop", "Propolia",  "Ferrodyn"};

struct Rgb {
  float red, green, blue;
};

Rgb blend(Rgb a, Rgb b, float share) {
  return {a.red + (b.red - a.red) * share, a.green + (b.green - a.green) * share,
          a.blue + (b.blue - a.blue) * share};
}

Rgb draw_colour(Dice& dice) {
  const auto level = [&] { return static_cast<float>(40 + dice.below(190)); };
  return {level(), level(), level()};
}

// Everything that differs between packs.
struct Pack {
  bool bottle;
  float left, right, top, bottom;  // of the body, in pixels
  Rgb paper, band, ink;
  float band_top, band_bottom;
  std::string brand, strength;
  std::uint64_t grain;
};

Pack draw_pack(std::uint64_t key) {
  Dice dice(mix(key, 0xb0));
  Pack pack;
  pack.bottle = dice.percent(40);
  const auto half = static_cast<float>((pack.bottle ? 220 : 330) + dice.below(160));
  pack.left = kEdge / 2.0f - half;
  pack.right = kEdge / 2.0f + half;
  pack.top = static_cast<float>(200 + dice.below(200));
  pack.bottom = static_cast<float>(1150 + dice.below(150));
  pack.paper = blend(draw_colour(dice), {250, 250, 250}, 0.7f);
  pack.band = draw_colour(dice);
  pack.ink = blend(draw_colour(dice), {0, 0, 0}, 0.7f);
  pack.band_top = pack.top + (pack.bottom - pack.top) * (0.3f + static_cast<float>(dice.below(20)) / 100);
  pack.band_bottom = pack.band_top + static_cast<float>(180 + dice.below(160));
  pack.brand = kBrands[dice.below(static_cast<std::uint32_t>(std::size(kBrands)))];
  pack.strength = fmt::format("{} mg  {}", 5 * (1 + dice.below(200)), dice.below(100'000));
  pack.grain = dice.next();
  return pack;
}

// RGBA, with straight transparency.
class Canvas {
 public:
  explicit Canvas(const Pack& pack) : pack_(pack), pixels_(static_cast<std::size_t>(kEdge) * kEdge * 4) {
    draw_shadow();
    draw_body();
    const int width = static_cast<int>((pack.right - pack.left) * 0.8f);
    const float band = pack.band_bottom - pack.band_top;
    stamp(write_text(pack.brand, width, static_cast<int>(band * 0.7f)), pack.band_top + band / 2,
          {255, 255, 255});
    stamp(write_text(pack.strength, width * 3 / 4, 60), pack.bottom - 140, pack.ink);
    add_grain();
  }

  std::vector<std::uint8_t> take() { return std::move(pixels_); }

 private:
  std::uint8_t* pixel(int x, int y) {
    return &pixels_[(static_cast<std::size_t>(y) * kEdge + static_cast<std::size_t>(x)) * 4];
  }

  static void put(std::uint8_t* pixel, Rgb colour, float alpha) {
    const auto byte = [](float value) { return static_cast<std::uint8_t>(std::clamp(value, 0.0f, 255.0f)); };
    pixel[0] = byte(colour.red), pixel[1] = byte(colour.green), pixel[2] = byte(colour.blue),
    pixel[3] = byte(alpha);
  }

  // An ellipse under the pack that fades outwards.
  void draw_shadow() {
    const float middle_x = (pack_.left + pack_.right) / 2, middle_y = pack_.bottom;
    const float radius_x = (pack_.right - pack_.left) * 0.68f, radius_y = 110;
    const int bottom = std::min(kEdge, static_cast<int>(middle_y + radius_y));
    for (int y = static_cast<int>(middle_y - radius_y); y < bottom; ++y) {
      for (int x = std::max(0, static_cast<int>(middle_x - radius_x)); x < kEdge; ++x) {
        const float dx = (static_cast<float>(x) - middle_x) / radius_x,
                    dy = (static_cast<float>(y) - middle_y) / radius_y;
        const float distance = dx * dx + dy * dy;
        if (distance < 1) put(pixel(x, y), {30, 30, 36}, 110 * (1 - distance) * (1 - distance));
      }
    }
  }

  // The half width of the body at a height: straight for a box, with neck and cap for a bottle.
  float half_width(float height) const {
    const float half = (pack_.right - pack_.left) / 2;
    if (!pack_.bottle) return half;
    if (height < 0.16f) return half * 0.42f;
    if (height < 0.30f) return half * (0.42f + 0.58f * std::sin((height - 0.16f) / 0.14f * 1.5708f));
    return half;
  }

  void draw_body() {
    const float middle = (pack_.left + pack_.right) / 2;
    for (int y = static_cast<int>(pack_.top); y < static_cast<int>(pack_.bottom); ++y) {
      const float height = (static_cast<float>(y) - pack_.top) / (pack_.bottom - pack_.top);
      const float half = half_width(height);
      const bool cap = pack_.bottle && height < 0.13f;
      const bool band = static_cast<float>(y) >= pack_.band_top && static_cast<float>(y) < pack_.band_bottom;
      const Rgb base = cap ? pack_.ink : band ? pack_.band : blend(pack_.paper, pack_.band, height * 0.25f);
      for (int x = static_cast<int>(middle - half); x < static_cast<int>(middle + half); ++x) {
        const float across = (static_cast<float>(x) - middle) / half;  // -1 to 1
        // A bottle is bright left of the middle and dark at the edges; a box is lit from one side.
        const float light =
            pack_.bottle ? 1.08f - 0.45f * (across + 0.25f) * (across + 0.25f) : 1.02f - 0.07f * across;
        put(pixel(x, y), {base.red * light, base.green * light, base.blue * light}, 255);
      }
    }
  }

  void stamp(const Coverage& text, float middle, Rgb colour) {
    const int top = static_cast<int>(middle) - text.height / 2;
    const int left = static_cast<int>((pack_.left + pack_.right) / 2) - text.width / 2;
    for (int y = 0; y < text.height; ++y) {
      for (int x = 0; x < text.width; ++x) {
        if (left + x < 0 || left + x >= kEdge || top + y < 0 || top + y >= kEdge) continue;
        const float share =
            static_cast<float>(text.at[static_cast<std::size_t>(y) * static_cast<std::size_t>(text.width) +
                                       static_cast<std::size_t>(x)]) /
            255;
        std::uint8_t* const under = pixel(left + x, top + y);
        const Rgb mixed =
            blend({static_cast<float>(under[0]), static_cast<float>(under[1]), static_cast<float>(under[2])},
                  colour, share);
        put(under, mixed, std::max(static_cast<float>(under[3]), 255 * share));
      }
    }
  }

  // Paper grain, so that an encoded picture is as large as a photograph of a pack.
  void add_grain() {
    Dice dice(pack_.grain);
    std::uint64_t noise = 0;
    for (std::size_t i = 0, left = 0; i < pixels_.size(); i += 4) {
      if (pixels_[i + 3] != 255) continue;
      if (left == 0) noise = dice.next(), left = 16;
      const int grain = static_cast<int>(noise & 0xf) - 8;
      noise >>= 4;
      --left;
      for (std::size_t band = 0; band < 3; ++band)
        pixels_[i + band] = static_cast<std::uint8_t>(std::clamp(pixels_[i + band] + grain, 0, 255));
    }
  }

  const Pack& pack_;
  std::vector<std::uint8_t> pixels_;
};

class RealPictures final : public Pictures {
 public:
  explicit RealPictures(std::filesystem::path folder) : folder_(std::move(folder)) {
    if (VIPS_INIT("medimirror-sandbox") != 0) throw Error(ErrorKind::internal, "libvips cannot start");
    vips_concurrency_set(1);  // pictures are many; one thread for each is enough
    vips_cache_set_max(0);
    make_folders(folder_);
    thread_ = std::thread([this] { draw_orders(); });
  }

  ~RealPictures() override {
    orders_.close();
    thread_.join();
  }

  std::string bytes(const PictureSpec& spec) override {
    if (auto kept = read_file_if_exists(path_of(spec))) return *std::move(kept);
    Order order{spec, {}};
    std::future<std::string> drawn = order.drawn.get_future();
    orders_.push(std::move(order));
    return drawn.get();
  }

 private:
  std::filesystem::path path_of(const PictureSpec& spec) const {
    constexpr std::string_view kExtensions[] = {"jpg", "png", "webp"};
    return folder_ / fmt::format("{:02x}", spec.key & 0xff) /
           fmt::format("{:016x}-{}{}{}.{}", spec.key, name_of(spec.size), spec.cut_out ? "-cut" : "",
                       spec.square ? "" : "-wide", kExtensions[static_cast<std::size_t>(spec.encoding)]);
  }

  struct Order {
    PictureSpec spec;
    std::promise<std::string> drawn;
  };

  void draw_orders() {
    while (std::optional<Order> order = orders_.take()) {
      try {
        order->drawn.set_value(draw(order->spec));
      } catch (...) {
        order->drawn.set_exception(std::current_exception());
      }
    }
  }

  std::string draw(const PictureSpec& spec) {
    const std::filesystem::path path = path_of(spec);
    if (auto kept = read_file_if_exists(path)) return *std::move(kept);  // ordered twice at once
    std::string made;
    try {
      made = encode(spec);
    } catch (const vips::VError& error) {
      vips_error_clear();
      throw Error(ErrorKind::internal, fmt::format("libvips cannot draw a picture: {}", error.what()));
    }
    keep(path, made);
    return made;
  }

  const std::vector<std::uint8_t>& master(std::uint64_t key) {
    for (const auto& [known, pixels] : masters_)
      if (known == key) return pixels;
    const Pack pack = draw_pack(key);
    masters_.emplace_front(key, Canvas(pack).take());
    if (masters_.size() > kMastersMax) masters_.pop_back();
    return masters_.front().second;
  }

  std::string encode(const PictureSpec& spec) {
    constexpr int kEdges[] = {200, 450, 900, kEdge};
    const std::vector<std::uint8_t>& pixels = master(spec.key);
    vips::VImage image = vips::VImage::new_from_memory(const_cast<std::uint8_t*>(pixels.data()),
                                                       pixels.size(), kEdge, kEdge, 4, VIPS_FORMAT_UCHAR)
                             .copy(vips::VImage::option()->set("interpretation", VIPS_INTERPRETATION_sRGB));
    const std::vector<double> white = {255, 255, 255};
    const bool transparent = spec.cut_out && spec.encoding != Encoding::jpeg;
    if (!transparent) image = image.flatten(vips::VImage::option()->set("background", white));
    if (!spec.square) image = image.extract_area(0, 100, kEdge, kEdge - 200);
    const double scale = kEdges[static_cast<std::size_t>(spec.size)] / static_cast<double>(kEdge);
    if (scale < 1) {
      if (transparent) image = image.premultiply();
      image = image.resize(scale);
      if (transparent) image = image.unpremultiply().cast(VIPS_FORMAT_UCHAR);
    }
    return save(image, spec.encoding);
  }

  static std::string save(const vips::VImage& image, Encoding encoding) {
    VipsBlob* blob = encoding == Encoding::jpeg ? image.jpegsave_buffer(vips::VImage::option()->set("Q", 86))
                     : encoding == Encoding::png
                         ? image.pngsave_buffer(vips::VImage::option()->set("compression", 3))
                         : image.webpsave_buffer(vips::VImage::option()->set("Q", 80)->set("effort", 1));
    std::size_t size = 0;
    const void* const data = vips_blob_get(blob, &size);
    std::string bytes(static_cast<const char*>(data), size);
    vips_area_unref(VIPS_AREA(blob));
    return bytes;
  }

  // Written under a name of its own and renamed: another process may draw the same picture, with the same
  // bytes. Not synced to disk: it can be drawn again.
  void keep(const std::filesystem::path& path, const std::string& bytes) {
    make_folders(path.parent_path());
    const auto temporary = path.string() + fmt::format(".{}", getpid());
    {
      const UniqueFd file = open_file(temporary, O_WRONLY | O_CREAT | O_TRUNC);
      write_all(file.get(), bytes, temporary);
    }
    std::filesystem::rename(temporary, path);
  }

  const std::filesystem::path folder_;
  Inbox<Order> orders_{kOrdersMax};
  // Of the drawing thread alone:
  std::list<std::pair<std::uint64_t, std::vector<std::uint8_t>>> masters_;  // newest first
  std::thread thread_;
};

}  // namespace

std::unique_ptr<Pictures> real_pictures(const std::filesystem::path& folder) {
  return std::make_unique<RealPictures>(folder);
}

}  // namespace medimirror::sandbox
