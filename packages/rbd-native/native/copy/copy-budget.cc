#include "copy-budget.h"

#include <algorithm>

namespace coppice {

namespace {

constexpr size_t kLeastDepth = 8;
constexpr size_t kMostDepth = 256;
constexpr std::chrono::milliseconds kMeasure{150};
/// What an operation weighs beside its bytes, when the speeds of two stretches are compared.
constexpr double kOperationWeight = 16 * 1024;
/// A burst after a pause is at most this many seconds' worth.
constexpr double kBurst = 0.1;

}  // namespace

void CopyBudget::Bucket::fill(double seconds) {
  if (rate > 0) tokens = std::min(tokens + rate * seconds, rate * kBurst);
}

void CopyBudget::set_rates(double bytes_per_second, double operations_per_second) {
  byte_bucket_ = {bytes_per_second, 0};
  operation_bucket_ = {operations_per_second, 0};
  filled_ = Clock::now();
  changed.notify_all();
}

CopyBudget::Clock::duration CopyBudget::wait_for_rates(Clock::time_point now) {
  double seconds = std::chrono::duration<double>(now - filled_).count();
  filled_ = now;
  byte_bucket_.fill(seconds);
  operation_bucket_.fill(seconds);
  double debt = std::max(byte_bucket_.seconds_of_debt(), operation_bucket_.seconds_of_debt());
  return std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(debt));
}

void CopyBudget::charge(uint64_t bytes) {
  if (byte_bucket_.rate > 0) byte_bucket_.tokens -= static_cast<double>(bytes);
}

void CopyBudget::operation_started() {
  ++operations_;
  ++counters.operations;
  if (operations_ >= depth_) was_full_ = true;
  if (operation_bucket_.rate > 0) operation_bucket_.tokens -= 1;
}

void CopyBudget::operation_ended(uint64_t bytes, Clock::time_point now) {
  --operations_;
  done_since_ += static_cast<double>(bytes) + kOperationWeight;
  if (now - measured_ >= kMeasure) adapt(now);
}

/// Goes on in the direction that made it faster, and turns round when it did not. A depth that was not used
/// says nothing.
void CopyBudget::adapt(Clock::time_point now) {
  double speed = done_since_ / std::chrono::duration<double>(now - measured_).count();
  measured_ = now;
  done_since_ = 0;
  bool was_full = was_full_;
  was_full_ = operations_ >= depth_;
  if (!was_full) return;
  if (speed < last_speed_ * 1.02) step_ = -step_;
  last_speed_ = speed;
  size_t change = std::max<size_t>(4, depth_ / 4);
  depth_ = step_ > 0 ? std::min(depth_ + change, kMostDepth)
                     : std::max(depth_ - std::min(change, depth_), kLeastDepth);
  changed.notify_all();
}

}  // namespace coppice
