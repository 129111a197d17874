#pragma once

#include <rados/librados.h>

#include "handle.h"

namespace coppice {

/// A connection to a cluster.
class ClusterHandle final : public Handle {
 public:
  explicit ClusterHandle(Environment& env) : Handle(env, nullptr) {}
  ~ClusterHandle() override { ClusterHandle::native_close(); }

  rados_t get() const { return cluster_; }
  /// Pool thread, once, while the handle is being opened.
  void set(rados_t cluster) { cluster_ = cluster; }

  static std::shared_ptr<ClusterHandle> from_js(Napi::Value value) {
    return std::static_pointer_cast<ClusterHandle>(Handle::from_js(value));
  }

 protected:
  int native_close() override;
  const char* close_call() const override { return "rados_shutdown"; }

 private:
  rados_t cluster_ = nullptr;
};

}  // namespace coppice
