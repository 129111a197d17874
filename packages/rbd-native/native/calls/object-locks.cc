#include <rados/librados.h>

#include <string>

#include "../arguments.h"
#include "../control-call.h"
#include "../ioctx-handle.h"
#include "../lockers.h"
#include "define.h"

namespace coppice {
namespace {

/// A lock is known by its object and its name.
struct Lock {
  std::shared_ptr<IoCtxHandle> ioctx;
  std::string object, name, cookie;
  explicit Lock(const Napi::CallbackInfo& info)
      : ioctx(IoCtxHandle::from_js(info[0])),
        object(arg::string(info[1])),
        name(arg::string(info[2])),
        cookie(arg::string(info[3])) {}
};

/// Zero seconds: until it is unlocked.
timeval duration(Napi::Value seconds) {
  return {static_cast<time_t>(seconds.As<Napi::Number>().Int64Value()), 0};
}

/// lockObject(ioctx, object, name, cookie, tag | undefined (exclusive), description, seconds, renew,
/// operation)
Napi::Value lock_object(const Napi::CallbackInfo& info) {
  Lock lock(info);
  auto tag = arg::optional_string(info[4]);
  std::string description = arg::string(info[5]);
  timeval until = duration(info[6]);
  uint8_t flags = arg::flag(info[7]) ? LIBRADOS_LOCK_FLAG_RENEW : 0;
  const char* call = tag ? "rados_lock_shared" : "rados_lock_exclusive";
  return control(info, {call, {lock.ioctx}, info[8]}, [=]() mutable {
    timeval* limit = until.tv_sec == 0 ? nullptr : &until;
    rados_ioctx_t io = lock.ioctx->get();
    if (!tag) {
      return rados_lock_exclusive(io, lock.object.c_str(), lock.name.c_str(), lock.cookie.c_str(),
                                  description.c_str(), limit, flags);
    }
    return rados_lock_shared(io, lock.object.c_str(), lock.name.c_str(), lock.cookie.c_str(), tag->c_str(),
                             description.c_str(), limit, flags);
  });
}

/// unlockObject(ioctx, object, name, cookie, operation)
Napi::Value unlock_object(const Napi::CallbackInfo& info) {
  Lock lock(info);
  return control(info, {"rados_unlock", {lock.ioctx}, info[4]}, [=] {
    return rados_unlock(lock.ioctx->get(), lock.object.c_str(), lock.name.c_str(), lock.cookie.c_str());
  });
}

/// breakObjectLock(ioctx, object, name, cookie, client, operation)
Napi::Value break_object_lock(const Napi::CallbackInfo& info) {
  Lock lock(info);
  std::string client = arg::string(info[4]);
  return control(info, {"rados_break_lock", {lock.ioctx}, info[5]}, [=] {
    return rados_break_lock(lock.ioctx->get(), lock.object.c_str(), lock.name.c_str(), client.c_str(),
                            lock.cookie.c_str());
  });
}

/// listObjectLockers(ioctx, object, name, operation) → { exclusive, tag, lockers }
Napi::Value list_object_lockers(const Napi::CallbackInfo& info) {
  auto ioctx = IoCtxHandle::from_js(info[0]);
  std::string object = arg::string(info[1]), name = arg::string(info[2]);
  return control<Lockers>(
      info, {"rados_list_lockers", {ioctx}, info[3]},
      [=](Lockers& lockers) {
        return read_lockers(lockers, [&](auto... out) {
          return rados_list_lockers(ioctx->get(), object.c_str(), name.c_str(), out...);
        });
      },
      [](Napi::Env env, Lockers& lockers) { return lockers_to_js(env, lockers); });
}

}  // namespace

void define_object_locks(Napi::Env env, Napi::Object exports) {
  define(env, exports,
         {{"lockObject", lock_object},
          {"unlockObject", unlock_object},
          {"breakObjectLock", break_object_lock},
          {"listObjectLockers", list_object_lockers}});
}

}  // namespace coppice
