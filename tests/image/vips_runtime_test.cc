// What libvips may read with: another version brings other loaders, and none of them is for pictures from outside.
#include "image/vips_runtime.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <vips/vips.h>

#include <set>
#include <string>

namespace medimirror {
namespace {

using testing::ElementsAre;

void* collect(GType type, void* names) {
  auto* const loader = VIPS_OBJECT_CLASS(g_type_class_ref(type));
  if (!G_TYPE_IS_ABSTRACT(type) && (VIPS_OPERATION_CLASS(loader)->flags & VIPS_OPERATION_BLOCKED) == 0)
    static_cast<std::set<std::string>*>(names)->insert(loader->nickname);
  g_type_class_unref(loader);
  return nullptr;
}

TEST(VipsRuntime, NoLoaderIsOpenButThoseOfTheFormats) {
  start_vips();
  std::set<std::string> names, formats;
  vips_type_map_all(g_type_from_name("VipsForeignLoad"), collect, &names);
  // "jpegload_buffer" is one of "jpegload"; which ways in there are differs between versions
  for (const std::string& name : names) formats.insert(name.substr(0, name.find("load")));
  EXPECT_THAT(formats, ElementsAre("gif", "heif", "png", "webp"));
}

}  // namespace
}  // namespace medimirror
