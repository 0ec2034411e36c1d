#include "image/decoder_process.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <algorithm>

#include <cassert>
#include <cerrno>
#include <cstring>
#include <optional>
#include <vector>

#include "base/ascii.h"
#include "base/error.h"
#include "base/log.h"
#include "base/units.h"
#include "image/decoder_channel.h"

namespace medimirror {

namespace {

using namespace decoder_wire;

constexpr int kChildFd = 3;

[[noreturn]] void fail_start(std::string_view why) {
  throw Error(ErrorKind::internal, fmt::format("the decoder process does not start: {}", why),
              "start a decoder");
}

SteadyTime after(Millis span) {
  return std::chrono::steady_clock::now() + span;
}

// The environment may hold the API secret, so the process gets none of it, and none of our open files.
pid_t spawn(const std::string& program, const std::string& argument, int child_end) {
  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  posix_spawn_file_actions_adddup2(&files, child_end, kChildFd);
  posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&files, 1, "/dev/null", O_WRONLY, 0);
  posix_spawn_file_actions_addopen(&files, 2, "/dev/null", O_WRONLY, 0);
  posix_spawn_file_actions_addclosefrom_np(&files, kChildFd + 1);

  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  // The terminal's Ctrl-C and systemd's SIGTERM reach the process as well. It ignores them once it is confined; until
  // then, while it loads its libraries, they wait.
  sigset_t early, all;
  sigemptyset(&early);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGQUIT}) sigaddset(&early, signal);
  sigfillset(&all);
  posix_spawnattr_setsigmask(&attributes, &early);
  posix_spawnattr_setsigdefault(&attributes, &all);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);

  std::string name = "medimirror-decoder", verb = argument;
  char* arguments[] = {name.data(), verb.data(), nullptr};
  char* environment[] = {nullptr};
  pid_t process = -1;
  const int result = posix_spawn(&process, program.c_str(), &files, &attributes, arguments, environment);
  posix_spawn_file_actions_destroy(&files);
  posix_spawnattr_destroy(&attributes);
  if (result != 0) fail_start(fmt::format("{}: {}", program, std::strerror(result)));
  return process;
}

// A sentence from the other side of the boundary: short, and fit to be printed.
void make_printable(std::string& text) {
  std::ranges::replace_if(text, is_control, ' ');
}

std::string describe_end(int status, std::uint64_t memory_bytes_max) {
  if (WIFEXITED(status) && WEXITSTATUS(status) == kExitOutOfMemory)
    return fmt::format("ran out of memory (limit {})", format_bytes(memory_bytes_max));
  if (WIFEXITED(status)) return fmt::format("ended with status {}", WEXITSTATUS(status));
  switch (WTERMSIG(status)) {
    case SIGSYS:
      return "made a forbidden system call and was killed";
    case SIGXCPU:
      return "used up its CPU time";
    case SIGKILL:
      return "was killed";
    default:
      return fmt::format("crashed (signal {})", WTERMSIG(status));
  }
}

}  // namespace

struct Decoder::Failure {
  RejectionReason reason;
};

Decoder::Decoder(DecoderOptions options) : options_(std::move(options)) {}

Decoder::~Decoder() {
  stop();
}

void Decoder::stop() {
  if (process_ >= 0) end_process();
}

void Decoder::warm_up() {
  if (process_ < 0) start();
}

void Decoder::start() {
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) fail_start(std::strerror(errno));
  socket_ = UniqueFd(ends[0]);
  UniqueFd child_end(ends[1]);
  // Large enough for most bodies to be handed over in one call.
  const int buffer_bytes = 1 << 20;
  for (const int end : ends) setsockopt(end, SOL_SOCKET, SO_SNDBUF, &buffer_bytes, sizeof buffer_bytes);
  process_ = spawn(options_.program, options_.argument, child_end.get());
  child_end.reset();  // or we would never see the other end close
  ++processes_started_;

  Setup setup;
  setup.cpu_seconds_max = static_cast<std::uint32_t>(options_.time_max.count() / 1000) + 1;
  setup.memory_bytes_max = options_.memory_bytes_max;
  setup.limits = options_.limits;
  iovec piece{&setup, sizeof setup};
  const SteadyTime deadline = after(options_.start_time_max);
  Ready ready;
  Transfer transfer = send_all(socket_.get(), std::span(&piece, 1), deadline);
  if (transfer == Transfer::done) transfer = receive_all(socket_.get(), &ready, sizeof ready, deadline);
  if (transfer == Transfer::done && ready.magic == kMagic) return;
  const std::string ending = end_process();
  fail_start(transfer == Transfer::timed_out ? "it does not get ready in time"
                                             : fmt::format("it {}", ending));
}

