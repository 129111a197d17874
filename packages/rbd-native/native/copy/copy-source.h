#pragma once

#include "image-objects.h"

namespace coppice {

class ImageHandle;

/// An image that is read from, standing at a snapshot.
class CopySource {
 public:
  /// 0 or -errno; `failed` names the call. `block_size`: what is read and digested together; 0 for an
  /// object's size.
  int open(const ImageHandle& image, uint64_t snapshot_id, uint64_t block_size, const char*& failed);

  rbd_image_t image() const { return image_; }
  uint64_t block_size() const { return block_size_; }
  /// Whether a block is one object that can be read past librbd, which has no sparse read.
  bool is_direct() const { return direct_; }
  uint64_t overlap() const { return objects_.overlap(); }
  librados::IoCtx& data() { return objects_.data(); }
  std::string object(uint64_t block) const { return objects_.name(block); }

 private:
  rbd_image_t image_ = nullptr;
  ImageObjects objects_;
  uint64_t block_size_ = 0;
  bool direct_ = false;
};

}  // namespace coppice
