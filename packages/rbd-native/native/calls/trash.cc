#include <rbd/librbd.h>

#include <string>
#include <vector>

#include "../arguments.h"
#include "../control-call.h"
#include "../growing.h"
#include "../ioctx-handle.h"
#include "define.h"

namespace coppice {
namespace {

struct Trashed {
  std::string id, name;
  int source;
  time_t deleted_at, deferred_until;
  explicit Trashed(const rbd_trash_image_info_t& info)
      : id(info.id),
        name(info.name),
        source(info.source),
        deleted_at(info.deletion_time),
        deferred_until(info.deferment_end_time) {}
};

Napi::Value trashed_to_js(Napi::Env env, const Trashed& t) {
  return make_object(env, {{"id", to_js(env, t.id)},
                           {"name", to_js(env, t.name)},
                           {"source", to_js(env, t.source)},
                           {"deletedAt", time_to_js(env, t.deleted_at)},
                           {"deferredUntil", time_to_js(env, t.deferred_until)}});
}

/// listTrash(ioctx, operation) → [{ id, name, source, deletedAt, deferredUntil }]
Napi::Value list_trash(const Napi::CallbackInfo& info) {
  auto ioctx = IoCtxHandle::from_js(info[0]);
  return control<std::vector<Trashed>>(
      info, {"rbd_trash_list", {ioctx}, info[1]},
      [=](std::vector<Trashed>& images) {
        std::vector<rbd_trash_image_info_t> infos;
        int r = grow(infos, 64, [&](rbd_trash_image_info_t* data, size_t* size) {
          return rbd_trash_list(ioctx->get(), data, size);
        });
        if (r < 0) return r;
        for (const auto& i : infos) images.emplace_back(i);
        rbd_trash_list_cleanup(infos.data(), infos.size());
        return 0;
      },
      [](Napi::Env env, std::vector<Trashed>& images) -> Napi::Value {
        Napi::Array array = Napi::Array::New(env, images.size());
        for (uint32_t i = 0; i < images.size(); ++i) array.Set(i, trashed_to_js(env, images[i]));
        return array;
      });
}

/// getTrash(ioctx, id, operation) → the same for one image
Napi::Value get_trash(const Napi::CallbackInfo& info) {
  auto ioctx = IoCtxHandle::from_js(info[0]);
  std::string id = arg::string(info[1]);
  return control<std::vector<Trashed>>(
      info, {"rbd_trash_get", {ioctx}, info[2]},
      [=](std::vector<Trashed>& images) {
        rbd_trash_image_info_t raw;
        int r = rbd_trash_get(ioctx->get(), id.c_str(), &raw);
        if (r < 0) return r;
        images.emplace_back(raw);
        rbd_trash_get_cleanup(&raw);
        return 0;
      },
      [](Napi::Env env, std::vector<Trashed>& images) { return trashed_to_js(env, images.front()); });
}

/// trashMove(ioctx, name, delaySeconds, operation)
Napi::Value trash_move(const Napi::CallbackInfo& info) {
  auto ioctx = IoCtxHandle::from_js(info[0]);
  std::string name = arg::string(info[1]);
  uint64_t delay = arg::u64(info[2]);
  return control(info, {"rbd_trash_move", {ioctx}, info[3]},
                 [=] { return rbd_trash_move(ioctx->get(), name.c_str(), delay); });
}

/// trashRestore(ioctx, id, name, operation)
Napi::Value trash_restore(const Napi::CallbackInfo& info) {
  auto ioctx = IoCtxHandle::from_js(info[0]);
  std::string id = arg::string(info[1]), name = arg::string(info[2]);
  return control(info, {"rbd_trash_restore", {ioctx}, info[3]},
                 [=] { return rbd_trash_restore(ioctx->get(), id.c_str(), name.c_str()); });
}

/// trashRemove(ioctx, id, force, operation)
Napi::Value trash_remove(const Napi::CallbackInfo& info) {
  auto ioctx = IoCtxHandle::from_js(info[0]);
  std::string id = arg::string(info[1]);
  bool force = arg::flag(info[2]);
  return control(info,
                 {.name = "rbd_trash_remove_with_progress",
                  .handles = {ioctx},
                  .operation = info[3],
                  .lane = Lane::kLong},
                 [=](Operation& operation) {
                   return rbd_trash_remove_with_progress(ioctx->get(), id.c_str(), force, Operation::progress,
                                                         &operation);
                 });
}

/// trashPurge(ioctx, expiredBefore in s since the epoch, threshold, operation)
Napi::Value trash_purge(const Napi::CallbackInfo& info) {
  auto ioctx = IoCtxHandle::from_js(info[0]);
  auto before = static_cast<time_t>(info[1].As<Napi::Number>().Int64Value());
  float threshold = info[2].As<Napi::Number>().FloatValue();
  return control(info,
                 {.name = "rbd_trash_purge_with_progress",
                  .handles = {ioctx},
                  .operation = info[3],
                  .lane = Lane::kLong},
                 [=](Operation& operation) {
                   return rbd_trash_purge_with_progress(ioctx->get(), before, threshold, Operation::progress,
                                                        &operation);
                 });
}

}  // namespace

void define_trash(Napi::Env env, Napi::Object exports) {
  define(env, exports,
         {{"listTrash", list_trash},
          {"getTrash", get_trash},
          {"trashMove", trash_move},
          {"trashRestore", trash_restore},
          {"trashRemove", trash_remove},
          {"trashPurge", trash_purge}});
}

}  // namespace coppice
