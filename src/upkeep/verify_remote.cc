#include "upkeep/verify_remote.h"

#include <fmt/format.h>

#include <unordered_map>

#include "base/sha256.h"
#include "http/retry_policy.h"
#include "http/url.h"

namespace medimirror {

namespace {

constexpr Millis kWait{250};

struct Question {
  AssetKey key;
  std::string url;
  Validators validators;
  Digest digest;
};

// Whether the asset is in the sample of this day: each has its own days.
bool is_chosen(const AssetKey& key, std::int64_t day, double share) {
  const Digest lot = sha256(fmt::format("{} {} {}", day, key.media, key.format));
  const auto number =
      static_cast<unsigned>(lot.bytes[0]) << 16 | static_cast<unsigned>(lot.bytes[1]) << 8 | lot.bytes[2];
  return number < share * (1 << 24);
}

class RemoteCheck {
 public:
  RemoteCheck(const RemoteOptions& options, Transport& transport, const Clock& clock, const StopFlag& stop,
              const RemoteSink& told)
      : options_(options),
        transport_(transport),
        clock_(clock),
        stop_(stop),
        told_(told),
        allowed_(options.allowed_hosts) {}

  RemoteReport run(const Index& index) {
    choose(index);
    while (next_ < questions_.size() || !running_.empty()) {
      if (stop_.requested()) report_.interrupted = true;
      const bool going_on = !report_.interrupted && report_.ended_early.empty();
      if (!going_on && running_.empty()) break;
      if (going_on) start_some();
      if (running_.empty()) continue;
      for (Completed& completed : transport_.wait(clock_.steady_now() + kWait)) handle(completed);
    }
    return std::move(report_);
  }

 private:
  void choose(const Index& index) {
    const std::int64_t day = clock_.unix_now() / 86'400;
    index.view().each_asset([&](const AssetKey& key, const AssetRecord& record) {
      if (record.state != AssetState::held || !record.digest) return true;
      ++report_.held;
      Validators validators{record.etag, record.last_modified};
      if (conditional_headers(validators).empty()) {
        ++report_.without_validators;
      } else if (is_chosen(key, day, options_.share) && questions_.size() < options_.requests_max) {
        questions_.push_back({key, record.held_url, std::move(validators), *record.digest});
      }
      return true;
    });
    report_.chosen = questions_.size();
  }

  void start_some() {
    while (next_ < questions_.size()) {
      const Question& question = questions_[next_];
      const std::optional<Url> url = parse_url(question.url);
      if (!url || allowed_.refusal(*url)) {
        answer(next_++, RemoteState::unclear, "its host is not among media.allowed_hosts");
        continue;
      }
      if (!transport_.can_start(*url)) return;
      running_.emplace(transport_.start(request_of(question, *url)), next_++);
      ++report_.asked;
    }
  }

  Request request_of(const Question& question, const Url& url) const {
    Request request;
    request.url = url;
    request.headers = conditional_headers(question.validators);
    request.allow_private_address = options_.allow_private_addresses;
    request.hash_body = true;
    request.label_is_no_coding = true;
    request.body_bytes_max = options_.bytes_max;
    request.limits = options_.limits;
    return request;
  }

  void handle(const Completed& completed) {
    const auto found = running_.find(completed.id);
    if (found == running_.end()) return;
    const std::size_t number = found->second;
    running_.erase(found);
    if (const auto* failure = std::get_if<TransferFailure>(&completed.result)) {
      answer(number, RemoteState::unclear, fmt::format("{}: {}", name_of(failure->error), failure->detail));
      note_failure(questions_[number].url);
    } else {
      judge(number, completed);
    }
  }

  void judge(std::size_t number, const Completed& completed) {
    const Response& response = std::get<Response>(completed.result);
    report_.bytes += response.bytes_received;
    const Question& question = questions_[number];
    const Classified said = classify(completed.result, clock_.wall_now());
    const bool gave = said.verdict == Verdict::success && response.bytes_received > 0;
    if (said.verdict == Verdict::not_modified || (gave && response.sha256 == question.digest)) {
      answer(number, RemoteState::same, "");
    } else if (gave) {
      answer(number, RemoteState::stale, "the host gives other bytes under this URL now");
    } else if (said.verdict == Verdict::gone) {
      answer(number, RemoteState::vanished, fmt::format("HTTP {}", response.status));
    } else {
      answer(number, RemoteState::unclear, fmt::format("HTTP {}", response.status));
      if (said.whole_host)
        end(fmt::format("{} asks to be left alone (HTTP {}): ask the rest another day", host_of(question.url),
                        response.status));
      return note_failure(question.url);
    }
    failures_in_row_ = 0;
  }

  void answer(std::size_t number, RemoteState state, const std::string& detail) {
    switch (state) {
      case RemoteState::same:
        ++report_.same;
        return;
      case RemoteState::stale:
        ++report_.stale;
        break;
      case RemoteState::vanished:
        ++report_.vanished;
        break;
      case RemoteState::unclear:
        ++report_.unclear;
        break;
    }
    told_(state, questions_[number].key, questions_[number].url, detail);
  }

  void note_failure(const std::string& url) {
    if (++failures_in_row_ >= options_.failures_max)
      end(fmt::format("{} failed {} times in a row: ask the rest another day", host_of(url),
                      failures_in_row_));
  }

  void end(std::string sentence) {
    if (report_.ended_early.empty()) report_.ended_early = std::move(sentence);
  }

  static std::string host_of(const std::string& url) {
    const std::optional<Url> parsed = parse_url(url);
    return parsed ? parsed->host : "the host";
  }

  const RemoteOptions& options_;
  Transport& transport_;
  const Clock& clock_;
  const StopFlag& stop_;
  const RemoteSink& told_;
  const HostAllowList allowed_;
  std::vector<Question> questions_;
  std::size_t next_ = 0;
  std::unordered_map<RequestId, std::size_t> running_;
  int failures_in_row_ = 0;
  RemoteReport report_;
};

}  // namespace

RemoteReport verify_remote(const RemoteOptions& options, const Index& index, Transport& transport,
                           const Clock& clock, const StopFlag& stop, const RemoteSink& told) {
  return RemoteCheck(options, transport, clock, stop, told).run(index);
}

}  // namespace medimirror
