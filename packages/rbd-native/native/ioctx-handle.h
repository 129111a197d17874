#pragma once

#include <rados/librados.h>

#include "cluster-handle.h"
#include "object-watches.h"

namespace coppice {

/// One pool, at one namespace.
class IoCtxHandle final : public Handle {
 public:
  explicit IoCtxHandle(const std::shared_ptr<ClusterHandle>& cluster)
      : Handle(cluster->environment(), cluster) {}
  ~IoCtxHandle() override { IoCtxHandle::native_close(); }

  rados_ioctx_t get() const { return ioctx_; }
  void set(rados_ioctx_t ioctx) { ioctx_ = ioctx; }
  ObjectWatches& watches() { return watches_; }

  static std::shared_ptr<IoCtxHandle> from_js(Napi::Value value) {
    return std::static_pointer_cast<IoCtxHandle>(Handle::from_js(value));
  }

 protected:
  int native_close() override;
  const char* close_call() const override { return "rados_ioctx_destroy"; }

 private:
  rados_ioctx_t ioctx_ = nullptr;
  ObjectWatches watches_;
};

}  // namespace coppice
