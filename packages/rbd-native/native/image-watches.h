#pragma once

#include <napi.h>
#include <rbd/librbd.h>

#include <list>
#include <memory>
#include <mutex>

#include "watch-listener.h"

namespace coppice {

/// The watches on one open image. librbd must not be closed with any of them left.
class ImageWatches {
 public:
  enum Event { kUpdated = 0, kQuiesce = 1, kUnquiesce = 2 };

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

  std::mutex mutex_;
  std::list<Watch> watches_;
};

}  // namespace coppice
