#include "copy-source.h"

#include <cerrno>
#include <cinttypes>
#include <cstdio>

#include "../image-handle.h"
#include "../strings.h"
#include "little-endian.h"

namespace coppice {

namespace {

constexpr uint64_t kHead = LIBRADOS_SNAP_HEAD;

}  // namespace

int CopySource::open(const ImageHandle& image, uint64_t snapshot_id, uint64_t block_size,
                     const char*& failed) {
  image_ = image.get();
  int r = objects_.open(image_, image.ioctx(), failed);
  if (r < 0) return r;
  block_size_ = block_size == 0 ? objects_.object_size() : block_size;
  direct_ = objects_.is_plain() && block_size_ == objects_.object_size() && !image.is_encrypted();
  if (direct_) objects_.data().snap_set_read(snapshot_id);
  return direct_ ? load_object_map(image, snapshot_id, failed) : 0;
}

int CopySource::load_object_map(const ImageHandle& image, uint64_t snapshot_id, const char*& failed) {
  // librbd reads a head without its map, unless it holds the exclusive lock.
  if ((objects_.features() & RBD_FEATURE_OBJECT_MAP) == 0 || snapshot_id == kHead) return 0;
  uint64_t flags, size;
  failed = "rbd_get_flags";
  if (int r = rbd_get_flags(image_, &flags); r < 0) return r;
  if ((flags & RBD_FLAG_OBJECT_MAP_INVALID) != 0) return 0;
  failed = "rbd_get_size";
  if (int r = rbd_get_size(image_, &size); r < 0) return r;
  std::string id;
  failed = "rbd_get_id";
  int r = grow_string_by_value(id, [=, this](char* data, size_t n) { return rbd_get_id(image_, data, n); });
  if (r < 0) return r;
  char suffix[18];
  std::snprintf(suffix, sizeof suffix, ".%016" PRIx64, snapshot_id);
  librados::IoCtx shared, headers;
  librados::IoCtx::from_rados_ioctx_t(image.ioctx(), shared);
  headers.dup(shared);
  headers.snap_set_read(kHead);
  ceph::bufferlist bytes;
  failed = "rados_read";
  r = headers.read("rbd_object_map." + id + suffix, bytes, 0, 0);
  if (r == -ENOENT) return 0;
  if (r < 0) return r;
  // A header with its length before it, that holds a version, its own length and the number of objects; then two bits
  // an object. librbd takes a map that is too short for invalid.
  map_.assign(bytes.c_str(), bytes.length());
  if (map_.size() < 4) return 0;
  const uint64_t header = read_number(map_.data(), 4);
  if (header < 14 || map_.size() < 4 + header) return 0;
  const uint64_t objects = read_number(map_.data() + 4 + 6, 8);
  if (objects < (size + block_size_ - 1) / block_size_ || (objects + 3) / 4 > map_.size() - 4 - header) return 0;
  map_bits_ = 4 + header;
  map_objects_ = objects;
  return 0;
}

bool CopySource::may_exist(uint64_t block) const {
  if (block >= map_objects_) return true;
  const auto byte = static_cast<unsigned char>(map_[map_bits_ + block / 4]);
  return ((byte >> (6 - 2 * (block % 4))) & 3) != 0;
}

}  // namespace coppice
