#pragma once

#include <napi.h>

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <unordered_set>
#include <vector>

#include "completion.h"
#include "worker-pool.h"

namespace coppice {

class Handle;
class Operation;

/// The state of one JavaScript environment (the main thread or a worker): its completion queue, its worker
/// pool, its live handles and its teardown. Nothing is shared between environments.
class Environment : public std::enable_shared_from_this<Environment> {
 public:
  static void create(Napi::Env env);
  static Environment& of(Napi::Env env);
  /// JS thread, when the process or the worker ends. Nothing can be called afterwards.
  void shut_down() { teardown(Node::kAlive); }

  /// JS thread: one more call is in flight; its completion will arrive through finish().
  void started();
  /// Any thread: the call is over. Takes ownership.
  void finish(Completion* completion);
  /// Any thread: news that is not the end of a call (progress, a batch that is ready). Takes ownership.
  void post(Completion* completion);

  /// True once the environment is being torn down: no call starts, and no promise is settled.
  bool torn_down() const { return torn_down_; }
  WorkerPool& pool() { return pool_; }

  /// JS thread: what teardown has to close and to cancel.
  void add(Handle* handle) { handles_.insert(handle); }
  void remove(Handle* handle) { handles_.erase(handle); }
  void add(Operation* operation) { operations_.insert(operation); }
  void remove(Operation* operation) { operations_.erase(operation); }
  /// Teardown waits at least this long for calls in flight: the time-outs given at connect.
  void wait_at_least(std::chrono::seconds patience);

 private:
  explicit Environment(napi_env env) : env_(env) {}

  static void on_wake(napi_env env, napi_value callback, void* context, void* data);
  enum class Node { kAlive, kGone };
  static void on_teardown(void* self);
  static void on_process_exit(int status, void*);
  struct Queued {
    std::unique_ptr<Completion> completion;
    bool ends_call;
  };
  void enqueue(Completion* completion, bool ends_call);
  std::vector<Queued> take();
  void drain(napi_env env);
  void settled();
  void teardown(Node node);
  bool wait_for_calls_in_flight();
  void close_handles();

  napi_env env_;
  napi_threadsafe_function wake_ = nullptr;
  WorkerPool pool_;
  std::unordered_set<Handle*> handles_;
  std::unordered_set<Operation*> operations_;
  std::chrono::seconds patience_{10};
  size_t unsettled_ = 0;  // JS thread only: keeps the event loop alive while above zero
  bool torn_down_ = false;

  std::mutex mutex_;
  std::condition_variable idle_;
  std::vector<Queued> queue_;
  size_t in_flight_ = 0;
  bool wake_posted_ = false;
  bool silent_ = false;
};

}  // namespace coppice
