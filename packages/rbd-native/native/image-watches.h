#pragma once

#include <napi.h>
#include <rbd/librbd.h>

#include <compare>
#include <memory>

#include "watch-registry.h"

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
  struct Id {
    uint64_t handle;
    bool quiesce;
    auto operator<=>(const Id&) const = default;
  };
  static int unwatch(rbd_image_t image, const Id& id, std::shared_ptr<WatchListener> listener);

  WatchRegistry<Id> watches_;
};

}  // namespace coppice
