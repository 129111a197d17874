#pragma once

#include <napi.h>
#include <rbd/librbd.h>

#include <string>
#include <vector>

#include "to-js.h"

namespace coppice {

struct MirrorInfo {
  std::string global_id;
  int state = RBD_MIRROR_IMAGE_DISABLED;
  bool primary = false;
  int mode = -1;
  MirrorInfo() = default;
  explicit MirrorInfo(const rbd_mirror_image_info_t& raw)
      : global_id(raw.global_id == nullptr ? "" : raw.global_id), state(raw.state), primary(raw.primary) {}
};

inline Napi::Value mirror_info_to_js(Napi::Env env, const MirrorInfo& info) {
  return make_object(env, {{"globalId", to_js(env, info.global_id)},
                           {"state", to_js(env, info.state)},
                           {"primary", to_js(env, info.primary)},
                           {"mode", to_js(env, info.mode)}});
}

/// What one site says about an image; the local one has an empty UUID.
struct MirrorSite {
  std::string mirror_uuid, description;
  int state;
  time_t last_update;
  bool up;
};

struct MirrorStatus {
  std::string name;
  MirrorInfo info;
  std::vector<MirrorSite> sites;
  MirrorStatus() = default;
  explicit MirrorStatus(const rbd_mirror_image_global_status_t& raw) : name(raw.name), info(raw.info) {
    for (uint32_t i = 0; i < raw.site_statuses_count; ++i) {
      const auto& site = raw.site_statuses[i];
      sites.push_back({site.mirror_uuid, site.description, site.state, site.last_update, site.up});
    }
  }
};

inline Napi::Value mirror_status_to_js(Napi::Env env, const MirrorStatus& status) {
  Napi::Array sites = Napi::Array::New(env, status.sites.size());
  for (uint32_t i = 0; i < status.sites.size(); ++i) {
    const MirrorSite& site = status.sites[i];
    sites.Set(i, make_object(env, {{"mirrorUuid", to_js(env, site.mirror_uuid)},
                                   {"state", to_js(env, site.state)},
                                   {"description", to_js(env, site.description)},
                                   {"lastUpdate", time_to_js(env, site.last_update)},
                                   {"up", to_js(env, site.up)}}));
  }
  return make_object(
      env,
      {{"name", to_js(env, status.name)}, {"info", mirror_info_to_js(env, status.info)}, {"sites", sites}});
}

}  // namespace coppice
