#include <rbd/librbd.h>

#include <string>
#include <vector>

#include "../arguments.h"
#include "../control-call.h"
#include "../ioctx-handle.h"
#include "../strings.h"
#include "define.h"

namespace coppice {
namespace {

/// getMirrorMode(ioctx, operation) → number
Napi::Value get_mirror_mode(const Napi::CallbackInfo& info) {
  auto ioctx = IoCtxHandle::from_js(info[0]);
  return control<int>(info, {"rbd_mirror_mode_get", {ioctx}, info[1]}, [=](int& mode) {
    rbd_mirror_mode_t raw;
    int r = rbd_mirror_mode_get(ioctx->get(), &raw);
    mode = raw;
    return r;
  });
}

/// setMirrorMode(ioctx, mode, operation)
Napi::Value set_mirror_mode(const Napi::CallbackInfo& info) {
  auto ioctx = IoCtxHandle::from_js(info[0]);
  auto mode = static_cast<rbd_mirror_mode_t>(arg::i32(info[1]));
  return control(info, {"rbd_mirror_mode_set", {ioctx}, info[2]},
                 [=] { return rbd_mirror_mode_set(ioctx->get(), mode); });
}

/// mirrorUuid(ioctx, operation) → string
Napi::Value mirror_uuid(const Napi::CallbackInfo& info) {
  auto ioctx = IoCtxHandle::from_js(info[0]);
  return control<std::string>(info, {"rbd_mirror_uuid_get", {ioctx}, info[1]}, [=](std::string& uuid) {
    return grow_string(
        uuid, [&](char* data, size_t* size) { return rbd_mirror_uuid_get(ioctx->get(), data, size); });
  });
}

/// getMirrorSiteName(cluster, operation) → string
Napi::Value get_mirror_site_name(const Napi::CallbackInfo& info) {
  auto cluster = ClusterHandle::from_js(info[0]);
  return control<std::string>(info, {"rbd_mirror_site_name_get", {cluster}, info[1]}, [=](std::string& name) {
    return grow_string(
        name, [&](char* data, size_t* size) { return rbd_mirror_site_name_get(cluster->get(), data, size); });
  });
}

/// setMirrorSiteName(cluster, name, operation)
Napi::Value set_mirror_site_name(const Napi::CallbackInfo& info) {
  auto cluster = ClusterHandle::from_js(info[0]);
  std::string name = arg::string(info[1]);
  return control(info, {"rbd_mirror_site_name_set", {cluster}, info[2]},
                 [=] { return rbd_mirror_site_name_set(cluster->get(), name.c_str()); });
}

/// createMirrorBootstrap(ioctx, operation) → token
Napi::Value create_mirror_bootstrap(const Napi::CallbackInfo& info) {
  auto ioctx = IoCtxHandle::from_js(info[0]);
  return control<std::string>(info, {"rbd_mirror_peer_bootstrap_create", {ioctx}, info[1]},
                              [=](std::string& token) {
                                return grow_string(token, [&](char* data, size_t* size) {
                                  return rbd_mirror_peer_bootstrap_create(ioctx->get(), data, size);
                                });
                              });
}

/// importMirrorBootstrap(ioctx, direction, token, operation)
Napi::Value import_mirror_bootstrap(const Napi::CallbackInfo& info) {
  auto ioctx = IoCtxHandle::from_js(info[0]);
  auto direction = static_cast<rbd_mirror_peer_direction_t>(arg::i32(info[1]));
  std::string token = arg::string(info[2]);
  return control(info,
                 {.name = "rbd_mirror_peer_bootstrap_import",
                  .handles = {ioctx},
                  .operation = info[3],
                  .lane = Lane::kLong},
                 [=] { return rbd_mirror_peer_bootstrap_import(ioctx->get(), direction, token.c_str()); });
}

struct StateCount {
  int state, count;
};

/// mirrorStatusSummary(ioctx, operation) → [{ state, count }]
Napi::Value mirror_status_summary(const Napi::CallbackInfo& info) {
  auto ioctx = IoCtxHandle::from_js(info[0]);
  return control<std::vector<StateCount>>(
      info, {"rbd_mirror_image_status_summary", {ioctx}, info[1]},
      [=](std::vector<StateCount>& summary) {
        rbd_mirror_image_status_state_t states[16];
        int counts[16];
        size_t size = std::size(states);
        int r = rbd_mirror_image_status_summary(ioctx->get(), states, counts, &size);
        for (size_t i = 0; r >= 0 && i < size; ++i) summary.push_back({states[i], counts[i]});
        return r;
      },
      [](Napi::Env env, std::vector<StateCount>& summary) -> Napi::Value {
        Napi::Array array = Napi::Array::New(env, summary.size());
        for (uint32_t i = 0; i < summary.size(); ++i) {
          array.Set(i, make_object(env, {{"state", to_js(env, summary[i].state)},
                                         {"count", to_js(env, summary[i].count)}}));
        }
        return array;
      });
}

}  // namespace

void define_mirror_pool(Napi::Env env, Napi::Object exports) {
  define(env, exports,
         {{"getMirrorMode", get_mirror_mode},
          {"setMirrorMode", set_mirror_mode},
          {"mirrorUuid", mirror_uuid},
          {"getMirrorSiteName", get_mirror_site_name},
          {"setMirrorSiteName", set_mirror_site_name},
          {"createMirrorBootstrap", create_mirror_bootstrap},
          {"importMirrorBootstrap", import_mirror_bootstrap},
          {"mirrorStatusSummary", mirror_status_summary}});
}

}  // namespace coppice
