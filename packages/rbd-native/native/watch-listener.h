#pragma once

#include <napi.h>

#include <functional>
#include <memory>

namespace coppice {

class Environment;

/// A JavaScript function that is called any number of times, for what happens on threads of librbd's and
/// librados's.
class WatchListener : public std::enable_shared_from_this<WatchListener> {
 public:
  using Event = std::function<Napi::Value(Napi::Env)>;

  WatchListener(Environment& env, Napi::Value function);
  /// Any thread: calls the function soon, with what the event makes then.
  void post(Event event);
  /// Any thread: gives the listener back to the JS thread, where alone it may be destroyed, and ends it
  /// there.
  static void release(std::shared_ptr<WatchListener> listener);

 private:
  class News;
  class End;

  Environment& env_;
  Napi::FunctionReference function_;
  bool ended_ = false;
};

}  // namespace coppice
