#include <rbd/librbd.h>

#include <optional>
#include <string>
#include <vector>

#include "../arguments.h"
#include "../control-call.h"
#include "../growing.h"
#include "../image-handle.h"
#include "../strings.h"
#include "define.h"

namespace coppice {
namespace {

struct Snapshot {
  uint64_t id, size;
  std::string name, original_name;
  rbd_snap_namespace_type_t kind;
  bool is_protected;
  timespec created;
};

/// Reads everything that `rbd snap ls --all` shows. -ENOENT: the snapshot was removed meanwhile.
int read_snapshot(rbd_image_t image, const rbd_snap_info_t& info, Snapshot& snapshot, Operation& operation) {
  snapshot = {info.id, info.size, info.name, "", RBD_SNAP_NAMESPACE_TYPE_USER, false, {}};
  int r = rbd_snap_get_namespace_type(image, info.id, &snapshot.kind);
  if (r < 0) return operation.fail("rbd_snap_get_namespace_type", r);
  r = rbd_snap_get_timestamp(image, info.id, &snapshot.created);
  if (r < 0) return operation.fail("rbd_snap_get_timestamp", r);
  if (snapshot.kind == RBD_SNAP_NAMESPACE_TYPE_TRASH) {
    r = grow_string_by_value(snapshot.original_name, [&](char* data, size_t size) {
      return rbd_snap_get_trash_namespace(image, info.id, data, size);
    });
    return r < 0 ? operation.fail("rbd_snap_get_trash_namespace", r) : 0;
  }
  // Only user snapshots are found by name, and only those can be protected.
  if (snapshot.kind != RBD_SNAP_NAMESPACE_TYPE_USER) return 0;
  int is_protected = 0;
  r = rbd_snap_is_protected(image, info.name, &is_protected);
  snapshot.is_protected = is_protected != 0;
  return r < 0 ? operation.fail("rbd_snap_is_protected", r) : 0;
}

int list(rbd_image_t image, std::vector<Snapshot>& snapshots, Operation& operation) {
  // One entry more than there are snapshots: rbd_snap_list_end() stops at the entry without a name.
  std::vector<rbd_snap_info_t> infos;
  int r = grow<int>(infos, 64,
                    [&](rbd_snap_info_t* data, int* size) { return rbd_snap_list(image, data, size); });
  if (r < 0) return r;
  infos.resize(static_cast<size_t>(r));
  for (const rbd_snap_info_t& info : infos) {
    Snapshot snapshot;
    r = read_snapshot(image, info, snapshot, operation);
    if (r == -ENOENT) continue;
    if (r < 0) break;
    snapshots.push_back(std::move(snapshot));
  }
  infos.push_back({0, 0, nullptr});
  rbd_snap_list_end(infos.data());
  return r == -ENOENT ? 0 : r;
}

/// listSnapshots(image, operation) → [{ id, name, size, kind, protected, timestamp, originalName }]
Napi::Value list_snapshots(const Napi::CallbackInfo& info) {
  auto image = ImageHandle::from_js(info[0]);
  return control<std::vector<Snapshot>>(
      info, {"rbd_snap_list", {image}, info[1]},
      [=](std::vector<Snapshot>& snapshots, Operation& operation) {
        return list(image->get(), snapshots, operation);
      },
      [](Napi::Env env, std::vector<Snapshot>& snapshots) -> Napi::Value {
        Napi::Array array = Napi::Array::New(env, snapshots.size());
        for (uint32_t i = 0; i < snapshots.size(); ++i) {
          const Snapshot& s = snapshots[i];
          array.Set(i, make_object(env, {{"id", to_js(env, s.id)},
                                         {"name", to_js(env, s.name)},
                                         {"size", size_to_js(env, s.size)},
                                         {"kind", to_js(env, static_cast<int>(s.kind))},
                                         {"protected", to_js(env, s.is_protected)},
                                         {"timestamp", time_to_js(env, s.created)},
                                         {"originalName", to_js(env, s.original_name)}}));
        }
        return array;
      });
}

/// createSnapshot(image, name, flags, operation)
Napi::Value create_snapshot(const Napi::CallbackInfo& info) {
  auto image = ImageHandle::from_js(info[0]);
  std::string name = arg::string(info[1]);
  uint32_t flags = arg::u32(info[2]);
  return control(info, {"rbd_snap_create2", {image}, info[3]}, [=](Operation& operation) {
    return rbd_snap_create2(image->get(), name.c_str(), flags, Operation::progress, &operation);
  });
}

/// removeSnapshot(image, name, flags, operation): with flags it may flatten children
Napi::Value remove_snapshot(const Napi::CallbackInfo& info) {
  auto image = ImageHandle::from_js(info[0]);
  std::string name = arg::string(info[1]);
  uint32_t flags = arg::u32(info[2]);
  return control(info,
                 {.name = "rbd_snap_remove2",
                  .handles = {image},
                  .operation = info[3],
                  .lane = flags == 0 ? Lane::kShort : Lane::kLong},
                 [=](Operation& operation) {
                   return rbd_snap_remove2(image->get(), name.c_str(), flags, Operation::progress,
                                           &operation);
                 });
}

/// removeSnapshotById(image, id, operation)
Napi::Value remove_snapshot_by_id(const Napi::CallbackInfo& info) {
  auto image = ImageHandle::from_js(info[0]);
  uint64_t id = arg::u64(info[1]);
  return control(info, {"rbd_snap_remove_by_id", {image}, info[2]},
                 [=] { return rbd_snap_remove_by_id(image->get(), id); });
}

using ByName = int (*)(rbd_image_t, const char*);

Napi::Value by_name(const Napi::CallbackInfo& info, const char* call, ByName act) {
  auto image = ImageHandle::from_js(info[0]);
  std::string name = arg::string(info[1]);
  return control(info, {call, {image}, info[2]}, [=] { return act(image->get(), name.c_str()); });
}

Napi::Value protect_snapshot(const Napi::CallbackInfo& info) {
  return by_name(info, "rbd_snap_protect", rbd_snap_protect);
}
Napi::Value unprotect_snapshot(const Napi::CallbackInfo& info) {
  return by_name(info, "rbd_snap_unprotect", rbd_snap_unprotect);
}

/// isSnapshotProtected(image, name, operation) → boolean
Napi::Value is_snapshot_protected(const Napi::CallbackInfo& info) {
  auto image = ImageHandle::from_js(info[0]);
  std::string name = arg::string(info[1]);
  return control<bool>(info, {"rbd_snap_is_protected", {image}, info[2]}, [=](bool& is_protected) {
    int value = 0;
    int r = rbd_snap_is_protected(image->get(), name.c_str(), &value);
    is_protected = value != 0;
    return r;
  });
}

/// snapshotExists(image, name, operation) → boolean
Napi::Value snapshot_exists(const Napi::CallbackInfo& info) {
  auto image = ImageHandle::from_js(info[0]);
  std::string name = arg::string(info[1]);
  return control<bool>(info, {"rbd_snap_exists", {image}, info[2]},
                       [=](bool& exists) { return rbd_snap_exists(image->get(), name.c_str(), &exists); });
}

/// renameSnapshot(image, from, to, operation)
Napi::Value rename_snapshot(const Napi::CallbackInfo& info) {
  auto image = ImageHandle::from_js(info[0]);
  std::string from = arg::string(info[1]), to = arg::string(info[2]);
  return control(info, {"rbd_snap_rename", {image}, info[3]},
                 [=] { return rbd_snap_rename(image->get(), from.c_str(), to.c_str()); });
}

/// rollback(image, name, operation)
Napi::Value rollback(const Napi::CallbackInfo& info) {
  auto image = ImageHandle::from_js(info[0]);
  std::string name = arg::string(info[1]);
  return control(info,
                 {.name = "rbd_snap_rollback_with_progress",
                  .handles = {image},
                  .operation = info[2],
                  .lane = Lane::kLong},
                 [=](Operation& operation) {
                   return rbd_snap_rollback_with_progress(image->get(), name.c_str(), Operation::progress,
                                                          &operation);
                 });
}

/// setSnapshot(image, name | id | null, operation) → the size at that snapshot
Napi::Value set_snapshot(const Napi::CallbackInfo& info) {
  auto image = ImageHandle::from_js(info[0]);
  auto name = arg::optional_string(info[1]);
  std::optional<uint64_t> id;
  if (info[1].IsBigInt()) id = arg::u64(info[1]);
  return control<double>(
      info, {id ? "rbd_snap_set_by_id" : "rbd_snap_set", {image}, info[2]}, [=](double& size) {
        int r = id ? rbd_snap_set_by_id(image->get(), *id) : rbd_snap_set(image->get(), arg::c_str(name));
        if (r < 0) return r;
        uint64_t bytes = 0;
        r = rbd_get_size(image->get(), &bytes);
        size = static_cast<double>(bytes);
        return r;
      });
}

/// snapshotId(image, name, operation) → bigint
Napi::Value snapshot_id(const Napi::CallbackInfo& info) {
  auto image = ImageHandle::from_js(info[0]);
  std::string name = arg::string(info[1]);
  return control<uint64_t>(info, {"rbd_snap_get_id", {image}, info[2]},
                           [=](uint64_t& id) { return rbd_snap_get_id(image->get(), name.c_str(), &id); });
}

/// snapshotName(image, id, operation) → string
Napi::Value snapshot_name(const Napi::CallbackInfo& info) {
  auto image = ImageHandle::from_js(info[0]);
  uint64_t id = arg::u64(info[1]);
  return control<std::string>(info, {"rbd_snap_get_name", {image}, info[2]}, [=](std::string& name) {
    return grow_string(
        name, [=](char* data, size_t* size) { return rbd_snap_get_name(image->get(), id, data, size); });
  });
}

/// getSnapshotLimit(image, operation) → bigint
Napi::Value get_snapshot_limit(const Napi::CallbackInfo& info) {
  auto image = ImageHandle::from_js(info[0]);
  return control<uint64_t>(info, {"rbd_snap_get_limit", {image}, info[1]},
                           [=](uint64_t& limit) { return rbd_snap_get_limit(image->get(), &limit); });
}

/// setSnapshotLimit(image, limit, operation)
Napi::Value set_snapshot_limit(const Napi::CallbackInfo& info) {
  auto image = ImageHandle::from_js(info[0]);
  uint64_t limit = arg::u64(info[1]);
  return control(info, {"rbd_snap_set_limit", {image}, info[2]},
                 [=] { return rbd_snap_set_limit(image->get(), limit); });
}

}  // namespace

void define_snapshots(Napi::Env env, Napi::Object exports) {
  define(env, exports,
         {{"listSnapshots", list_snapshots},
          {"createSnapshot", create_snapshot},
          {"removeSnapshot", remove_snapshot},
          {"removeSnapshotById", remove_snapshot_by_id},
          {"protectSnapshot", protect_snapshot},
          {"unprotectSnapshot", unprotect_snapshot},
          {"isSnapshotProtected", is_snapshot_protected},
          {"snapshotExists", snapshot_exists},
          {"renameSnapshot", rename_snapshot},
          {"rollback", rollback},
          {"setSnapshot", set_snapshot},
          {"snapshotId", snapshot_id},
          {"snapshotName", snapshot_name},
          {"getSnapshotLimit", get_snapshot_limit},
          {"setSnapshotLimit", set_snapshot_limit}});
}

}  // namespace coppice
