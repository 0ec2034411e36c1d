// Role: what publishing, and looking at pictures, need of the configuration, for every command that does it.
#pragma once

#include "cli/config.h"
#include "image/decoder_process.h"
#include "tree/publisher.h"

namespace medimirror {

PublishOptions publish_options(const Config& config);
DecoderOptions decoder_options(const Config& config);

}  // namespace medimirror
