#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>

namespace coppice {

/// kShort: calls that need a round trip or two. kLong: calls that work through an image.
enum class Lane { kShort, kLong };

/// Threads for librbd's blocking calls: never libuv's, whose four would be held by a slow cluster and with
/// them the whole process's file and DNS work. Threads are started on demand and leave when idle. Every
/// signal is blocked in them before librados is called, so the threads that librados starts inherit that.
class WorkerPool {
 public:
  using Job = std::function<void()>;

  /// Any thread. The key names the job for take_back().
  void run(Lane lane, Job job, const void* key = nullptr);
  /// Removes a job that no thread has begun. False when it runs already or is done.
  bool take_back(Lane lane, const void* key);
  /// A job of the lane begins (ends) to wait for JavaScript. Another thread may take its place meanwhile: otherwise jobs
  /// that wait for their readers could keep the readers' own calls from running.
  void yield_begin(Lane lane);
  void yield_end(Lane lane);
  /// Waits for running jobs and for every thread to leave. Jobs that were not begun are dropped.
  void stop();

 private:
  struct Queued {
    Job job;
    const void* key;
  };
  struct State {
    std::mutex mutex;
    std::condition_variable work;
    std::condition_variable gone;
    std::deque<Queued> queue;
    size_t limit;
    size_t threads = 0;
    size_t idle = 0;
    bool stopping = false;
    explicit State(size_t limit) : limit(limit) {}
  };

  State& state(Lane lane) { return lane == Lane::kShort ? short_ : long_; }
  static void start_thread_if_needed(State& state);
  static void work(State& state);
  static void stop(State& state);

  State short_{32};
  State long_{16};
};

}  // namespace coppice
