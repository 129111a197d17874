#pragma once

#include <rbd/librbd.h>

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>

namespace coppice {

/// A part of an image. Bytes.
struct Range {
  uint64_t offset;
  uint64_t length;
};

/// Reads a range of an open image in chunks, several at a time, and gives them out in order. Chunks begin and end at
/// multiples of their size but where the range itself does not. Used on one thread of the pool.
class ReadAhead {
 public:
  struct Chunk {
    uint64_t offset = 0;  // in the image
    uint64_t length = 0;
    const char* data = nullptr;
  };

  /// `bytes`: what may be in flight at a time; one chunk always may. `into`: memory for the whole range, where its
  /// bytes shall be; own memory without it.
  ReadAhead(rbd_image_t image, Range range, uint64_t chunk_size, uint64_t bytes, char* into = nullptr);
  /// Waits for what is in flight.
  ~ReadAhead();
  ReadAhead(const ReadAhead&) = delete;

  /// 1 and the next chunk, whose data stays until the next call; 0 at the end; -errno, -ERANGE when the image ends
  /// before the range does.
  int next(Chunk& chunk);

 private:
  struct Read {
    ReadAhead* owner;
    Chunk chunk{};
    char* into = nullptr;
    std::unique_ptr<char[]> memory{};
    int64_t result = 0;
    bool done = false;
  };

  int start(std::unique_ptr<char[]> memory);
  static void ended(rbd_completion_t completion, void* read);

  rbd_image_t image_;
  uint64_t at_, end_, chunk_size_;
  size_t depth_;
  char* into_;  // for the byte at `at_`
  std::deque<std::unique_ptr<Read>> reads_;  // in order; the first may be the one that was given out
  bool given_out_ = false;

  std::mutex mutex_;
  std::condition_variable changed_;
  size_t in_flight_ = 0;
};

}  // namespace coppice
