#pragma once

#include <napi.h>
#include <rbd/librbd.h>

#include <list>
#include <memory>
#include <mutex>

namespace coppice {

class Environment;

/// Tells JavaScript of something that librbd calls back about, any number of times, from any thread.
class WatchListener : public std::enable_shared_from_this<WatchListener> {
 public:
  WatchListener(Environment& env, Napi::FunctionReference listener);
  /// Any thread: calls listener(event) in JavaScript soon.
  void post(int event);
  /// JS thread.
  void tell(Napi::Env env, int event);
  /// JS thread: says nothing from then on.
  void silence() { silent_ = true; }

 private:
  Environment& env_;
  Napi::FunctionReference listener_;
  bool silent_ = false;
};

/// The watches on one open image. librbd must not be closed with any of them left.
class ImageWatches {
 public:
  enum Event { kUpdated = 0, kQuiesce = 1, kUnquiesce = 2 };

  explicit ImageWatches(Environment& env) : env_(env) {}
  /// Pool thread. 0 and the handle of the watch, or -errno.
  int add_update(rbd_image_t image, const std::shared_ptr<WatchListener>& listener, uint64_t* handle);
  int add_quiesce(rbd_image_t image, const std::shared_ptr<WatchListener>& listener, uint64_t* handle);
  /// Pool thread. -ENOENT when it was removed already.
  int remove(rbd_image_t image, uint64_t handle, bool quiesce);
  /// Any thread, before the image is closed.
  void remove_all(rbd_image_t image);

 private:
  struct Watch {
    uint64_t handle;
    bool quiesce;
    std::shared_ptr<WatchListener> listener;
  };
  using Add = int (*)(rbd_image_t, WatchListener*, uint64_t*);
  int add(rbd_image_t image, const std::shared_ptr<WatchListener>& listener, uint64_t* handle, bool quiesce,
          Add add);
  int unwatch(rbd_image_t image, Watch watch);

  Environment& env_;
  std::mutex mutex_;
  std::list<Watch> watches_;
};

}  // namespace coppice
