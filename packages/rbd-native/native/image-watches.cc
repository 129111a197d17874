#include "image-watches.h"

#include <algorithm>
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
  return add(image, listener, handle, false, [](rbd_image_t i, WatchListener* l, uint64_t* h) {
    return rbd_update_watch(i, h, tell<kUpdated>, l);
  });
}

int ImageWatches::add_quiesce(rbd_image_t image, const std::shared_ptr<WatchListener>& listener,
                              uint64_t* handle) {
  return add(image, listener, handle, true, [](rbd_image_t i, WatchListener* l, uint64_t* h) {
    return rbd_quiesce_watch(i, tell<kQuiesce>, tell<kUnquiesce>, l, h);
  });
}

int ImageWatches::add(rbd_image_t image, const std::shared_ptr<WatchListener>& listener, uint64_t* handle,
                      bool quiesce, Add add) {
  int r = add(image, listener.get(), handle);
  if (r < 0) return r;
  std::lock_guard lock(mutex_);
  watches_.push_back({*handle, quiesce, listener});
  return 0;
}

int ImageWatches::remove(rbd_image_t image, uint64_t handle, bool quiesce) {
  std::unique_lock lock(mutex_);
  auto found = std::find_if(watches_.begin(), watches_.end(),
                            [=](const Watch& w) { return w.handle == handle && w.quiesce == quiesce; });
  if (found == watches_.end()) return -ENOENT;
  Watch watch = std::move(*found);
  watches_.erase(found);
  lock.unlock();
  return unwatch(image, std::move(watch));
}

void ImageWatches::remove_all(rbd_image_t image) {
  std::list<Watch> left;
  {
    std::lock_guard lock(mutex_);
    left.swap(watches_);
  }
  for (Watch& watch : left) unwatch(image, std::move(watch));
}

int ImageWatches::unwatch(rbd_image_t image, Watch watch) {
  // Both wait for callbacks that run; none comes afterwards.
  int r = watch.quiesce ? rbd_quiesce_unwatch(image, watch.handle) : rbd_update_unwatch(image, watch.handle);
  WatchListener::release(std::move(watch.listener));
  return r;
}

}  // namespace coppice
