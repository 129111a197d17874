#include "copy-target.h"

#include <algorithm>
#include <cerrno>

#include "../image-handle.h"
#include "../strings.h"
#include "little-endian.h"

namespace coppice {

namespace {

/// The map is written whole for every part of a copy.
constexpr uint64_t kMostObjects = 32 * 1024 * 1024;

int read_id(rbd_image_t image, std::string& id) {
  return grow_string_by_value(id, [=](char* data, size_t size) { return rbd_get_id(image, data, size); });
}

/// A vector of snapshot ids and the newest of them, as cls_rbd encodes a snapshot context.
bool decode(ceph::bufferlist& bytes, uint64_t& newest, std::vector<librados::snap_t>& ids) {
  const char* data = bytes.c_str();
  if (bytes.length() < 12) return false;
  newest = read_number(data, 8);
  const uint64_t count = read_number(data + 8, 4);
  if (bytes.length() < 12 + 8 * count) return false;
  ids.clear();
  for (uint64_t i = 0; i < count; ++i) ids.push_back(read_number(data + 12 + 8 * i, 8));
  return true;
}

}  // namespace

int CopyTarget::open(ImageHandle& image, uint64_t block_size, const char*& failed) {
  image_ = image.get();
  if (!image.keeps_exclusive_lock() || image.is_encrypted()) return 0;
  int r = objects_.open(image_, image.ioctx(), failed);
  if (r < 0) return r;
  const uint64_t features = objects_.features();
  if (!objects_.is_plain() || objects_.object_size() != block_size || objects_.overlap() > 0 ||
      (features & RBD_FEATURE_EXCLUSIVE_LOCK) == 0 || (features & RBD_FEATURE_JOURNALING) != 0)
    return 0;
  int owner = 0;
  failed = "rbd_is_exclusive_lock_owner";
  if ((r = rbd_is_exclusive_lock_owner(image_, &owner)) < 0) return r;
  if (owner == 0) return 0;
  std::string id;
  failed = "rbd_get_id";
  if ((r = read_id(image_, id)) < 0) return r;
  librados::IoCtx headers;
  {
    librados::IoCtx shared;
    librados::IoCtx::from_rados_ioctx_t(image.ioctx(), shared);
    headers.dup(shared);
  }
  if ((features & RBD_FEATURE_OBJECT_MAP) != 0) {
    uint64_t flags, size;
    failed = "rbd_get_flags";
    if ((r = rbd_get_flags(image_, &flags)) < 0) return r;
    failed = "rbd_get_size";
    if ((r = rbd_get_size(image_, &size)) < 0) return r;
    if ((flags & RBD_FLAG_OBJECT_MAP_INVALID) != 0 || size / block_size >= kMostObjects) return 0;
    map_ = image.object_map(headers, id);
  }
  failed = "get_snapcontext";
  if ((r = open_snapshot_context(headers, id)) < 0) return r;
  // As librbd does: a full pool is an error, nothing to wait for.
  objects_.data().set_pool_full_try();
  direct_ = true;
  return 0;
}

/// What the snapshots hold stays as it is, whatever is written from now on.
int CopyTarget::open_snapshot_context(librados::IoCtx& headers, const std::string& id) {
  ceph::bufferlist in, out;
  int r = headers.exec("rbd_header." + id, "rbd", "get_snapcontext", in, out);
  if (r < 0) return r;
  uint64_t newest;
  std::vector<librados::snap_t> ids;
  if (!decode(out, newest, ids)) return -EIO;
  return objects_.data().selfmanaged_snap_set_write_ctx(newest, ids);
}

int CopyTarget::announce(const std::vector<uint64_t>& blocks) {
  if (!map_) return 0;
  marked_ = blocks;
  return map_->mark(blocks, announced_);
}

int CopyTarget::finish() {
  if (!map_) return 0;
  std::sort(left_out_.begin(), left_out_.end(), [](auto& a, auto& b) { return a.block < b.block; });
  if (int r = confirm(); r < 0 || left_out_.empty()) return r;
  std::vector<TargetObjectMap::Marked> before;
  std::vector<uint64_t> doubtful;
  auto announced = announced_.begin();
  for (const LeftOut& left_out : left_out_) {
    while (announced != announced_.end() && announced->object < left_out.block) ++announced;
    const bool is_new = announced != announced_.end() && announced->object == left_out.block;
    // To librbd, an object that was not there did not need to be made zero.
    if (is_new && (!left_out.is_zeroed || announced->state == TargetObjectMap::kMissing)) {
      before.push_back(*announced);
    } else {
      doubtful.push_back(left_out.block);
    }
  }
  // They were marked before. A copy that was interrupted may have done that, and not have written them.
  if (int r = map_->keep_marked(doubtful); r < 0) return r;
  for (uint64_t block : doubtful) {
    int r = objects_.data().stat(objects_.name(block), nullptr, nullptr);
    if (r < 0 && r != -ENOENT) return r;
    if (r == -ENOENT) before.push_back({block, TargetObjectMap::kMissing});
  }
  return before.empty() ? 0 : map_->restore(before);
}

/// Another client may have had the map rebuilt meanwhile: it then lacks what was not written yet. What was left out is as
/// librbd has it, which may have removed the object.
int CopyTarget::confirm() {
  std::vector<uint64_t> written;
  auto left_out = left_out_.begin();
  for (uint64_t block : marked_) {
    while (left_out != left_out_.end() && left_out->block < block) ++left_out;
    if (left_out == left_out_.end() || left_out->block != block) written.push_back(block);
  }
  std::vector<TargetObjectMap::Marked> lost;
  return map_->mark(written, lost);
}

int CopyTarget::write(const CopyBlock& block, std::span<const CopyWrite> writes,
                      librados::AioCompletion* completion) {
  if (map_) map_->note_written(block.index);
  const uint64_t size = objects_.object_size(), start = block.index * size;
  librados::ObjectWriteOperation operation;
  operation.set_alloc_hint2(size, size, 0);
  auto buffer = block.buffers.begin();
  for (const CopyWrite& write : writes) {
    const uint64_t offset = write.offset - start;
    if (write.data == nullptr) {
      operation.zero(offset, write.length);
    } else {
      while (buffer->extent->offset + buffer->extent->length <= write.offset) ++buffer;
      ceph::bufferlist data;
      data.substr_of(buffer->data, static_cast<unsigned>(write.data - buffer->data.front().c_str()),
                     static_cast<unsigned>(write.length));
      if (offset == 0 && write.length == size) {
        operation.write_full(data);
      } else {
        operation.write(offset, data);
      }
    }
    operation.set_op_flags2(kCopyFlags);
  }
  return objects_.data().aio_operate(objects_.name(block.index), completion, &operation);
}

}  // namespace coppice
