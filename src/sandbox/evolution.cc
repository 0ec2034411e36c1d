#include "sandbox/evolution.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/file.h"
#include "sandbox/mix.h"

namespace medimirror::sandbox {
namespace {

using nlohmann::json;
using nlohmann::ordered_json;

constexpr std::uint64_t kCountMax = 1'000'000;

json to_json(const MediaChange& change) {
  json out = json::object();
  const auto put = [&](const char* key, std::int64_t value) {
    if (value != 0) out[key] = value;
  };
  put("generation", change.generation);
  put("query_revision", change.query_revision);
  put("updated_at", change.updated_at);
  put("changed_at", change.changed_at);
  put("created_at", change.created_at);
  put("unpublished", change.unpublished);
  put("removed", change.removed);
  put("copy_generation", change.copy_generation);
  if (change.copy_of) out["copy_of"] = *change.copy_of;
  if (change.replaced_by) out["replaced_by"] = *change.replaced_by;
  return out;
}

MediaChange change_from_json(const json& in) {
  MediaChange change;
  change.generation = in.value("generation", 0u);
  change.query_revision = in.value("query_revision", 0u);
  change.updated_at = in.value("updated_at", UnixSeconds{0});
  change.changed_at = in.value("changed_at", UnixSeconds{0});
  change.created_at = in.value("created_at", UnixSeconds{0});
  change.unpublished = in.value("unpublished", 0) != 0;
  change.removed = in.value("removed", 0) != 0;
  change.copy_generation = in.value("copy_generation", 0u);
  if (in.contains("copy_of")) change.copy_of = in["copy_of"].get<MediaIndex>();
  if (in.contains("replaced_by")) change.replaced_by = in["replaced_by"].get<MediaIndex>();
  return change;
}

json identity_of(const CatalogueOptions& options) {
  return {{"media", options.media},
          {"products", options.products},
          {"seed", options.seed},
          {"oddities", options.oddities},
          {"same_picture", options.same_picture}};
}

}  // namespace

// The overlay being written, the catalogue as it was, and who was already picked.
struct Evolution::Step {
  const Catalogue& before;
  std::shared_ptr<Overlay> overlay;
  UnixSeconds now;
  Dice dice;
  std::set<MediaIndex> picked{};

  bool suitable(MediaIndex index) const {
    if (picked.contains(index) || before.removed(index)) return false;
    const MediaFacts facts = before.media(index);
    return facts.published && facts.role != Role::link && facts.oddity == Oddity::none;
  }

  MediaIndex pick() {
    const std::uint32_t count = before.media_count();
    if (count > 0) {
      // From a random place on; so it ends, and finds the last suitable one.
      const std::uint32_t start = dice.below(count);
      for (std::uint32_t i = 0; i < count; ++i) {
        const auto index = static_cast<MediaIndex>((std::uint64_t{start} + i) % count);
        if (suitable(index)) return picked.insert(index), index;
      }
    }
    throw Error(ErrorKind::usage,
                "the catalogue has no plain, published media left to change; ask for fewer");
  }

  MediaIndex pick_id(std::uint64_t id) {
    const auto index = before.media_index(id);
    if (!index || before.removed(*index))
      throw Error(ErrorKind::usage, fmt::format("there is no media item {} to change", id));
    picked.insert(*index);
    return *index;
  }

  MediaIndex add() {
    const MediaIndex index = before.options().media + overlay->added_media++;
    MediaChange& change = overlay->media[index];
    change.created_at = now;
    return index;
  }

