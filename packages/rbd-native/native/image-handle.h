#pragma once

#include <rbd/librbd.h>

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
};

}  // namespace coppice
