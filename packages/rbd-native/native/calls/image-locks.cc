#include <rbd/librbd.h>

#include <string>
#include <vector>

#include "../arguments.h"
#include "../control-call.h"
#include "../growing.h"
#include "../image-handle.h"
#include "../lockers.h"
#include "define.h"

namespace coppice {
namespace {

/// listLockers(image, operation) → { exclusive, tag, lockers: [{ client, cookie, address }] }
Napi::Value list_lockers(const Napi::CallbackInfo& info) {
  auto image = ImageHandle::from_js(info[0]);
  return control<Lockers>(
      info, {"rbd_list_lockers", {image}, info[1]},
      [=](Lockers& lockers) {
        return read_lockers(lockers, [&](auto... out) { return rbd_list_lockers(image->get(), out...); });
      },
      [](Napi::Env env, Lockers& lockers) { return lockers_to_js(env, lockers); });
}

/// lockExclusive(image, cookie, operation)
Napi::Value lock_exclusive(const Napi::CallbackInfo& info) {
  auto image = ImageHandle::from_js(info[0]);
  std::string cookie = arg::string(info[1]);
  return control(info, {"rbd_lock_exclusive", {image}, info[2]},
                 [=] { return rbd_lock_exclusive(image->get(), cookie.c_str()); });
}

/// lockShared(image, cookie, tag, operation)
Napi::Value lock_shared(const Napi::CallbackInfo& info) {
  auto image = ImageHandle::from_js(info[0]);
  std::string cookie = arg::string(info[1]), tag = arg::string(info[2]);
  return control(info, {"rbd_lock_shared", {image}, info[3]},
                 [=] { return rbd_lock_shared(image->get(), cookie.c_str(), tag.c_str()); });
}

/// unlock(image, cookie, operation)
Napi::Value unlock(const Napi::CallbackInfo& info) {
  auto image = ImageHandle::from_js(info[0]);
  std::string cookie = arg::string(info[1]);
  return control(info, {"rbd_unlock", {image}, info[2]},
                 [=] { return rbd_unlock(image->get(), cookie.c_str()); });
}

/// breakLock(image, client, cookie, operation)
Napi::Value break_lock(const Napi::CallbackInfo& info) {
  auto image = ImageHandle::from_js(info[0]);
  std::string client = arg::string(info[1]), cookie = arg::string(info[2]);
  return control(info, {"rbd_break_lock", {image}, info[3]},
                 [=] { return rbd_break_lock(image->get(), client.c_str(), cookie.c_str()); });
}

/// isExclusiveLockOwner(image, operation) → boolean
Napi::Value is_exclusive_lock_owner(const Napi::CallbackInfo& info) {
  auto image = ImageHandle::from_js(info[0]);
  return control<bool>(info, {"rbd_is_exclusive_lock_owner", {image}, info[1]}, [=](bool& owner) {
    int value = 0;
    int r = rbd_is_exclusive_lock_owner(image->get(), &value);
    owner = value != 0;
    return r;
  });
}

/// acquireExclusiveLock(image, operation)
Napi::Value acquire_exclusive_lock(const Napi::CallbackInfo& info) {
  auto image = ImageHandle::from_js(info[0]);
  return control(info,
                 {.name = "rbd_lock_acquire", .handles = {image}, .operation = info[1], .lane = Lane::kLong},
                 [=] {
                   int r = rbd_lock_acquire(image->get(), RBD_LOCK_MODE_EXCLUSIVE);
                   if (r >= 0) image->set_keeps_exclusive_lock(true);
                   return r;
                 });
}

/// releaseExclusiveLock(image, operation)
Napi::Value release_exclusive_lock(const Napi::CallbackInfo& info) {
  auto image = ImageHandle::from_js(info[0]);
  return control(info, {"rbd_lock_release", {image}, info[1]}, [=] {
    image->set_keeps_exclusive_lock(false);
    return rbd_lock_release(image->get());
  });
}

/// exclusiveLockOwners(image, operation) → string[]
Napi::Value exclusive_lock_owners(const Napi::CallbackInfo& info) {
  auto image = ImageHandle::from_js(info[0]);
  return control<std::vector<std::string>>(info, {"rbd_lock_get_owners", {image}, info[1]},
                                           [=](std::vector<std::string>& owners) {
                                             std::vector<char*> raw;
                                             rbd_lock_mode_t mode;
                                             int r = grow(raw, 8, [&](char** data, size_t* size) {
                                               return rbd_lock_get_owners(image->get(), &mode, data, size);
                                             });
                                             if (r == -ENOENT) return 0;  // no client holds it
                                             if (r < 0) return r;
                                             for (const char* owner : raw) owners.emplace_back(owner);
                                             rbd_lock_get_owners_cleanup(raw.data(), raw.size());
                                             return 0;
                                           });
}

/// breakExclusiveLock(image, owner, operation)
Napi::Value break_exclusive_lock(const Napi::CallbackInfo& info) {
  auto image = ImageHandle::from_js(info[0]);
  std::string owner = arg::string(info[1]);
  return control(info, {"rbd_lock_break", {image}, info[2]},
                 [=] { return rbd_lock_break(image->get(), RBD_LOCK_MODE_EXCLUSIVE, owner.c_str()); });
}

}  // namespace

void define_image_locks(Napi::Env env, Napi::Object exports) {
  define(env, exports,
         {{"listLockers", list_lockers},
          {"lockExclusive", lock_exclusive},
          {"lockShared", lock_shared},
          {"unlock", unlock},
          {"breakLock", break_lock},
          {"isExclusiveLockOwner", is_exclusive_lock_owner},
          {"acquireExclusiveLock", acquire_exclusive_lock},
          {"releaseExclusiveLock", release_exclusive_lock},
          {"exclusiveLockOwners", exclusive_lock_owners},
          {"breakExclusiveLock", break_exclusive_lock}});
}

}  // namespace coppice
