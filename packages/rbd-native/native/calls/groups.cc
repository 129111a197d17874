#include <rbd/librbd.h>

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

/// listGroups(ioctx, operation) → string[]
Napi::Value list_groups(const Napi::CallbackInfo& info) {
  auto ioctx = IoCtxHandle::from_js(info[0]);
  return control<std::vector<std::string>>(
      info, {"rbd_group_list", {ioctx}, info[1]}, [=](std::vector<std::string>& names) {
        std::vector<char> buffer;
        int r = grow(buffer, 1024, [&](char* data, size_t* size) {
          // Unlike other lists, this one returns the number of bytes that it filled as its result.
          int filled = rbd_group_list(ioctx->get(), data, size);
          if (filled >= 0) *size = static_cast<size_t>(filled);
          return filled;
        });
        if (r >= 0) names = split_zero(buffer.data(), buffer.size());
        return r;
      });
}

using OnGroup = int (*)(rados_ioctx_t, const char*);

Napi::Value on_group(const Napi::CallbackInfo& info, const char* call, OnGroup act) {
  auto ioctx = IoCtxHandle::from_js(info[0]);
  std::string name = arg::string(info[1]);
  return control(info, {call, {ioctx}, info[2]}, [=] { return act(ioctx->get(), name.c_str()); });
}

/// createGroup(ioctx, name, operation)
Napi::Value create_group(const Napi::CallbackInfo& info) {
  return on_group(info, "rbd_group_create", rbd_group_create);
}

/// removeGroup(ioctx, name, operation)
Napi::Value remove_group(const Napi::CallbackInfo& info) {
  return on_group(info, "rbd_group_remove", rbd_group_remove);
}

/// renameGroup(ioctx, from, to, operation)
Napi::Value rename_group(const Napi::CallbackInfo& info) {
  auto ioctx = IoCtxHandle::from_js(info[0]);
  std::string from = arg::string(info[1]), to = arg::string(info[2]);
  return control(info, {"rbd_group_rename", {ioctx}, info[3]},
                 [=] { return rbd_group_rename(ioctx->get(), from.c_str(), to.c_str()); });
}

using OnMember = int (*)(rados_ioctx_t, const char*, rados_ioctx_t, const char*);

Napi::Value on_member(const Napi::CallbackInfo& info, const char* call, OnMember act) {
  auto ioctx = IoCtxHandle::from_js(info[0]);
  std::string group = arg::string(info[1]);
  auto image_ioctx = IoCtxHandle::from_js(info[2]);
  std::string image = arg::string(info[3]);
  return control(info, {call, {ioctx, image_ioctx}, info[4]},
                 [=] { return act(ioctx->get(), group.c_str(), image_ioctx->get(), image.c_str()); });
}

/// addGroupImage(ioctx, group, image's ioctx, image, operation)
Napi::Value add_group_image(const Napi::CallbackInfo& info) {
  return on_member(info, "rbd_group_image_add", rbd_group_image_add);
}

/// removeGroupImage(ioctx, group, image's ioctx, image, operation)
Napi::Value remove_group_image(const Napi::CallbackInfo& info) {
  return on_member(info, "rbd_group_image_remove", rbd_group_image_remove);
}

/// removeGroupImageById(ioctx, group, image's ioctx, image id, operation)
Napi::Value remove_group_image_by_id(const Napi::CallbackInfo& info) {
  return on_member(info, "rbd_group_image_remove_by_id", rbd_group_image_remove_by_id);
}

struct Member {
  std::string name;
  int64_t pool;
  int state;
};

/// listGroupImages(ioctx, group, operation) → [{ name, poolId, state }]
Napi::Value list_group_images(const Napi::CallbackInfo& info) {
  auto ioctx = IoCtxHandle::from_js(info[0]);
  std::string group = arg::string(info[1]);
  return control<std::vector<Member>>(
      info, {"rbd_group_image_list", {ioctx}, info[2]},
      [=](std::vector<Member>& members) {
        std::vector<rbd_group_image_info_t> raw;
        int r = grow(raw, 64, [&](rbd_group_image_info_t* data, size_t* size) {
          return rbd_group_image_list(ioctx->get(), group.c_str(), data, sizeof *data, size);
        });
        if (r < 0) return r;
        for (const auto& m : raw) members.push_back({m.name, m.pool, m.state});
        rbd_group_image_list_cleanup(raw.data(), sizeof raw[0], raw.size());
        return 0;
      },
      [](Napi::Env env, std::vector<Member>& members) -> Napi::Value {
        Napi::Array array = Napi::Array::New(env, members.size());
        for (uint32_t i = 0; i < members.size(); ++i) {
          array.Set(i, make_object(env, {{"name", to_js(env, members[i].name)},
                                         {"poolId", to_js(env, static_cast<double>(members[i].pool))},
                                         {"state", to_js(env, members[i].state)}}));
        }
        return array;
      });
}

struct Membership {
  std::string name;
  int64_t pool = -1;
};

/// imageGroup(image, operation) → { name, poolId } | null
Napi::Value image_group(const Napi::CallbackInfo& info) {
  auto image = ImageHandle::from_js(info[0]);
  return control<Membership>(
      info, {"rbd_get_group", {image}, info[1]},
      [=](Membership& membership) {
        rbd_group_info_t raw;
        int r = rbd_get_group(image->get(), &raw, sizeof raw);
        if (r < 0) return r;
        membership = {raw.name == nullptr ? "" : raw.name, raw.pool};
        rbd_group_info_cleanup(&raw, sizeof raw);
        return 0;
      },
      [](Napi::Env env, Membership& membership) -> Napi::Value {
        if (membership.name.empty()) return env.Null();
        return make_object(env, {{"name", to_js(env, membership.name)},
                                 {"poolId", to_js(env, static_cast<double>(membership.pool))}});
      });
}

}  // namespace

void define_groups(Napi::Env env, Napi::Object exports) {
  define(env, exports,
         {{"listGroups", list_groups},
          {"createGroup", create_group},
          {"removeGroup", remove_group},
          {"renameGroup", rename_group},
          {"addGroupImage", add_group_image},
          {"removeGroupImage", remove_group_image},
          {"removeGroupImageById", remove_group_image_by_id},
          {"listGroupImages", list_group_images},
          {"imageGroup", image_group}});
}

}  // namespace coppice
