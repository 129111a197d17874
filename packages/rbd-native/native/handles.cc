#include <utility>

#include "image-handle.h"

namespace coppice {

int ClusterHandle::native_close() {
  if (rados_t cluster = std::exchange(cluster_, nullptr)) rados_shutdown(cluster);
  return 0;
}

int IoCtxHandle::native_close() {
  rados_ioctx_t ioctx = std::exchange(ioctx_, nullptr);
  if (ioctx == nullptr) return 0;
  watches_.remove_all(ioctx);
  rados_ioctx_destroy(ioctx);
  return 0;
}

int ImageHandle::native_close() {
  rbd_image_t image = std::exchange(image_, nullptr);
  if (image == nullptr) return 0;
  watches_.remove_all(image);
  object_map_.reset();
  changes_.stop(image);
  return rbd_close(image);
}

std::shared_ptr<TargetObjectMap> ImageHandle::object_map(const librados::IoCtx& pool, const std::string& id) {
  std::lock_guard lock(object_map_mutex_);
  if (!object_map_) object_map_ = std::make_shared<TargetObjectMap>(pool, id);
  return object_map_;
}

}  // namespace coppice
