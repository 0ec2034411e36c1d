// A store with products, to plan and publish views of.
#pragma once

#include <map>

#include "tree/publish_fixture.h"
#include "tree/view_plan.h"

namespace medimirror {

inline ViewPath view_path(std::string_view text) {
  return std::get<ViewPath>(ViewPath::parse(text));
}

inline View view_of(std::string name, std::string_view path) {
  return {.name = std::move(name), .path = view_path(path), .format = "huge", .recipe = {}};
}

constexpr UnixSeconds kDay = 86'400;

struct ViewFixture : PublishFixture {
  ViewSet views{.views = {}, .grace = 14 * kDay};
  UnixSeconds now = 1'800'000'000;
  ViewOutcome outcome;  // of the last publish

  void put_product(Product product) {
    if (product.status.empty()) product.status = "active";
    IndexGroup group = index->group();
    ProductRecord record{std::move(product), ++fingerprint, fingerprint};
    group.put_product(record);
    group.commit();
  }
  void put_product(std::string id, std::string cnk, const std::vector<MediaId>& media,
                   std::vector<std::string> eans = {}, std::string status = "active") {
    Product product;
    product.id = std::move(id);
    product.cnk = std::move(cnk);
    product.eans = std::move(eans);
    product.status = std::move(status);
    for (const MediaId one : media) product.media.push_back({one, MediaKind::photo, {}});
    put_product(std::move(product));
  }
  void remove_product(std::string_view id) {
    IndexGroup group = index->group();
    group.remove_product(id);
    group.commit();
  }

  void put_item(MediaId id, MediaKind kind = MediaKind::photo, std::string photo_type = "packshot") {
    IndexGroup group = index->group();
    MediaItem item;
    item.id = id;
    item.kind = kind;
    item.photo_type = std::move(photo_type);
    item.locales = {"nl"};
    group.put_media(item);
    group.commit();
  }
  // A photo that is listed and held.
  Digest picture(MediaId id, std::string_view bytes, MediaKind kind = MediaKind::photo,
                 std::string photo_type = "packshot") {
    put_item(id, kind, std::move(photo_type));
    return hold(id, "huge", bytes);
  }

  // What sync does.
  PublishResult publish_views() {
    const IndexView view = index->view();
    ViewPlan plan(views, view, options.changes_file, now);
    plan.commit_numbers(*index);
    outcome = plan.outcome();
    return execute_publish(options, plan_publish(options, view, &plan.claims()), *index, *blobs);
  }

  // The files of a view, with what is in them.
  std::map<std::string, std::string> files_of(const std::string& name) const {
    std::map<std::string, std::string> files;
    for (const std::string& path : tree())
      if (path.starts_with(name + '/') && path.back() != '/')
        files.emplace(path.substr(name.size() + 1), read_file(media(path)));
    return files;
  }

  std::uint64_t fingerprint = 0;
};

}  // namespace medimirror
