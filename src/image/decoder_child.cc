#include "image/decoder_child.h"

#include <exception>
#include <new>
#include <optional>
#include <string>
#include <vector>

#include "image/confinement.h"
#include "image/decoder_channel.h"
#include "image/decoder_process.h"
#include "image/vips_runtime.h"

namespace medimirror {

namespace {

using namespace decoder_wire;

bool receive(int fd, void* into, std::size_t bytes) {
  return receive_all(fd, into, bytes, std::nullopt) == Transfer::done;
}

iovec piece(const void* data, std::size_t bytes) {
  return {const_cast<void*>(data), bytes};
}

bool send_rejection(int fd, const Rejection& rejection) {
  DecodeReply reply;
  reply.rejection = static_cast<std::uint32_t>(rejection.reason);
  const std::string text = rejection.detail.substr(0, kTextBytesMax);
  reply.text_bytes = static_cast<std::uint32_t>(text.size());
  iovec pieces[] = {piece(&reply, sizeof reply), piece(text.data(), text.size())};
  return send_all(fd, pieces, std::nullopt) == Transfer::done;
}

bool send_inspection(int fd, const Inspection& inspection) {
  DecodeReply reply;
  reply.info = to_wire(inspection.info);
  const std::string note = inspection.info.note.substr(0, kTextBytesMax);
  reply.text_bytes = static_cast<std::uint32_t>(note.size());
  const std::string& print = inspection.info.print.bytes;
  reply.print_bytes = static_cast<std::uint32_t>(print.size());
  std::vector<Part> parts;
  for (const MadeDerivative& made : inspection.derivatives)
    parts.push_back({to_wire(made.info), made.bytes.size()});
  std::vector<iovec> pieces{piece(&reply, sizeof reply), piece(note.data(), note.size()),
                            piece(print.data(), print.size())};
  for (std::size_t i = 0; i < parts.size(); ++i) {
    pieces.push_back(piece(&parts[i], sizeof(Part)));
    pieces.push_back(piece(inspection.derivatives[i].bytes.data(), inspection.derivatives[i].bytes.size()));
  }
  return send_all(fd, pieces, std::nullopt) == Transfer::done;
}

// False: the other end is gone, or talks nonsense.
bool answer_one(int fd, const Setup& setup, InspectFunction inspect, std::string& body) {
  DecodeRequest request;
  if (!receive(fd, &request, sizeof request)) return false;
  if (request.magic != kMagic || request.recipes > Recipes::kCountMax ||
      request.body_bytes > setup.limits.bytes_max)
    return false;
  std::vector<WireRecipe> wire(request.recipes);
  if (!receive(fd, wire.data(), wire.size() * sizeof(WireRecipe))) return false;
  body.resize(request.body_bytes);
  if (!receive(fd, body.data(), body.size())) return false;
  std::vector<Recipe> recipes;
  for (const WireRecipe& one : wire) recipes.push_back(from_wire(one));

  allow_cpu_seconds(setup.cpu_seconds_max);
  const std::variant<Inspection, Rejection> result = inspect(body, {recipes, request.wanted}, setup.limits);
  if (const auto* rejection = std::get_if<Rejection>(&result)) return send_rejection(fd, *rejection);
  return send_inspection(fd, std::get<Inspection>(result));
}

}  // namespace

int serve_decoder(int fd, InspectFunction inspect) try {
  Setup setup;
  if (!receive(fd, &setup, sizeof setup) || setup.magic != kMagic) return kExitBadRequest;
  limit_process(setup.memory_bytes_max);
  start_vips();
  load_plugins();
  forbid_system_calls();
  const Ready ready;
  iovec greeting = piece(&ready, sizeof ready);
  if (send_all(fd, std::span(&greeting, 1), std::nullopt) != Transfer::done) return 0;
  std::string body;
  while (answer_one(fd, setup, inspect, body)) {
  }
  return 0;
} catch (const std::bad_alloc&) {
  return kExitOutOfMemory;
} catch (const std::exception&) {
  return 1;
}

int decoder_process_main(int fd) {
  return serve_decoder(fd, inspect_pixels);
}

}  // namespace medimirror
