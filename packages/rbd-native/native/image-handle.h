#pragma once

#include <rbd/librbd.h>

#include <atomic>
#include <memory>
#include <mutex>

#include "copy/target-object-map.h"
#include "image-changes.h"
#include "image-watches.h"
#include "ioctx-handle.h"

namespace coppice {

/// An open image.
class ImageHandle final : public Handle {
 public:
  explicit ImageHandle(const std::shared_ptr<IoCtxHandle>& ioctx)
      : Handle(ioctx->environment(), ioctx), ioctx_(ioctx.get()) {}
  ~ImageHandle() override { ImageHandle::native_close(); }

  rbd_image_t get() const { return image_; }
  void set(rbd_image_t image) { image_ = image; }
  /// Lives as long as this handle is open.
  rados_ioctx_t ioctx() const { return ioctx_->get(); }

  ImageWatches& watches() { return watches_; }
  ImageChanges& changes() { return changes_; }

  /// Whether the exclusive lock was asked for by name: librbd then keeps it when others want it.
  bool keeps_exclusive_lock() const { return keeps_exclusive_lock_; }
  void set_keeps_exclusive_lock(bool keeps) { keeps_exclusive_lock_ = keeps; }
  /// Whether the bytes that are read and written are others than those in the objects.
  bool is_encrypted() const { return encrypted_; }
  void set_encrypted() { encrypted_ = true; }
  /// For those that write past librbd: one for all of them.
  std::shared_ptr<TargetObjectMap> object_map(const librados::IoCtx& pool, const std::string& id);
  /// Whether there may be objects that the map in librbd's memory does not have.
  bool is_written_past() {
    std::lock_guard lock(object_map_mutex_);
    return object_map_ != nullptr;
  }

  static std::shared_ptr<ImageHandle> from_js(Napi::Value value) {
    return std::static_pointer_cast<ImageHandle>(Handle::from_js(value));
  }

 protected:
  int native_close() override;
  const char* close_call() const override { return "rbd_close"; }

 private:
  rbd_image_t image_ = nullptr;
  IoCtxHandle* ioctx_;
  ImageWatches watches_;
  std::atomic<bool> keeps_exclusive_lock_{false};
  std::atomic<bool> encrypted_{false};
  std::mutex object_map_mutex_;
  std::shared_ptr<TargetObjectMap> object_map_;
  ImageChanges changes_;
};

}  // namespace coppice
