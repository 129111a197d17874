#pragma once

#include <rados/librados.h>

#include <memory>
#include <string>

#include "watch-registry.h"

namespace coppice {

/// The watches on objects of one pool handle, ended before it is closed.
class ObjectWatches {
 public:
  /// Pool thread. 0 and the cookie of the watch, or -errno.
  int add(rados_ioctx_t io, const std::string& object, uint32_t timeout_seconds,
          const std::shared_ptr<WatchListener>& listener, uint64_t* cookie);
  /// Pool thread. -ENOENT when it was removed already.
  int remove(rados_ioctx_t io, uint64_t cookie);
  void remove_all(rados_ioctx_t io);

 private:
  static int unwatch(rados_ioctx_t io, uint64_t cookie, std::shared_ptr<WatchListener> listener);

  WatchRegistry<uint64_t> watches_;
};

}  // namespace coppice
