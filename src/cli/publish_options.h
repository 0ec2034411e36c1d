// Role: what publishing, and looking at pictures, need of the configuration, for every command that does it.
#pragma once

#include "config/config.h"
#include "image/decoder_process.h"
#include "tree/publisher.h"
#include "tree/view.h"

namespace medimirror {

PublishOptions publish_options(const Config& config);
ViewSet view_set(const Config& config);  // products: all, for sync to say which
DecoderOptions decoder_options(const Config& config);

}  // namespace medimirror
