#pragma once

#include <napi.h>

#include <memory>
#include <string>
#include <unordered_set>
#include <vector>

namespace coppice {

class Environment;

/// Owns something of librados or librbd that has to be closed exactly once, after everything that uses it.
///
/// Used on the JS thread only, but for native_close. A handle is in use while calls on it are in flight and
/// while handles opened through it are open. close() latches (no new calls), latches what was opened through
/// it, and the native close runs on the pool as soon as nothing uses it any more. A handle that JavaScript
/// dropped closes the same way, but waits for those opened through it instead of closing them.
class Handle : public std::enable_shared_from_this<Handle> {
 public:
  Handle(Environment& env, std::shared_ptr<Handle> parent);
  virtual ~Handle();

  /// Distance from the cluster: 0 cluster, 1 pool, 2 image.
  int depth() const { return depth_; }
  bool latched() const { return latched_; }
  Environment& environment() const { return *env_; }

  /// A call on this handle starts (ends).
  void begin() { ++users_; }
  void end();

  /// A promise that is fulfilled once the native close is done.
  Napi::Value close(Napi::Env env);
  /// Latches without a promise: for a handle whose opening failed or came too late.
  void latch();
  /// JavaScript holds this handle no more.
  void drop();
  /// Teardown only, any thread, nothing else running: closes natively if that was not done yet.
  void close_now() { native_close(); }

  /// The handle as a JavaScript value; dropping the value drops the handle.
  Napi::Value to_js(Napi::Env env);
  static std::shared_ptr<Handle> from_js(Napi::Value value);

 protected:
  /// Pool thread. Closes what is open and forgets it, so that a second call does nothing. 0 or -errno.
  virtual int native_close() = 0;
  /// For the error of a failed close.
  virtual const char* close_call() const = 0;

 private:
  class Closing;

  void close_if_unused();
  void closed(Napi::Env env, int result);

  std::shared_ptr<Environment> env_;
  std::shared_ptr<Handle> parent_;
  std::unordered_set<Handle*> children_;
  std::vector<Napi::Promise::Deferred> waiting_;
  size_t users_ = 0;
  int depth_;
  bool latched_ = false;
  bool dropped_ = false;
  bool closing_ = false;
  bool closed_ = false;
};

}  // namespace coppice
