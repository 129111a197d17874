#pragma once

#include <rbd/librbd.h>
#include <rados/librados.hpp>

#include <cstdint>
#include <string>

namespace coppice {

/// An image that is read from, standing at a snapshot: how its bytes lie in objects, and a way to them past
/// librbd, which has no sparse read.
class CopySource {
 public:
  /// 0 or -errno; `failed` names the call. `block_size`: what is read and digested together; 0 for an
  /// object's size.
  int open(rbd_image_t image, rados_ioctx_t ioctx, uint64_t snapshot_id, uint64_t block_size,
           const char*& failed);

  rbd_image_t image() const { return image_; }
  uint64_t block_size() const { return block_size_; }
  /// Whether a block is one object that can be read directly: not with striping or blocks of another
  /// size, not while the image migrates.
  bool is_direct() const { return direct_; }
  /// What a missing object reads as: its parent's bytes below this offset of the image, zeroes above.
  uint64_t overlap() const { return overlap_; }
  librados::IoCtx& data() { return data_; }
  std::string object(uint64_t block) const;

 private:
  int open_data_pool(rados_ioctx_t ioctx, uint64_t snapshot_id, const char*& failed);

  rbd_image_t image_ = nullptr;
  librados::Rados cluster_;
  librados::IoCtx data_;
  std::string prefix_;
  uint64_t block_size_ = 0;
  uint64_t overlap_ = 0;
  bool direct_ = false;
};

}  // namespace coppice
