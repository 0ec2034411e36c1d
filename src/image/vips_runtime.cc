#include "image/vips_runtime.h"

#include <malloc.h>
#include <vips/vips.h>
// vector.h asks for vips.h first
#include <vips/vector.h>

#include <algorithm>
#include <cstdlib>
#include <mutex>
#include <utility>

#include "base/error.h"

namespace medimirror {

namespace {

constexpr std::size_t kWarningsMax = 16;  // a broken picture may warn for every row
constexpr std::size_t kTextBytesMax = 300;

std::mutex warnings_mutex;  // libvips warns from threads of its own
std::vector<std::string> warnings;

std::string one_line(const char* text) {
  std::string line(text ? text : "");
  if (line.size() > kTextBytesMax) line.resize(kTextBytesMax);
  for (char& c : line)
    if (static_cast<unsigned char>(c) < 0x20 || static_cast<unsigned char>(c) >= 0x7F) c = ' ';
  const std::size_t last = line.find_last_not_of(' ');
  line.resize(last == std::string::npos ? 0 : last + 1);
  return line;
}

void keep_warning(const gchar*, GLogLevelFlags level, const gchar* message, gpointer) noexcept {
  if (!(level & (G_LOG_LEVEL_WARNING | G_LOG_LEVEL_CRITICAL | G_LOG_LEVEL_ERROR))) return;
  const std::lock_guard lock(warnings_mutex);
  if (warnings.size() < kWarningsMax) warnings.push_back(one_line(message));
}

}  // namespace

void start_vips() {
  static const bool started = [] {
    // Freed pixels stay with the process: mapping and clearing megabytes for each picture costs more than
    // halving it.
    mallopt(M_MMAP_THRESHOLD, 32 << 20);  // the most that glibc takes
    mallopt(M_TRIM_THRESHOLD, 256 << 20);
    mallopt(M_ARENA_MAX, 2);
    // Pictures above 100 MB of pixels would go through a temporary file, which the confinement forbids; how large one may be
    // is the limits' to say.
    setenv("VIPS_DISC_THRESHOLD", "1000g", 1);
    if (vips_init("medimirror") != 0)
      throw Error(ErrorKind::internal, "libvips does not start: " + take_vips_error(), "start libvips");
    vips_get_disc_threshold();  // it asks the environment the first time alone
    unsetenv("VIPS_DISC_THRESHOLD");
    vips_concurrency_set(1);
#if VIPS_MAJOR_VERSION == 8 && VIPS_MINOR_VERSION < 15
    vips_vector_set_enabled(FALSE);  // it makes machine code at run time, which the confinement forbids
#endif
    vips_cache_set_max(0);
    vips_cache_set_max_mem(0);
    vips_cache_set_max_files(0);
    vips_block_untrusted_set(TRUE);
    vips_operation_block_set("VipsForeignLoad", TRUE);
    for (const char* loader :
         {"VipsForeignLoadPng", "VipsForeignLoadWebp", "VipsForeignLoadNsgif", "VipsForeignLoadHeif"})
      vips_operation_block_set(loader, FALSE);
    g_log_set_default_handler(keep_warning, nullptr);
    g_log_set_handler("VIPS", static_cast<GLogLevelFlags>(G_LOG_LEVEL_MASK), keep_warning, nullptr);
    return true;
  }();
  static_cast<void>(started);
}

void load_plugins() {
  // The AVIF library looks for its plugins when it is first asked, even about bytes it cannot read.
  static constexpr char kNoPicture[] =
      "\0\0\0\x18"
      "ftypavif\0\0\0\0avifmif1";
  VipsImage* image = nullptr;
  if (vips_heifload_buffer(const_cast<char*>(kNoPicture), sizeof kNoPicture, &image, nullptr) == 0)
    g_object_unref(image);
  forget_vips_texts();
}

void forget_vips_texts() {
  vips_error_clear();
  take_vips_warnings();
}

std::string take_vips_error() {
  std::string text = one_line(vips_error_buffer());
  vips_error_clear();
  return text.empty() ? "unknown error" : text;
}

std::vector<std::string> take_vips_warnings() {
  const std::lock_guard lock(warnings_mutex);
  return std::exchange(warnings, {});
}

}  // namespace medimirror
