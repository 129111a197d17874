#include "read-ahead.h"

#include <rados/librados.h>

#include <algorithm>
#include <cerrno>
#include <utility>

namespace coppice {

namespace {
constexpr int kFlags = LIBRADOS_OP_FLAG_FADVISE_SEQUENTIAL | LIBRADOS_OP_FLAG_FADVISE_NOCACHE;
}

ReadAhead::ReadAhead(rbd_image_t image, Range range, uint64_t chunk_size, uint64_t bytes, char* into)
    : image_(image),
      at_(range.offset),
      end_(range.offset + range.length),
      chunk_size_(chunk_size),
      depth_(std::max<size_t>(1, bytes / chunk_size)),
      into_(into) {}

ReadAhead::~ReadAhead() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return in_flight_ == 0; });
}

int ReadAhead::next(Chunk& chunk) {
  std::unique_ptr<char[]> memory;
  if (std::exchange(given_out_, false)) {
    memory = std::move(reads_.front()->memory);
    reads_.pop_front();
  }
  while (reads_.size() < depth_ && at_ < end_) {
    if (int r = start(std::move(memory)); r < 0) return r;
  }
  if (reads_.empty()) return 0;
  Read& first = *reads_.front();
  {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return first.done; });
  }
  if (first.result < 0) return static_cast<int>(first.result);
  if (static_cast<uint64_t>(first.result) < first.chunk.length) return -ERANGE;
  given_out_ = true;
  chunk = first.chunk;
  return 1;
}

int ReadAhead::start(std::unique_ptr<char[]> memory) {
  const uint64_t length = std::min(end_, (at_ / chunk_size_ + 1) * chunk_size_) - at_;
  auto read = std::make_unique<Read>();
  read->owner = this;
  if (into_ != nullptr) {
    read->into = std::exchange(into_, into_ + length);
  } else {
    // Not filled with zeroes: it is read into.
    read->memory = memory ? std::move(memory) : std::unique_ptr<char[]>(new char[chunk_size_]);
    read->into = read->memory.get();
  }
  read->chunk = {at_, length, read->into};
  rbd_completion_t completion;
  int r = rbd_aio_create_completion(read.get(), ended, &completion);
  if (r < 0) return r;
  {
    std::lock_guard lock(mutex_);
    ++in_flight_;
  }
  r = rbd_aio_read2(image_, at_, length, read->into, completion, kFlags);
  if (r < 0) {
    rbd_aio_release(completion);
    std::lock_guard lock(mutex_);
    --in_flight_;
    return r;
  }
  reads_.push_back(std::move(read));
  at_ += length;
  return 0;
}

/// On a thread of librbd's.
void ReadAhead::ended(rbd_completion_t completion, void* argument) {
  auto* read = static_cast<Read*>(argument);
  const int64_t result = rbd_aio_get_return_value(completion);
  rbd_aio_release(completion);
  ReadAhead& owner = *read->owner;
  // Told under the lock: the owner may be gone as soon as it is let go.
  std::lock_guard lock(owner.mutex_);
  read->result = result;
  read->done = true;
  --owner.in_flight_;
  owner.changed_.notify_all();
}

}  // namespace coppice
