#pragma once

#include <napi.h>
#include <rbd/librbd.h>

#include <atomic>
#include <cstdint>
#include <memory>

namespace coppice {

/// Counts what librbd hears about changes of an open image by anybody, in memory that JavaScript reads without a call:
/// what it knew of the image may be old when the number is another one. Nothing is heard with a read-only handle.
class ImageChanges {
 public:
  /// Pool thread, once the image is open. 0 or -errno.
  int start(rbd_image_t image) {
    return rbd_update_watch(image, &watch_, [](void* count) { ++*static_cast<Count*>(count); }, count_.get());
  }
  /// Any thread, before the image is closed; without a start it does nothing.
  void stop(rbd_image_t image) {
    if (watch_ != kNone) rbd_update_unwatch(image, watch_);
    watch_ = kNone;
  }
  /// JS thread, once: a Uint32Array of one number.
  Napi::Value to_js(Napi::Env env) const {
    auto* holder = new std::shared_ptr<Count>(count_);
    auto memory = Napi::ArrayBuffer::New(
        env, count_.get(), sizeof(Count), [](Napi::Env, void*, std::shared_ptr<Count>* h) { delete h; }, holder);
    return Napi::Uint32Array::New(env, 1, memory, 0);
  }

 private:
  using Count = std::atomic<uint32_t>;
  static_assert(sizeof(Count) == sizeof(uint32_t));
  static constexpr uint64_t kNone = ~uint64_t{0};

  std::shared_ptr<Count> count_ = std::make_shared<Count>(0);
  uint64_t watch_ = kNone;
};

}  // namespace coppice
