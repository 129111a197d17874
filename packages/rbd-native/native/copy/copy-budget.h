#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>

namespace coppice {

/// What the batches of one copy share: how much may be in flight, how fast it may go, and the figures. Every
/// member is guarded by `mutex`; `changed` is notified whenever a batch might be able to go on.
class CopyBudget {
 public:
  using Clock = std::chrono::steady_clock;

  struct Counters {
    uint64_t bytes_read = 0;     // data that the source's cluster sent
    uint64_t bytes_written = 0;  // data that was sent to the target's
    uint64_t bytes_zeroed = 0;   // made zero on the target
    uint64_t bytes_skipped = 0;  // zero on both sides
    uint64_t operations = 0;
  };

  CopyBudget(size_t operations, size_t bytes) : depth_(operations), byte_limit_(bytes) {}

  std::mutex mutex;
  std::condition_variable changed;
  Counters counters;

  /// 0: as fast as it goes.
  void set_rates(double bytes_per_second, double operations_per_second);
  size_t depth() const { return depth_; }

  /// Whether another operation may start.
  bool has_room() const { return operations_ < depth_; }
  /// Whether a block of that many bytes may start. One always may.
  bool has_room_for(size_t bytes) const { return bytes_ == 0 || bytes_ + bytes <= byte_limit_; }
  /// Zero, or how long the rates keep the next block from starting.
  Clock::duration wait_for_rates(Clock::time_point now);
  void charge(uint64_t bytes);

  void operation_started();
  void operation_ended(uint64_t bytes, Clock::time_point now);
  void reserve(size_t bytes) { bytes_ += bytes; }
  void release(size_t bytes) { bytes_ -= bytes; }

 private:
  /// Tokens that come at a rate and may be overdrawn once: the next one then waits until the debt is paid.
  struct Bucket {
    double rate = 0;
    double tokens = 0;
    void fill(double seconds);
    double seconds_of_debt() const { return rate > 0 && tokens < 0 ? -tokens / rate : 0; }
  };

  void adapt(Clock::time_point now);

  size_t depth_;
  size_t operations_ = 0;
  size_t byte_limit_;
  size_t bytes_ = 0;
  Bucket byte_bucket_, operation_bucket_;
  Clock::time_point filled_ = Clock::now();

  Clock::time_point measured_ = Clock::now();
  double done_since_ = 0;
  double last_speed_ = 0;
  bool was_full_ = false;
  int step_ = 1;
};

}  // namespace coppice
