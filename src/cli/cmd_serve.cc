#include <fmt/format.h>

#include <cstdio>
#include <thread>

#include "base/error.h"
#include "cli/commands.h"
#include "cli/signals.h"
#include "gallery/file_server.h"
#include "gallery/gallery.h"

namespace medimirror {

namespace {

constexpr const char* kGalleryAddress = "/reports/gallery/";

// Where a browser looks for the published files, once it has resolved what the pages say.
std::string media_mount(const Config& config) {
  const std::filesystem::path relative = media_address(config.reports_dir() / "gallery", config.media_dir);
  return (std::filesystem::path(kGalleryAddress) / relative).lexically_normal().native();
}

}  // namespace

ExitStatus serve_command(const Config& config, std::uint16_t port) {
  const std::filesystem::path gallery = config.reports_dir() / "gallery";
  if (!std::filesystem::exists(gallery / "index.html"))
    throw Error(ErrorKind::usage,
                fmt::format("there is no gallery in {} yet: `medimirror report gallery` builds it",
                            gallery.native()));
  StopFlag stop;
  const SignalWatch signals(stop);  // before the server's threads, which inherit what it blocks
  std::vector<FileServer::Mount> mounts = {{"/reports/", config.reports_dir()},
                                           {"/media/", config.media_dir}};
  if (media_mount(config) != "/media/") mounts.push_back({media_mount(config), config.media_dir});
  const FileServer server(std::move(mounts), kGalleryAddress, port);
  fmt::print("{}\nfor a browser on this machine; Ctrl-C ends it\n", server.address());
  std::fflush(stdout);
  while (!stop.requested()) std::this_thread::sleep_for(std::chrono::milliseconds(100));
  return ExitStatus::done;
}

}  // namespace medimirror