  // Applies one kind to one item; the id of what came into being, where something did.
  std::optional<MediaIndex> apply(Evolve kind, MediaIndex index) {
    MediaChange& change = overlay->media[index];
    switch (kind) {
      case Evolve::added:
        break;
      case Evolve::changed:
        ++change.generation, change.changed_at = change.updated_at = now;
        break;
      case Evolve::query_changed:
        ++change.query_revision, change.updated_at = now;
        break;
      case Evolve::touched:
        change.updated_at = now;
        break;
      case Evolve::unpublished:
        change.unpublished = true, change.updated_at = now;
        break;
      case Evolve::removed:
        change.removed = true;
        break;
      case Evolve::reuploaded: {
        change.removed = true;
        const std::uint32_t generation = change.generation;
        const MediaIndex copy = add();  // may move `change`
        overlay->media[copy].copy_of = index;
        overlay->media[copy].copy_generation = generation;
        overlay->media[index].replaced_by = copy;
        return copy;
      }
    }
    return std::nullopt;
  }
};

Evolution::Evolution(const CatalogueOptions& options, std::optional<std::filesystem::path> state,
                     const Clock& clock)
    : options_(options), state_(std::move(state)), clock_(clock), overlay_(std::make_shared<Overlay>()) {
  if (state_) load();
  catalogue_ = std::make_shared<Catalogue>(options_, overlay_);
}

std::shared_ptr<const Catalogue> Evolution::snapshot() const {
  const std::lock_guard lock(mutex_);
  return catalogue_;
}

std::string Evolution::evolve(const std::string& text) {
  const std::lock_guard one_at_a_time(evolving_);
  const json request = json::parse(text, nullptr, false);
  if (!request.is_object()) throw Error(ErrorKind::usage, "the body must be a JSON object like {\"new\": 5}");
  for (const auto& [key, value] : request.items())
    if (std::find(std::begin(kEvolveNames), std::end(kEvolveNames), key) == std::end(kEvolveNames))
      throw Error(ErrorKind::usage,
                  fmt::format("\"{}\" is not one of {}", key, fmt::join(kEvolveNames, ", ")));

  const auto before = snapshot();
  Step step{*before, std::make_shared<Overlay>(*overlay_), clock_.unix_now(),
            Dice(mix(options_.seed ^ 0xe701, overlay_->version))};
  ++step.overlay->version;
  ordered_json answer = ordered_json::object();
  const auto do_one = [&](Evolve kind, std::string_view name, MediaIndex index) {
    const auto made = step.apply(kind, index);
    if (made) {
      answer[std::string(name)].push_back(
          {{"old", before->media_id(index)}, {"new", before->media_id(*made)}});
    } else {
      answer[std::string(name)].push_back(before->media_id(index));
    }
  };

  for (std::size_t i = 0; i < std::size(kEvolveNames); ++i) {
    const auto kind = static_cast<Evolve>(i);
    const std::string name(kEvolveNames[i]);
    if (!request.contains(name)) continue;
    const json& wanted = request[name];
    answer[name] = ordered_json::array();
    if (wanted.is_array() && kind != Evolve::added) {
      for (const auto& id : wanted) {
        if (!id.is_number_unsigned())
          throw Error(ErrorKind::usage, fmt::format("\"{}\" must list media ids", name));
        do_one(kind, name, step.pick_id(id.get<std::uint64_t>()));
      }
    } else if (wanted.is_number_unsigned() && wanted.get<std::uint64_t>() <= kCountMax) {
      for (std::uint64_t n = wanted.get<std::uint64_t>(); n > 0; --n) {
        if (kind != Evolve::added) {
          do_one(kind, name, step.pick());
          continue;
        }
        const MediaIndex index = step.add();
        answer[name].push_back(before->media_id(index));
        if (options_.products > 0) {
          const ProductIndex product = index % options_.products;
          step.overlay->attached[product].push_back(index);
          step.overlay->products_updated[product] = step.now;
        }
      }
    } else {
      throw Error(ErrorKind::usage, fmt::format("\"{}\" must be a count{}", name,
                                                kind == Evolve::added ? "" : " or a list of media ids"));
    }
  }
  answer["time"] = step.now;
  if (state_) save(*step.overlay);

  const std::lock_guard lock(mutex_);
  overlay_ = std::move(step.overlay);
  catalogue_ = std::make_shared<Catalogue>(options_, overlay_);
  return answer.dump();
}

void Evolution::save(const Overlay& overlay) const {
  json out{{"catalogue", identity_of(options_)},
           {"version", overlay.version},
           {"added_media", overlay.added_media}};
  for (const auto& [index, change] : overlay.media) out["changes"][std::to_string(index)] = to_json(change);
  for (const auto& [product, media] : overlay.attached) out["attached"][std::to_string(product)] = media;
  for (const auto& [product, time] : overlay.products_updated)
    out["products"][std::to_string(product)] = time;
  replace_file(*state_ / "evolution.json", out.dump());
}

void Evolution::load() {
  make_folders(*state_);
  const auto text = read_file_if_exists(*state_ / "evolution.json");
  if (!text) return;
  try {
    const json in = json::parse(*text);
    if (in.at("catalogue") != identity_of(options_))
      throw Error(
          ErrorKind::config,
          fmt::format(
              "{} belongs to another catalogue ({}); give the same --media, --products and --seed, or "
              "another --state",
              state_->string(), in.at("catalogue").dump()));
    auto overlay = std::make_shared<Overlay>();
    overlay->version = in.at("version");
    overlay->added_media = in.at("added_media");
    const auto each = [&](const char* key, auto&& take) {
      if (in.contains(key))
        for (const auto& [index, value] : in[key].items())
          take(static_cast<std::uint32_t>(std::stoul(index)), value);
    };
    each("changes", [&](auto index, const json& value) { overlay->media[index] = change_from_json(value); });
    each("attached", [&](auto index, const json& value) { value.get_to(overlay->attached[index]); });
    each("products", [&](auto index, const json& value) { value.get_to(overlay->products_updated[index]); });
    overlay_ = std::move(overlay);
  } catch (const Error&) {
    throw;
  } catch (const std::exception&) {
    throw Error(ErrorKind::config, fmt::format("{} is damaged; remove it to start the catalogue afresh",
                                               (*state_ / "evolution.json").string()));
  }
}

}  // namespace medimirror::sandbox
