#include "worker-pool.h"

#include <signal.h>

#include <algorithm>
#include <chrono>
#include <thread>
#include <utility>

namespace coppice {

namespace {

constexpr std::chrono::seconds kIdleTime{15};

/// Blocks every signal in this thread while it lives; a thread started meanwhile keeps the mask.
class AllSignalsBlocked {
 public:
  AllSignalsBlocked() {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  ~AllSignalsBlocked() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

 private:
  sigset_t before_;
};

}  // namespace

void WorkerPool::run(Lane lane, Job job, const void* key) {
  State& s = state(lane);
  std::lock_guard lock(s.mutex);
  s.queue.push_back({std::move(job), key});
  start_thread_if_needed(s);
  s.work.notify_one();
}

bool WorkerPool::take_back(Lane lane, const void* key) {
  State& s = state(lane);
  std::lock_guard lock(s.mutex);
  auto found = std::find_if(s.queue.begin(), s.queue.end(), [key](const Queued& q) { return q.key == key; });
  if (found == s.queue.end()) return false;
  s.queue.erase(found);
  return true;
}

void WorkerPool::yield_begin(Lane lane) {
  State& s = state(lane);
  std::lock_guard lock(s.mutex);
  ++s.limit;
  start_thread_if_needed(s);
}

void WorkerPool::yield_end(Lane lane) {
  State& s = state(lane);
  std::lock_guard lock(s.mutex);
  --s.limit;
}

void WorkerPool::start_thread_if_needed(State& s) {
  if (s.queue.size() <= s.idle || s.threads >= s.limit) return;
  ++s.threads;
  AllSignalsBlocked blocked;
  try {
    std::thread([&s] { work(s); }).detach();
  } catch (const std::system_error&) {
    // No more threads to be had: those at work take the job in turn. Without a single one there is no way on.
    if (--s.threads == 0) throw;
  }
}

void WorkerPool::work(State& s) {
  std::unique_lock lock(s.mutex);
  while (true) {
    ++s.idle;
    bool has_work = s.work.wait_for(lock, kIdleTime, [&s] { return s.stopping || !s.queue.empty(); });
    --s.idle;
    if (!has_work || s.queue.empty()) break;
    Job job = std::move(s.queue.front().job);
    s.queue.pop_front();
    lock.unlock();
    job();
    job = nullptr;
    lock.lock();
    if (s.threads > s.limit) break;
  }
  --s.threads;
  if (!s.queue.empty()) start_thread_if_needed(s);
  s.gone.notify_all();
}

void WorkerPool::stop() {
  stop(short_);
  stop(long_);
}

void WorkerPool::stop(State& s) {
  std::unique_lock lock(s.mutex);
  s.stopping = true;
  s.queue.clear();
  s.work.notify_all();
  s.gone.wait(lock, [&s] { return s.threads == 0; });
}

}  // namespace coppice
