#include <algorithm>
#include <cerrno>
#include <cstring>
#include <vector>

#include "../arguments.h"
#include "../control-call.h"
#include "../copy/copy-block.h"
#include "../image-handle.h"
#include "../ranges/read-ahead.h"
#include "../ranges/runs.h"
#include "define.h"

namespace coppice {
namespace {

/// Bytes that are read at a time, unless a block has to be larger.
constexpr uint64_t kChunk = 4 * 1024 * 1024;
/// Bytes that one call keeps in memory.
constexpr uint64_t kMemory = 32 * 1024 * 1024;
constexpr const char* kRead = "rbd_aio_read2";

Control long_call(std::vector<std::shared_ptr<Handle>> handles, Napi::Value operation) {
  return {kRead, std::move(handles), operation, Lane::kLong};
}

/// Chunks consist of whole grains, so that no grain is split.
uint64_t chunk_of(uint64_t grain) { return std::max(grain, kChunk / grain * grain); }

/// visit(offset, length, data) for each piece of at most `grain` bytes, cut at multiples of it in the image.
template <class Visit>
void for_each_grain(const ReadAhead::Chunk& chunk, uint64_t grain, Visit visit) {
  for (uint64_t at = 0; at < chunk.length;) {
    const uint64_t offset = chunk.offset + at;
    const uint64_t length = std::min(grain - offset % grain, chunk.length - at);
    visit(offset, length, chunk.data + at);
    at += length;
  }
}

/// Reads all of the range and visits each chunk. 0 or -errno, -ECANCELED after cancel().
template <class Visit>
int read_through(ReadAhead& reader, uint64_t length, Operation& operation, Visit visit) {
  uint64_t done = 0;
  ReadAhead::Chunk chunk;
  while (true) {
    if (Operation::progress(done, length, &operation) < 0) return -ECANCELED;
    int r = reader.next(chunk);
    if (r <= 0) return r;
    r = visit(chunk);
    if (r < 0) return r;
    done += chunk.length;
  }
}

int find_runs(ReadAhead& reader, uint64_t length, uint64_t grain, Runs& runs, Operation& operation) {
  return read_through(reader, length, operation, [&](const ReadAhead::Chunk& chunk) {
    for_each_grain(chunk, grain, [&](uint64_t offset, uint64_t bytes, const char* data) {
      runs.add(offset, bytes, !is_zero(data, bytes));
    });
    return 0;
  });
}

Napi::Value runs_to_js(Napi::Env env, Runs& runs) { return runs.to_js(env); }

/// scanZeroes(image, offset, length, grain, operation) → Float64Array of (offset, length, is data) triples
Napi::Value scan_zeroes(const Napi::CallbackInfo& info) {
  auto image = ImageHandle::from_js(info[0]);
  const Range range{arg::u64(info[1]), arg::u64(info[2])};
  const uint64_t grain = arg::u64(info[3]);
  return control<Runs>(
      info, long_call({image}, info[4]),
      [=](Runs& runs, Operation& operation) {
        ReadAhead reader(image->get(), range, chunk_of(grain), kMemory);
        return find_runs(reader, range.length, grain, runs, operation);
      },
      runs_to_js);
}

/// readSparse(image, offset, into, grain, operation) → as scanZeroes, of the bytes that were read into the buffer
Napi::Value read_sparse(const Napi::CallbackInfo& info) {
  auto image = ImageHandle::from_js(info[0]);
  auto buffer = info[2].As<Napi::Uint8Array>();
  const Range range{arg::u64(info[1]), buffer.ByteLength()};
  char* into = reinterpret_cast<char*>(buffer.Data());
  const uint64_t grain = arg::u64(info[3]);
  // The function that makes the answer owns it, and is destroyed on the JS thread.
  auto pinned = std::make_shared<Napi::ObjectReference>(Napi::Persistent(buffer.As<Napi::Object>()));
  return control<Runs>(
      info, long_call({image}, info[4]),
      [=](Runs& runs, Operation& operation) {
        ReadAhead reader(image->get(), range, chunk_of(grain), kMemory, into);
        return find_runs(reader, range.length, grain, runs, operation);
      },
      [pinned](Napi::Env env, Runs& runs) -> Napi::Value { return runs.to_js(env); });
}

/// compareImages(image, other, offset, length, grain, operation)
///   → Float64Array of (offset, length, is data in the first) triples where they differ
Napi::Value compare_images(const Napi::CallbackInfo& info) {
  auto image = ImageHandle::from_js(info[0]);
  auto other = ImageHandle::from_js(info[1]);
  const Range range{arg::u64(info[2]), arg::u64(info[3])};
  const uint64_t grain = arg::u64(info[4]);
  return control<Runs>(
      info, long_call({image, other}, info[5]),
      [=](Runs& runs, Operation& operation) {
        const uint64_t chunk_size = chunk_of(grain);
        ReadAhead reader(image->get(), range, chunk_size, kMemory / 2);
        ReadAhead others(other->get(), range, chunk_size, kMemory / 2);
        return read_through(reader, range.length, operation, [&](const ReadAhead::Chunk& chunk) {
          ReadAhead::Chunk same_place;
          int r = others.next(same_place);
          if (r < 0) return r;
          if (std::memcmp(chunk.data, same_place.data, chunk.length) == 0) return 0;
          for_each_grain(chunk, grain, [&](uint64_t offset, uint64_t length, const char* data) {
            const char* opposite = same_place.data + (offset - chunk.offset);
            if (std::memcmp(data, opposite, length) != 0) runs.add(offset, length, !is_zero(data, length));
          });
          return 0;
        });
      },
      runs_to_js);
}

using Digests = std::vector<CopyBlock::Digest>;

/// digestBlocks(image, offset, length, blockSize, operation) → Uint8Array, 16 bytes for each block
Napi::Value digest_blocks(const Napi::CallbackInfo& info) {
  auto image = ImageHandle::from_js(info[0]);
  const Range range{arg::u64(info[1]), arg::u64(info[2])};
  const uint64_t block_size = arg::u64(info[3]);
  return control<Digests>(
      info, long_call({image}, info[4]),
      [=](Digests& digests, Operation& operation) {
        ReadAhead reader(image->get(), range, chunk_of(block_size), kMemory);
        return read_through(reader, range.length, operation, [&](const ReadAhead::Chunk& chunk) {
          for_each_grain(chunk, block_size, [&](uint64_t offset, uint64_t length, const char* data) {
            digests.push_back(digest_of({{offset, length, data, false}}, offset - offset % block_size));
          });
          return 0;
        });
      },
      [](Napi::Env env, Digests& digests) -> Napi::Value {
        auto bytes = Napi::Uint8Array::New(env, digests.size() * sizeof(CopyBlock::Digest));
        if (!digests.empty()) std::memcpy(bytes.Data(), digests.data(), bytes.ByteLength());
        return bytes;
      });
}

}  // namespace

void define_image_ranges(Napi::Env env, Napi::Object exports) {
  define(env, exports,
         {{"scanZeroes", scan_zeroes},
          {"readSparse", read_sparse},
          {"compareImages", compare_images},
          {"digestBlocks", digest_blocks}});
}

}  // namespace coppice
