#pragma once

#include <rados/librados.hpp>

#include <array>
#include <cstdint>
#include <deque>
#include <map>
#include <vector>

namespace coppice {

/// Of every read and write of a copy: nobody reads that data again soon.
constexpr int kCopyFlags = LIBRADOS_OP_FLAG_FADVISE_NOCACHE;
/// The most data in one operation past librbd. With more, client and OSD are busy with fresh memory instead of
/// data: 4 MiB at once cost the OSD a quarter more.
constexpr uint64_t kMostRead = 1024 * 1024;
constexpr uint64_t kMostWritten = 2 * 1024 * 1024;

/// A part of the plan, within one block. Offsets are the image's.
struct CopyExtent {
  uint64_t offset;
  uint64_t length;
  bool exists;     // the source has data, else zeroes
  bool is_needed;  // zeroes have to be written: the target may hold something else there
};

/// Some bytes of a block, in memory or known to be zero.
struct CopyPiece {
  uint64_t offset;
  uint64_t length;
  const char* data;  // null: zeroes
  bool is_needed;
};

/// Something to do on the target.
struct CopyWrite {
  uint64_t offset;
  uint64_t length;
  const char* data;  // null: make zero
};

/// The changes within one object-sized block: read together, digested together, written as they fit.
class CopyBlock {
 public:
  using Digest = std::array<unsigned char, 16>;

  /// One extent as it was read, until everything of it is written.
  struct Buffer {
    const CopyExtent* extent;
    ceph::bufferlist data;
    std::map<uint64_t, uint64_t> runs;  // offset in the object, length: which bytes `data` holds; when sparse
    int result = 0;
    bool is_sparse = false;
  };

  uint64_t index = 0;
  std::vector<CopyExtent> extents;
  std::deque<Buffer> buffers;
  std::vector<CopyWrite> writes;
  size_t reserved = 0;
  size_t reads_left = 0;
  size_t writes_left = 0;
  bool is_missing = false;  // the source has no such object
  size_t order = 0;  // in the batch

  /// Bytes that reading the block brings at most.
  uint64_t data_length() const;
  /// Whether zeroes have to be written where the block has none but zeroes.
  bool needs_zeroes() const;
  /// The block's bytes in order, once it is read. `start`: of the block in the image.
  std::vector<CopyPiece> pieces(uint64_t start);
};

/// Some neighbours of a list: what goes into one operation.
struct CopyGroup {
  size_t from, to;
  uint64_t bytes;
};

/// Cuts a list into groups of at most that many bytes; an item with more is alone.
template <class Items, class BytesOf>
std::vector<CopyGroup> group_by_bytes(const Items& items, uint64_t most, BytesOf bytes_of) {
  std::vector<CopyGroup> groups;
  for (size_t i = 0; i < items.size(); ++i) {
    const uint64_t bytes = bytes_of(items[i]);
    if (groups.empty() || groups.back().bytes + bytes > most) groups.push_back({i, i, 0});
    groups.back().to = i + 1;
    groups.back().bytes += bytes;
  }
  return groups;
}

/// What has to be written for these pieces. Long runs of zeroes in data are not sent.
std::vector<CopyWrite> plan_writes(const std::vector<CopyPiece>& pieces);

/// XXH3-128 of the block's changed bytes. Counted is every piece of a 4 KiB page that is not all zero, with
/// its place and length: how the bytes were cut into extents and pieces does not matter, and holes cost
/// nothing.
CopyBlock::Digest digest_of(const std::vector<CopyPiece>& pieces, uint64_t start);

bool is_zero(const char* data, size_t length);

}  // namespace coppice
