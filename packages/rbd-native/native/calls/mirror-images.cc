#include <rbd/librbd.h>

#include <string>
#include <vector>

#include "../arguments.h"
#include "../control-call.h"
#include "../image-handle.h"
#include "../mirror-status.h"
#include "../strings.h"
#include "define.h"

namespace coppice {
namespace {

/// enableMirroring(image, mode, operation)
Napi::Value enable_mirroring(const Napi::CallbackInfo& info) {
  auto image = ImageHandle::from_js(info[0]);
  auto mode = static_cast<rbd_mirror_image_mode_t>(arg::i32(info[1]));
  return control(info, {"rbd_mirror_image_enable2", {image}, info[2]},
                 [=] { return rbd_mirror_image_enable2(image->get(), mode); });
}

using Forced = int (*)(rbd_image_t, bool);

/// (image, force, operation)
Napi::Value forced(const Napi::CallbackInfo& info, const char* call, Forced act) {
  auto image = ImageHandle::from_js(info[0]);
  bool force = arg::flag(info[1]);
  return control(info, {.name = call, .handles = {image}, .operation = info[2], .lane = Lane::kLong},
                 [=] { return act(image->get(), force); });
}

Napi::Value disable_mirroring(const Napi::CallbackInfo& info) {
  return forced(info, "rbd_mirror_image_disable", rbd_mirror_image_disable);
}
Napi::Value promote(const Napi::CallbackInfo& info) {
  return forced(info, "rbd_mirror_image_promote", rbd_mirror_image_promote);
}

using ImageCall = int (*)(rbd_image_t);

/// (image, operation)
Napi::Value plain(const Napi::CallbackInfo& info, const char* call, ImageCall act) {
  auto image = ImageHandle::from_js(info[0]);
  return control(info, {.name = call, .handles = {image}, .operation = info[1], .lane = Lane::kLong},
                 [=] { return act(image->get()); });
}

Napi::Value demote(const Napi::CallbackInfo& info) {
  return plain(info, "rbd_mirror_image_demote", rbd_mirror_image_demote);
}
Napi::Value resync(const Napi::CallbackInfo& info) {
  return plain(info, "rbd_mirror_image_resync", rbd_mirror_image_resync);
}

/// createMirrorSnapshot(image, flags, operation) → snapshot id
Napi::Value create_mirror_snapshot(const Napi::CallbackInfo& info) {
  auto image = ImageHandle::from_js(info[0]);
  uint32_t flags = arg::u32(info[1]);
  return control<uint64_t>(info, {"rbd_mirror_image_create_snapshot2", {image}, info[2]}, [=](uint64_t& id) {
    return rbd_mirror_image_create_snapshot2(image->get(), flags, &id);
  });
}

/// mirrorInfo(image, operation) → { globalId, state, primary, mode }
Napi::Value mirror_info(const Napi::CallbackInfo& info) {
  auto image = ImageHandle::from_js(info[0]);
  return control<MirrorInfo>(
      info, {"rbd_mirror_image_get_info", {image}, info[1]},
      [=](MirrorInfo& result, Operation& operation) {
        rbd_mirror_image_info_t raw;
        int r = rbd_mirror_image_get_info(image->get(), &raw, sizeof raw);
        if (r < 0) return r;
        result = MirrorInfo(raw);
        rbd_mirror_image_get_info_cleanup(&raw);
        if (result.state != RBD_MIRROR_IMAGE_ENABLED) return 0;
        rbd_mirror_image_mode_t mode;
        r = rbd_mirror_image_get_mode(image->get(), &mode);
        result.mode = mode;
        return r < 0 ? operation.fail("rbd_mirror_image_get_mode", r) : 0;
      },
      [](Napi::Env env, MirrorInfo& result) { return mirror_info_to_js(env, result); });
}

/// mirrorStatus(image, operation) → { name, info, sites }
Napi::Value mirror_status(const Napi::CallbackInfo& info) {
  auto image = ImageHandle::from_js(info[0]);
  return control<MirrorStatus>(
      info, {"rbd_mirror_image_get_global_status", {image}, info[1]},
      [=](MirrorStatus& status) {
        rbd_mirror_image_global_status_t raw;
        int r = rbd_mirror_image_get_global_status(image->get(), &raw, sizeof raw);
        if (r < 0) return r;
        status = MirrorStatus(raw);
        rbd_mirror_image_global_status_cleanup(&raw);
        return 0;
      },
      [](Napi::Env env, MirrorStatus& status) { return mirror_status_to_js(env, status); });
}

/// mirrorInstanceId(image, operation) → string
Napi::Value mirror_instance_id(const Napi::CallbackInfo& info) {
  auto image = ImageHandle::from_js(info[0]);
  return control<std::string>(info, {"rbd_mirror_image_get_instance_id", {image}, info[1]},
                              [=](std::string& id) {
                                return grow_string(id, [&](char* data, size_t* size) {
                                  return rbd_mirror_image_get_instance_id(image->get(), data, size);
                                });
                              });
}

struct MirrorOrigin {
  int state = 0;
  std::vector<std::string> peers;
  bool complete = false;
  std::string primary_uuid;
  uint64_t primary_snapshot = 0, last_copied_object = 0;
};

/// snapshotMirror(image, snapshot id, operation): what a mirroring snapshot is part of
Napi::Value snapshot_mirror(const Napi::CallbackInfo& info) {
  auto image = ImageHandle::from_js(info[0]);
  uint64_t id = arg::u64(info[1]);
  return control<MirrorOrigin>(
      info, {"rbd_snap_get_mirror_namespace", {image}, info[2]},
      [=](MirrorOrigin& origin) {
        rbd_snap_mirror_namespace_t raw;
        int r = rbd_snap_get_mirror_namespace(image->get(), id, &raw, sizeof raw);
        if (r < 0) return r;
        origin.state = raw.state;
        const char* uuid = raw.mirror_peer_uuids;
        for (size_t i = 0; i < raw.mirror_peer_uuids_count; ++i, uuid += origin.peers.back().size() + 1) {
          origin.peers.emplace_back(uuid);
        }
        origin.complete = raw.complete;
        origin.primary_uuid = raw.primary_mirror_uuid;
        origin.primary_snapshot = raw.primary_snap_id;
        origin.last_copied_object = raw.last_copied_object_number;
        rbd_snap_mirror_namespace_cleanup(&raw, sizeof raw);
        return 0;
      },
      [](Napi::Env env, MirrorOrigin& origin) -> Napi::Value {
        return make_object(env, {{"state", to_js(env, origin.state)},
                                 {"peerUuids", to_js(env, origin.peers)},
                                 {"complete", to_js(env, origin.complete)},
                                 {"primaryUuid", to_js(env, origin.primary_uuid)},
                                 {"primarySnapshotId", to_js(env, origin.primary_snapshot)},
                                 {"lastCopiedObject", size_to_js(env, origin.last_copied_object)}});
      });
}

}  // namespace

void define_mirror_images(Napi::Env env, Napi::Object exports) {
  define(env, exports,
         {{"enableMirroring", enable_mirroring},
          {"disableMirroring", disable_mirroring},
          {"promote", promote},
          {"demote", demote},
          {"resync", resync},
          {"createMirrorSnapshot", create_mirror_snapshot},
          {"mirrorInfo", mirror_info},
          {"mirrorStatus", mirror_status},
          {"mirrorInstanceId", mirror_instance_id},
          {"snapshotMirror", snapshot_mirror}});
}

}  // namespace coppice
