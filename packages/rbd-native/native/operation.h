#pragma once

#include <napi.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace coppice {

class Environment;

/// One call that can be watched and cancelled while it is queued or running.
class Operation : public std::enable_shared_from_this<Operation> {
 public:
  Operation(Environment& env, Napi::FunctionReference on_progress);
  ~Operation();

  /// From an argument made by createOperation(); a fresh silent one for undefined.
  static std::shared_ptr<Operation> from(Environment& env, Napi::Value value);

  /// JS thread. What is queued is taken back; what runs is asked to stop at its next progress callback.
  void cancel();
  /// JS thread. What cancel() does besides setting the flag, until settled() forgets it.
  void when_cancelled(std::function<void()> action) { on_cancel_.push_back(std::move(action)); }
  void settled() { on_cancel_.clear(); }
  /// Work: which of several C functions failed, and what the cluster said about it. Returns the result.
  int fail(const char* call, int result, std::string detail = {});
  const char* failed_call() const { return failed_call_; }
  const std::string& detail() const { return detail_; }

  bool cancelled() const { return cancelled_.load(std::memory_order_relaxed); }

  /// A librbd_progress_fn_t; pass the Operation as its argument. Any thread.
  static int progress(uint64_t done, uint64_t total, void* operation);
  /// JS thread: tells the listener the latest figures, unless it has heard them.
  void tell_progress(Napi::Env env);

 private:
  using Clock = std::chrono::steady_clock;

  std::shared_ptr<Environment> env_;
  Napi::FunctionReference on_progress_;
  bool has_listener_;
  std::vector<std::function<void()>> on_cancel_;
  const char* failed_call_ = nullptr;
  std::string detail_;
  std::atomic<bool> cancelled_{false};
  std::atomic<bool> news_{false};
  std::atomic<bool> told_{true};
  std::atomic<uint64_t> done_{0};
  std::atomic<uint64_t> total_{0};
  std::atomic<Clock::rep> last_post_{0};
};

void define_operation(Napi::Env env, Napi::Object exports);

}  // namespace coppice
