#include <rbd/librbd.h>

#include "../arguments.h"
#include "../control-call.h"
#include "../image-handle.h"
#include "define.h"

namespace coppice {
namespace {

using Listener = std::shared_ptr<WatchListener>;

Listener listener_of(Napi::Env env, Napi::Value value) {
  return std::make_shared<WatchListener>(Environment::of(env), value);
}

/// When the watch could not be made, the JS thread destroys the listener together with the call.
template <class Add>
Napi::Value watch(const Napi::CallbackInfo& info, const char* call, Add add) {
  auto image = ImageHandle::from_js(info[0]);
  Listener listener = listener_of(info.Env(), info[1]);
  auto handle = std::make_shared<uint64_t>();
  return start_control(
      info.Env(), {call, {image}, info[2]},
      [=](Operation&) { return add(image->watches(), image->get(), listener, handle.get()); },
      [handle, listener](Napi::Env env, int) -> Napi::Value { return to_js(env, *handle); });
}

/// watchUpdates(image, listener(event), operation) → handle
Napi::Value watch_updates(const Napi::CallbackInfo& info) {
  return watch(info, "rbd_update_watch",
               [](ImageWatches& watches, rbd_image_t image, const Listener& listener, uint64_t* handle) {
                 return watches.add_update(image, listener, handle);
               });
}

/// watchQuiesce(image, listener(event), operation) → handle
Napi::Value watch_quiesce(const Napi::CallbackInfo& info) {
  return watch(info, "rbd_quiesce_watch",
               [](ImageWatches& watches, rbd_image_t image, const Listener& listener, uint64_t* handle) {
                 return watches.add_quiesce(image, listener, handle);
               });
}

/// unwatch(image, handle, quiesce, operation)
Napi::Value unwatch(const Napi::CallbackInfo& info) {
  auto image = ImageHandle::from_js(info[0]);
  uint64_t handle = arg::u64(info[1]);
  bool quiesce = arg::flag(info[2]);
  return control(info, {quiesce ? "rbd_quiesce_unwatch" : "rbd_update_unwatch", {image}, info[3]},
                 [=] { return image->watches().remove(image->get(), handle, quiesce); });
}

/// quiesceComplete(image, handle, errno, operation)
Napi::Value quiesce_complete(const Napi::CallbackInfo& info) {
  auto image = ImageHandle::from_js(info[0]);
  uint64_t handle = arg::u64(info[1]);
  int error = arg::i32(info[2]);
  return control(info, {"rbd_quiesce_complete", {image}, info[3]}, [=] {
    rbd_quiesce_complete(image->get(), handle, -error);
    return 0;
  });
}

}  // namespace

void define_image_watch(Napi::Env env, Napi::Object exports) {
  define(env, exports,
         {{"watchUpdates", watch_updates},
          {"watchQuiesce", watch_quiesce},
          {"unwatch", unwatch},
          {"quiesceComplete", quiesce_complete}});
}

}  // namespace coppice
