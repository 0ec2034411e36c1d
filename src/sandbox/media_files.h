// Role: answers a request for a picture file: who may ask, does it exist, has it changed, its bytes.
// Threads: any number.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "sandbox/catalogue.h"
#include "sandbox/exchange.h"
#include "sandbox/pictures.h"

namespace medimirror::sandbox {

Reply answer_media_file(const Request& request, const Catalogue& catalogue, Pictures& pictures);

// The picture that is served at an address.
PictureSpec picture_at(const Catalogue& catalogue, const PictureAddress& address);

// "App/1.0 (contact)": what the service asks of a client. Empty and generic values do not describe anyone.
bool describes_client(std::string_view user_agent);

std::string etag_of(std::string_view bytes);
std::string http_date(UnixSeconds time);
std::optional<UnixSeconds> parse_http_date(const std::string& text);

}  // namespace medimirror::sandbox
