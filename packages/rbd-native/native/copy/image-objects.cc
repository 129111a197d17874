#include "image-objects.h"

#include <cinttypes>
#include <cstdio>

#include "../strings.h"

namespace coppice {

namespace {
constexpr uint64_t kMigrating = 1 << 9;  // RBD_FEATURE_MIGRATING
}

int ImageObjects::open(rbd_image_t image, rados_ioctx_t ioctx, const char*& failed) {
  rbd_image_info_t info;
  failed = "rbd_stat";
  int r = rbd_stat(image, &info, sizeof info);
  if (r < 0) return r;
  object_size_ = info.obj_size;
  failed = "rbd_get_overlap";
  if ((r = rbd_get_overlap(image, &overlap_)) < 0) return r;
  uint64_t unit, count;
  uint8_t old_format;
  failed = "rbd_get_stripe_unit";
  if ((r = rbd_get_stripe_unit(image, &unit)) < 0) return r;
  failed = "rbd_get_stripe_count";
  if ((r = rbd_get_stripe_count(image, &count)) < 0) return r;
  failed = "rbd_get_features";
  if ((r = rbd_get_features(image, &features_)) < 0) return r;
  failed = "rbd_get_old_format";
  if ((r = rbd_get_old_format(image, &old_format)) < 0) return r;
  plain_ = count == 1 && unit == object_size_ && !old_format && (features_ & kMigrating) == 0;
  return plain_ ? open_data_pool(image, ioctx, failed) : 0;
}

int ImageObjects::open_data_pool(rbd_image_t image, rados_ioctx_t ioctx, const char*& failed) {
  failed = "rbd_get_block_name_prefix";
  int r = grow_string_by_value(
      prefix_, [=](char* data, size_t size) { return rbd_get_block_name_prefix(image, data, size); });
  if (r < 0) return r;
  failed = "rados_ioctx_create2";
  librados::Rados::from_rados_t(rados_ioctx_get_cluster(ioctx), cluster_);
  r = cluster_.ioctx_create2(rbd_get_data_pool_id(image), data_);
  if (r < 0) return r;
  librados::IoCtx own;
  librados::IoCtx::from_rados_ioctx_t(ioctx, own);
  data_.set_namespace(own.get_namespace());
  return 0;
}

std::string ImageObjects::name(uint64_t number) const {
  char digits[17];
  std::snprintf(digits, sizeof digits, "%016" PRIx64, number);
  return prefix_ + "." + digits;
}

}  // namespace coppice
