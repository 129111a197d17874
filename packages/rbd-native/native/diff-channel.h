#pragma once

#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "worker-pool.h"

namespace coppice {

/// Carries extents from rbd_diff_iterate2's callback to JavaScript in batches, at most a few ahead of the
/// reader.
///
/// The writer blocks while the channel is full, but only on the thread that runs the diff. Blocking one of librados's own
/// threads, if librbd ever called the callback there, would stop the reader's other calls.
class DiffChannel {
 public:
  /// offset, length, exists (1 or 0), one after the other.
  using Batch = std::vector<double>;
  enum class Taken { kBatch, kEnd, kNothingYet };

  /// After kNothingYet, on_news is called once, on the writer's thread, when there is something to take.
  DiffChannel(WorkerPool& pool, std::function<void()> on_news) : pool_(pool), on_news_(std::move(on_news)) {}

  /// Pool thread, before the first extent.
  void open() { writer_ = std::this_thread::get_id(); }
  /// 0, or what the callback has to return once the reader has left. Extents that arrive afterwards are dropped.
  int write(double offset, double length, bool exists);
  /// Pool thread: the diff is over.
  void end();
  bool stopped();

  /// JS thread.
  Taken take(Batch& batch);
  /// The reader leaves. Any thread.
  void stop();

 private:
  using Clock = std::chrono::steady_clock;
  void hand_over(std::unique_lock<std::mutex>& lock);

  WorkerPool& pool_;
  std::function<void()> on_news_;
  std::thread::id writer_;
  std::mutex mutex_;
  std::condition_variable room_;
  std::deque<Batch> batches_;
  Batch current_;
  Clock::time_point last_handed_over_ = Clock::now();
  bool reader_waits_ = false;
  bool stopped_ = false;
  bool ended_ = false;
};

}  // namespace coppice
