#pragma once

#include <string>

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
  /// False when the object map of the snapshot says that the object of a block does not exist. librbd then reads
  /// its parent's data, or zeroes, even where there is an object.
  bool may_exist(uint64_t block) const;
  uint64_t overlap() const { return objects_.overlap(); }
  librados::IoCtx& data() { return objects_.data(); }
  std::string object(uint64_t block) const { return objects_.name(block); }

 private:
  /// Without a map that is valid, every object may exist.
  int load_object_map(const ImageHandle& image, uint64_t snapshot_id, const char*& failed);

  rbd_image_t image_ = nullptr;
  std::string map_;
  size_t map_bits_ = 0;       // where the states begin, in bytes
  uint64_t map_objects_ = 0;  // 0: there is no map
  ImageObjects objects_;
  uint64_t block_size_ = 0;
  bool direct_ = false;
};

}  // namespace coppice
