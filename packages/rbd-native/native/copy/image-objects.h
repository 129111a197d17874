#pragma once

#include <rbd/librbd.h>
#include <rados/librados.hpp>

#include <cstdint>
#include <string>

namespace coppice {

/// How an image's bytes lie in objects, and a way to these past librbd.
class ImageObjects {
 public:
  /// 0 or -errno; `failed` names the call.
  int open(rbd_image_t image, rados_ioctx_t ioctx, const char*& failed);

  /// Whether an object holds one stretch of the image, whose place follows from its number: not with
  /// striping, not in format 1, not while the image migrates.
  bool is_plain() const { return plain_; }
  uint64_t object_size() const { return object_size_; }
  uint64_t features() const { return features_; }
  /// What a missing object reads as: its parent's bytes below this offset of the image, zeroes above.
  uint64_t overlap() const { return overlap_; }

  // Of a plain image only.
  librados::IoCtx& data() { return data_; }
  std::string name(uint64_t number) const;

 private:
  int open_data_pool(rbd_image_t image, rados_ioctx_t ioctx, const char*& failed);

  librados::Rados cluster_;
  librados::IoCtx data_;
  std::string prefix_;
  uint64_t object_size_ = 0, features_ = 0, overlap_ = 0;
  bool plain_ = false;
};

}  // namespace coppice
