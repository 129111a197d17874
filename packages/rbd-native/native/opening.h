#pragma once

#include <memory>
#include <utility>

#include "handle.h"

namespace coppice {

/// A handle on its way from the pool to JavaScript. One that does not arrive (the call failed, the parent was
/// closed meanwhile) is closed again.
template <class H>
class Opening {
 public:
  explicit Opening(std::shared_ptr<H> handle) : handle_(std::move(handle)) {}
  Opening(const Opening&) = delete;
  ~Opening() {
    if (!arrived_) handle_->latch();
  }
  H* operator->() const { return handle_.get(); }
  const std::shared_ptr<H>& handle() const { return handle_; }

  /// JS thread. Empty when the handle was latched meanwhile.
  Napi::Value to_js(Napi::Env env) {
    if (handle_->latched()) return {};
    arrived_ = true;
    return handle_->to_js(env);
  }

 private:
  std::shared_ptr<H> handle_;
  bool arrived_ = false;
};

}  // namespace coppice
