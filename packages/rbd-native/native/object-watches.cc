#include "object-watches.h"

#include <cerrno>
#include <utility>

#include "to-js.h"

namespace coppice {

namespace {

void on_notify(void* listener, uint64_t notify_id, uint64_t cookie, uint64_t notifier_id, void* data,
               size_t size) {
  std::string bytes(static_cast<const char*>(data), size);
  static_cast<WatchListener*>(listener)->post([=, bytes = std::move(bytes)](Napi::Env env) -> Napi::Value {
    return make_object(env, {{"notifyId", to_js(env, notify_id)},
                             {"cookie", to_js(env, cookie)},
                             {"notifierId", to_js(env, notifier_id)},
                             {"data", Napi::Buffer<char>::Copy(env, bytes.data(), bytes.size())}});
  });
}

void on_error(void* listener, uint64_t, int error) {
  static_cast<WatchListener*>(listener)->post(
      [error](Napi::Env env) -> Napi::Value { return make_object(env, {{"errno", to_js(env, -error)}}); });
}

}  // namespace

int ObjectWatches::add(rados_ioctx_t io, const std::string& object, uint32_t timeout_seconds,
                       const std::shared_ptr<WatchListener>& listener, uint64_t* cookie) {
  int r = rados_watch3(io, object.c_str(), cookie, on_notify, on_error, timeout_seconds, listener.get());
  if (r >= 0) watches_.add(*cookie, listener);
  return r;
}

int ObjectWatches::remove(rados_ioctx_t io, uint64_t cookie) {
  auto listener = watches_.take(cookie);
  return listener ? unwatch(io, cookie, std::move(listener)) : -ENOENT;
}

void ObjectWatches::remove_all(rados_ioctx_t io) {
  for (auto& [cookie, listener] : watches_.take_all()) unwatch(io, cookie, std::move(listener));
}

int ObjectWatches::unwatch(rados_ioctx_t io, uint64_t cookie, std::shared_ptr<WatchListener> listener) {
  int r = rados_unwatch2(io, cookie);
  // A callback may still be running: it has to end before the listener is destroyed.
  rados_watch_flush(rados_ioctx_get_cluster(io));
  WatchListener::release(std::move(listener));
  return r;
}

}  // namespace coppice
