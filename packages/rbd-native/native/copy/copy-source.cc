#include "copy-source.h"

#include "../image-handle.h"

namespace coppice {

int CopySource::open(const ImageHandle& image, uint64_t snapshot_id, uint64_t block_size,
                     const char*& failed) {
  image_ = image.get();
  int r = objects_.open(image_, image.ioctx(), failed);
  if (r < 0) return r;
  block_size_ = block_size == 0 ? objects_.object_size() : block_size;
  direct_ = objects_.is_plain() && block_size_ == objects_.object_size() && !image.is_encrypted();
  if (direct_) objects_.data().snap_set_read(snapshot_id);
  return 0;
}

}  // namespace coppice