std::string Decoder::end_process() {
  int status = 0;
  // One that has closed its socket is about to end by itself; how it does is worth knowing, but not worth
  // waiting long.
  pid_t ended = 0;
  for (int round = 0; round < 50 && ended == 0; ++round) {
    char byte;
    const bool gone = recv(socket_.get(), &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0;
    ended = waitpid(process_, &status, WNOHANG);
    if (!gone) break;
    if (ended == 0) {
      const timespec pause{0, 2'000'000};
      nanosleep(&pause, nullptr);
    }
  }
  if (ended == 0) {
    kill(process_, SIGKILL);
    while (waitpid(process_, &status, 0) < 0 && errno == EINTR) {
    }
  }
  process_ = -1;
  socket_.reset();
  return describe_end(status, options_.memory_bytes_max);
}

Decoder::Answer Decoder::ask(std::string_view bytes, const Recipes& recipes) {
  const SteadyTime deadline = after(options_.time_max);
  const auto failure = [](Transfer transfer) {
    return Failure{transfer == Transfer::timed_out ? RejectionReason::decoder_timed_out
                                                   : RejectionReason::decoder_crashed};
  };
  const auto receive = [&](void* into, std::size_t size) {
    return receive_all(socket_.get(), into, size, deadline);
  };

  DecodeRequest request;
  request.recipes = static_cast<std::uint32_t>(recipes.configured.size());
  request.wanted = recipes.wanted;
  request.body_bytes = bytes.size();
  std::vector<WireRecipe> wire;
  for (const Recipe& recipe : recipes.configured) wire.push_back(to_wire(recipe));
  iovec pieces[] = {{&request, sizeof request},
                    {wire.data(), wire.size() * sizeof(WireRecipe)},
                    {const_cast<char*>(bytes.data()), bytes.size()}};
  if (const Transfer sent = send_all(socket_.get(), pieces, deadline); sent != Transfer::done)
    return failure(sent);

  const Failure nonsense{RejectionReason::decoder_crashed};
  DecodeReply reply;
  if (const Transfer received = receive(&reply, sizeof reply); received != Transfer::done)
    return failure(received);
  if (reply.magic != kMagic || reply.text_bytes > kTextBytesMax || reply.print_bytes > kPrintBytesMax)
    return nonsense;
  std::string text(reply.text_bytes, '\0');
  if (const Transfer received = receive(text.data(), text.size()); received != Transfer::done)
    return failure(received);
  make_printable(text);
  if (reply.rejection != 0) {
    if (reply.rejection > static_cast<std::uint32_t>(RejectionReason::decoder_timed_out)) return nonsense;
    return Rejection{static_cast<RejectionReason>(reply.rejection), std::move(text)};
  }

  std::optional<ImageInfo> info = from_wire(reply.info, options_.limits);
  if (!info) return nonsense;
  info->note = std::move(text);
  info->print.bytes.resize(reply.print_bytes);
  if (const Transfer received = receive(info->print.bytes.data(), reply.print_bytes);
      received != Transfer::done)
    return failure(received);
  Inspection inspection{*std::move(info), {}};
  for (std::size_t i = 0; i < recipes.configured.size(); ++i) {
    if (!recipes.wants(i)) continue;
    Part part;
    if (const Transfer received = receive(&part, sizeof part); received != Transfer::done)
      return failure(received);
    std::optional<ImageInfo> made = from_wire(part.info, options_.limits);
    if (!made || made->format != recipes.configured[i].format || part.bytes == 0 ||
        part.bytes > options_.derivative_bytes_max)
      return nonsense;
    std::string body(part.bytes, '\0');
    if (const Transfer received = receive(body.data(), body.size()); received != Transfer::done)
      return failure(received);
    inspection.derivatives.push_back({i, std::move(body), *std::move(made)});
  }
  return inspection;
}

std::variant<Inspection, Rejection> Decoder::inspect(std::string_view bytes, const Recipes& recipes) {
  assert(recipes.configured.size() <= Recipes::kCountMax);
  std::variant<ImageInfo, Rejection> header = inspect_header(bytes, options_.limits);
  if (auto* refused = std::get_if<Rejection>(&header)) return *std::move(refused);
  constexpr int kAttempts = 2;
  for (int attempt = 1;; ++attempt) {
    warm_up();
    Answer answer = ask(bytes, recipes);
    if (auto* inspection = std::get_if<Inspection>(&answer)) {
      if (inspection->info.format == std::get<ImageInfo>(header).format) return *std::move(inspection);
      answer = Failure{RejectionReason::decoder_crashed};
    }
    if (auto* refused = std::get_if<Rejection>(&answer)) return *std::move(refused);
    const RejectionReason reason = std::get<Failure>(answer).reason;
    std::string ending = end_process();
    if (reason == RejectionReason::decoder_timed_out)
      ending = fmt::format("did not finish within {}", format_duration(options_.time_max));
    log_debug("a decoder process {} (attempt {} of {})", ending, attempt, kAttempts);
    if (attempt == kAttempts)
      return Rejection{reason, fmt::format("the decoder {}, twice, each time in a fresh process", ending)};
  }
}

}  // namespace medimirror
