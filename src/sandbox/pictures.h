// Role: the bytes of a picture file. The same request gives the same bytes, for ever and in every process of
// a seed.
// Threads: any number. Small pictures are computed on the spot; real ones are drawn at the first request, all by one
// thread of their own, and kept on disk. Nobody else calls libvips: threads around it have ended the process before
// (lettering.h), and one thread leaves nothing to go wrong.
// Failure: throws Error{disk} when the folder cannot be written, Error{internal} when libvips fails.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

#include "sandbox/media_url.h"

namespace medimirror::sandbox {

enum class PictureStyle { real, small };

struct PictureSpec {
  std::uint64_t key = 0;  // equal keys look the same
  PictureSize size = PictureSize::huge;
  Encoding encoding = Encoding::jpeg;
  bool cut_out =
      false;  // a frontal: transparent around the pack, white where the encoding has no transparency
  bool square = true;
};

class Pictures {
 public:
  virtual ~Pictures() = default;
  virtual std::string bytes(const PictureSpec& spec) = 0;
};

// A few hundred bytes each, valid, all different, made in microseconds: 16² to 64² pixels.
std::unique_ptr<Pictures> small_pictures();

// Product-like pictures of 200² to 1500² pixels. `folder` is made when missing.
std::unique_ptr<Pictures> real_pictures(const std::filesystem::path& folder);

}  // namespace medimirror::sandbox
