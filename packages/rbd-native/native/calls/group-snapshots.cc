#include <rbd/librbd.h>

#include <string>
#include <vector>

#include "../arguments.h"
#include "../control-call.h"
#include "../growing.h"
#include "../image-handle.h"
#include "define.h"

namespace coppice {
namespace {

struct GroupSnapshot {
  std::string name;
  int state;
};

/// listGroupSnapshots(ioctx, group, operation) → [{ name, state }]
Napi::Value list_group_snapshots(const Napi::CallbackInfo& info) {
  auto ioctx = IoCtxHandle::from_js(info[0]);
  std::string group = arg::string(info[1]);
  return control<std::vector<GroupSnapshot>>(
      info, {"rbd_group_snap_list", {ioctx}, info[2]},
      [=](std::vector<GroupSnapshot>& snapshots) {
        std::vector<rbd_group_snap_info_t> raw;
        int r = grow(raw, 64, [&](rbd_group_snap_info_t* data, size_t* size) {
          return rbd_group_snap_list(ioctx->get(), group.c_str(), data, sizeof *data, size);
        });
        if (r < 0) return r;
        for (const auto& s : raw) snapshots.push_back({s.name, s.state});
        rbd_group_snap_list_cleanup(raw.data(), sizeof raw[0], raw.size());
        return 0;
      },
      [](Napi::Env env, std::vector<GroupSnapshot>& snapshots) -> Napi::Value {
        Napi::Array array = Napi::Array::New(env, snapshots.size());
        for (uint32_t i = 0; i < snapshots.size(); ++i) {
          array.Set(i, make_object(env, {{"name", to_js(env, snapshots[i].name)},
                                         {"state", to_js(env, snapshots[i].state)}}));
        }
        return array;
      });
}

/// createGroupSnapshot(ioctx, group, name, flags, operation)
Napi::Value create_group_snapshot(const Napi::CallbackInfo& info) {
  auto ioctx = IoCtxHandle::from_js(info[0]);
  std::string group = arg::string(info[1]), name = arg::string(info[2]);
  uint32_t flags = arg::u32(info[3]);
  return control(
      info, {.name = "rbd_group_snap_create2", .handles = {ioctx}, .operation = info[4], .lane = Lane::kLong},
      [=] { return rbd_group_snap_create2(ioctx->get(), group.c_str(), name.c_str(), flags); });
}

/// removeGroupSnapshot(ioctx, group, name, operation)
Napi::Value remove_group_snapshot(const Napi::CallbackInfo& info) {
  auto ioctx = IoCtxHandle::from_js(info[0]);
  std::string group = arg::string(info[1]), name = arg::string(info[2]);
  return control(
      info, {.name = "rbd_group_snap_remove", .handles = {ioctx}, .operation = info[3], .lane = Lane::kLong},
      [=] { return rbd_group_snap_remove(ioctx->get(), group.c_str(), name.c_str()); });
}

/// renameGroupSnapshot(ioctx, group, from, to, operation)
Napi::Value rename_group_snapshot(const Napi::CallbackInfo& info) {
  auto ioctx = IoCtxHandle::from_js(info[0]);
  std::string group = arg::string(info[1]), from = arg::string(info[2]), to = arg::string(info[3]);
  return control(info, {"rbd_group_snap_rename", {ioctx}, info[4]}, [=] {
    return rbd_group_snap_rename(ioctx->get(), group.c_str(), from.c_str(), to.c_str());
  });
}

/// rollbackGroup(ioctx, group, name, operation)
Napi::Value rollback_group(const Napi::CallbackInfo& info) {
  auto ioctx = IoCtxHandle::from_js(info[0]);
  std::string group = arg::string(info[1]), name = arg::string(info[2]);
  return control(info,
                 {.name = "rbd_group_snap_rollback_with_progress",
                  .handles = {ioctx},
                  .operation = info[3],
                  .lane = Lane::kLong},
                 [=](Operation& operation) {
                   return rbd_group_snap_rollback_with_progress(ioctx->get(), group.c_str(), name.c_str(),
                                                                Operation::progress, &operation);
                 });
}

struct GroupOrigin {
  int64_t pool = -1;
  std::string group, snapshot;
};

/// snapshotGroup(image, snapshot id, operation) → { poolId, group, snapshot }: what a group's snapshot is
/// part of
Napi::Value snapshot_group(const Napi::CallbackInfo& info) {
  auto image = ImageHandle::from_js(info[0]);
  uint64_t id = arg::u64(info[1]);
  return control<GroupOrigin>(
      info, {"rbd_snap_get_group_namespace", {image}, info[2]},
      [=](GroupOrigin& origin) {
        rbd_snap_group_namespace_t raw;
        int r = rbd_snap_get_group_namespace(image->get(), id, &raw, sizeof raw);
        if (r < 0) return r;
        origin = {raw.group_pool, raw.group_name, raw.group_snap_name};
        rbd_snap_group_namespace_cleanup(&raw, sizeof raw);
        return 0;
      },
      [](Napi::Env env, GroupOrigin& origin) -> Napi::Value {
        return make_object(env, {{"poolId", to_js(env, static_cast<double>(origin.pool))},
                                 {"group", to_js(env, origin.group)},
                                 {"snapshot", to_js(env, origin.snapshot)}});
      });
}

}  // namespace

void define_group_snapshots(Napi::Env env, Napi::Object exports) {
  define(env, exports,
         {{"listGroupSnapshots", list_group_snapshots},
          {"createGroupSnapshot", create_group_snapshot},
          {"removeGroupSnapshot", remove_group_snapshot},
          {"renameGroupSnapshot", rename_group_snapshot},
          {"rollbackGroup", rollback_group},
          {"snapshotGroup", snapshot_group}});
}

}  // namespace coppice
