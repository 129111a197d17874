#include "image-watches.h"

#include <cerrno>
#include <utility>

namespace coppice {

namespace {

template <int event>
void tell(void* listener) {
  static_cast<WatchListener*>(listener)->post(
      [](Napi::Env env) -> Napi::Value { return Napi::Number::New(env, event); });
}

}  // namespace

int ImageWatches::add_update(rbd_image_t image, const std::shared_ptr<WatchListener>& listener,
                             uint64_t* handle) {
  int r = rbd_update_watch(image, handle, tell<kUpdated>, listener.get());
  if (r >= 0) watches_.add({*handle, false}, listener);
  return r;
}

int ImageWatches::add_quiesce(rbd_image_t image, const std::shared_ptr<WatchListener>& listener,
                              uint64_t* handle) {
  int r = rbd_quiesce_watch(image, tell<kQuiesce>, tell<kUnquiesce>, listener.get(), handle);
  if (r >= 0) watches_.add({*handle, true}, listener);
  return r;
}

int ImageWatches::remove(rbd_image_t image, uint64_t handle, bool quiesce) {
  const Id id{handle, quiesce};
  auto listener = watches_.take(id);
  return listener ? unwatch(image, id, std::move(listener)) : -ENOENT;
}

void ImageWatches::remove_all(rbd_image_t image) {
  for (auto& [id, listener] : watches_.take_all()) unwatch(image, id, std::move(listener));
}

int ImageWatches::unwatch(rbd_image_t image, const Id& id, std::shared_ptr<WatchListener> listener) {
  // Both wait for callbacks that run; none comes afterwards.
  int r = id.quiesce ? rbd_quiesce_unwatch(image, id.handle) : rbd_update_unwatch(image, id.handle);
  WatchListener::release(std::move(listener));
  return r;
}

}  // namespace coppice
