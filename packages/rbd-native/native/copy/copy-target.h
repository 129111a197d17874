#pragma once

#include <memory>
#include <span>
#include <vector>

#include "copy-block.h"
#include "image-objects.h"
#include "target-object-map.h"

namespace coppice {

class ImageHandle;

/// An image that is copied to: through librbd, or, where that changes nothing but the speed, past it: all of an
/// object's changes in one operation, without a copy of the data.
class CopyTarget {
 public:
  /// 0 or -errno; `failed` names the call. `block_size`: the source's.
  int open(ImageHandle& image, uint64_t block_size, const char*& failed);

  rbd_image_t image() const { return image_; }
  /// Whether blocks are written past librbd. The handle must hold the exclusive lock and not give it away when
  /// asked; the image must have nothing that librbd's writes see to besides data and object map: no parent, no
  /// journal, no encryption.
  bool is_direct() const { return direct_; }

  // Of a direct target only.

  /// Says in the object map that there will be these blocks (ascending). 0 or -errno.
  int announce(const std::vector<uint64_t>& blocks);
  /// The block was not written past librbd after all, but left to it where `is_zeroed`.
  void leave_out(uint64_t block, bool is_zeroed) { left_out_.push_back({block, is_zeroed}); }
  /// Takes back what was announced of blocks that were left out. 0 or -errno.
  int finish();
  /// Whether librbd may not know that the block is there.
  bool is_beyond_librbd(uint64_t block) const { return map_ && map_->was_written(block); }
  int write(const CopyBlock& block, std::span<const CopyWrite> writes, librados::AioCompletion* completion);

 private:
  int confirm();
  int open_snapshot_context(librados::IoCtx& headers, const std::string& id);

  rbd_image_t image_ = nullptr;
  ImageObjects objects_;
  std::shared_ptr<TargetObjectMap> map_;  // null: the image has none
  std::vector<uint64_t> marked_;
  std::vector<TargetObjectMap::Marked> announced_;
  struct LeftOut {
    uint64_t block;
    bool is_zeroed;
  };
  std::vector<LeftOut> left_out_;
  bool direct_ = false;
};

}  // namespace coppice
