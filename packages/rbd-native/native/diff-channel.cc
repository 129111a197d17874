#include "diff-channel.h"

#include <cerrno>
#include <utility>

namespace coppice {

namespace {

constexpr size_t kExtentsPerBatch = 4096;
constexpr size_t kBatchesAhead = 4;
/// A waiting reader gets what there is after this time, even if the batch is not full.
constexpr std::chrono::milliseconds kPatience{20};

}  // namespace

int DiffChannel::write(double offset, double length, bool exists) {
  std::unique_lock lock(mutex_);
  if (stopped_) return -ECANCELED;
  if (current_.empty()) current_.reserve(3 * kExtentsPerBatch);
  current_.insert(current_.end(), {offset, length, exists ? 1.0 : 0.0});
  bool full = current_.size() == 3 * kExtentsPerBatch;
  if (full || (reader_waits_ && Clock::now() - last_handed_over_ > kPatience)) hand_over(lock);
  return stopped_ ? -ECANCELED : 0;
}

void DiffChannel::hand_over(std::unique_lock<std::mutex>& lock) {
  batches_.push_back(std::exchange(current_, {}));
  last_handed_over_ = Clock::now();
  if (std::exchange(reader_waits_, false)) on_news_();
  if (batches_.size() < kBatchesAhead || std::this_thread::get_id() != writer_) return;
  pool_.yield_begin(Lane::kLong);
  room_.wait(lock, [this] { return stopped_ || batches_.size() < kBatchesAhead; });
  pool_.yield_end(Lane::kLong);
}

void DiffChannel::end() {
  std::lock_guard lock(mutex_);
  if (!current_.empty()) batches_.push_back(std::exchange(current_, {}));
  ended_ = true;
  if (std::exchange(reader_waits_, false)) on_news_();
}

bool DiffChannel::stopped() {
  std::lock_guard lock(mutex_);
  return stopped_;
}

DiffChannel::Taken DiffChannel::take(Batch& batch) {
  std::lock_guard lock(mutex_);
  if (!batches_.empty()) {
    batch = std::move(batches_.front());
    batches_.pop_front();
    room_.notify_all();
    return Taken::kBatch;
  }
  if (ended_ || stopped_) return Taken::kEnd;
  reader_waits_ = true;
  return Taken::kNothingYet;
}

void DiffChannel::stop() {
  std::lock_guard lock(mutex_);
  stopped_ = true;
  batches_.clear();
  current_.clear();
  room_.notify_all();
  if (std::exchange(reader_waits_, false)) on_news_();
}

}  // namespace coppice
