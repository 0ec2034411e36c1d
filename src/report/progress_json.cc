#include <cmath>
#include <nlohmann/json.hpp>

#include "report/progress_styles.h"
#include "report/rate.h"

namespace medimirror {

namespace {

constexpr Millis kPace{1'000};

double rounded(double value) {
  return std::round(value * 10) / 10;
}

// One JSON object a line, one line a second. Events: progress, message, finished.
class JsonProgress final : public Progress {
 public:
  JsonProgress(int fd, SteadyTime start) : fd_(fd), start_(start), shown_(start), rate_(start) {}

  void update(const ProgressSnapshot& snapshot, SteadyTime now) override {
    last_ = snapshot;
    rate_.update(snapshot, now);
    if (now - shown_ < kPace) return;
    shown_ = now;
    show_event("progress", now);
  }

  void say(std::string_view sentence) override {
    show_object({{"event", "message"}, {"message", std::string(sentence)}});
  }
  void finish(SteadyTime now) override {
    last_.waits.clear();
    show_event("finished", now);
  }

 private:
  void show_event(const char* event, SteadyTime now) const {
    nlohmann::ordered_json object{{"event", event},
                                  {"seconds", rounded(std::chrono::duration<double>(now - start_).count())},
                                  {"listed", last_.listed},
                                  {"listing_done", last_.listing_done},
                                  {"to_fetch", last_.to_fetch},
                                  {"done", last_.done},
                                  {"failed", last_.failed},
                                  {"in_flight", last_.in_flight},
                                  {"bytes", last_.bytes},
                                  {"items_per_second", rounded(rate_.items_per_second())},
                                  {"bytes_per_second", rounded(rate_.bytes_per_second())},
                                  {"seconds_left", nullptr}};
    if (const auto left = rate_.time_left(last_)) object["seconds_left"] = left->count() / 1000;
    nlohmann::ordered_json& waits = object["waits"] = nlohmann::ordered_json::array();
    for (const Waiting& waiting : last_.waits) waits.push_back(json_of(waiting, now));
    show_object(object);
  }

  static nlohmann::ordered_json json_of(const Waiting& waiting, SteadyTime now) {
    const auto seconds = [](const std::optional<Millis>& span) {
      return span ? nlohmann::ordered_json(rounded(std::chrono::duration<double>(*span).count()))
                  : nlohmann::ordered_json();
    };
    return {{"for", waiting.who},
            {"why", waiting.why},
            {"seconds", rounded(std::chrono::duration<double>(now - waiting.since).count())},
            {"asked_in", seconds(until(waiting.next, now))},
            {"given_up_in", seconds(until(waiting.gives_up, now))}};
  }

  void show_object(const nlohmann::ordered_json& object) const {
    show(fd_, object.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n");
  }

  int fd_;
  SteadyTime start_, shown_;
  Rate rate_;
  ProgressSnapshot last_;
};

}  // namespace

std::unique_ptr<Progress> make_json_progress(int fd, SteadyTime start) {
  return std::make_unique<JsonProgress>(fd, start);
}

}  // namespace medimirror
