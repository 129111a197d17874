#include "copy-source.h"

#include <cinttypes>
#include <cstdio>
#include <vector>

#include "../strings.h"

namespace coppice {

namespace {
constexpr uint64_t kMigrating = 1 << 9;  // RBD_FEATURE_MIGRATING
}

int CopySource::open(rbd_image_t image, rados_ioctx_t ioctx, uint64_t snapshot_id, uint64_t block_size,
                     const char*& failed) {
  image_ = image;
  rbd_image_info_t info;
  failed = "rbd_stat";
  int r = rbd_stat(image, &info, sizeof info);
  if (r < 0) return r;
  block_size_ = block_size == 0 ? info.obj_size : block_size;
  failed = "rbd_get_overlap";
  if ((r = rbd_get_overlap(image, &overlap_)) < 0) return r;
  uint64_t unit, count, features;
  uint8_t old_format;
  failed = "rbd_get_stripe_unit";
  if ((r = rbd_get_stripe_unit(image, &unit)) < 0) return r;
  failed = "rbd_get_stripe_count";
  if ((r = rbd_get_stripe_count(image, &count)) < 0) return r;
  failed = "rbd_get_features";
  if ((r = rbd_get_features(image, &features)) < 0) return r;
  failed = "rbd_get_old_format";
  if ((r = rbd_get_old_format(image, &old_format)) < 0) return r;
  direct_ = count == 1 && unit == info.obj_size && block_size_ == info.obj_size && !old_format &&
            (features & kMigrating) == 0;
  return direct_ ? open_data_pool(ioctx, snapshot_id, failed) : 0;
}

int CopySource::open_data_pool(rados_ioctx_t ioctx, uint64_t snapshot_id, const char*& failed) {
  failed = "rbd_get_block_name_prefix";
  int r = grow_string_by_value(
      prefix_, [this](char* data, size_t size) { return rbd_get_block_name_prefix(image_, data, size); });
  if (r < 0) return r;
  failed = "rados_ioctx_create2";
  librados::Rados::from_rados_t(rados_ioctx_get_cluster(ioctx), cluster_);
  r = cluster_.ioctx_create2(rbd_get_data_pool_id(image_), data_);
  if (r < 0) return r;
  librados::IoCtx own;
  librados::IoCtx::from_rados_ioctx_t(ioctx, own);
  data_.set_namespace(own.get_namespace());
  data_.snap_set_read(snapshot_id);
  return 0;
}

std::string CopySource::object(uint64_t block) const {
  char number[17];
  std::snprintf(number, sizeof number, "%016" PRIx64, block);
  return prefix_ + "." + number;
}

}  // namespace coppice
