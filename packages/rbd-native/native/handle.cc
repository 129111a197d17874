#include "handle.h"

#include <utility>

#include "environment.h"
#include "rejection.h"

namespace coppice {

namespace {
using HandleHolder = std::shared_ptr<Handle>;
}

/// The native close on its way through the pool.
class Handle::Closing final : public Completion {
 public:
  explicit Closing(std::shared_ptr<Handle> handle) : handle_(std::move(handle)) {}
  void run() {
    result_ = handle_->native_close();
    handle_->env_->finish(this);
  }
  void settle(Napi::Env env) override { handle_->closed(env, result_); }

 private:
  std::shared_ptr<Handle> handle_;
  int result_ = 0;
};

Handle::Handle(Environment& env, std::shared_ptr<Handle> parent)
    : env_(env.shared_from_this()), parent_(std::move(parent)), depth_(parent_ ? parent_->depth_ + 1 : 0) {
  env_->add(this);
  if (!parent_) return;
  parent_->children_.insert(this);
  parent_->begin();
}

Handle::~Handle() { env_->remove(this); }

void Handle::end() {
  --users_;
  close_if_unused();
}

Napi::Value Handle::close(Napi::Env env) {
  auto deferred = Napi::Promise::Deferred::New(env);
  if (closed_) {
    deferred.Resolve(env.Undefined());
    return deferred.Promise();
  }
  waiting_.push_back(deferred);
  latch();
  return deferred.Promise();
}

void Handle::latch() {
  latched_ = true;
  for (Handle* child : children_) child->latch();
  close_if_unused();
}

void Handle::drop() {
  dropped_ = true;
  close_if_unused();
}

void Handle::close_if_unused() {
  if (users_ > 0 || closing_ || env_->torn_down() || !(latched_ || dropped_)) return;
  closing_ = true;
  env_->started();
  auto* closing = new Closing(shared_from_this());
  env_->pool().run(Lane::kShort, [closing] { closing->run(); });
}

void Handle::closed(Napi::Env env, int result) {
  closed_ = true;
  for (auto& deferred : std::exchange(waiting_, {})) {
    if (result < 0) {
      deferred.Reject(rejection(env, close_call(), result));
    } else {
      deferred.Resolve(env.Undefined());
    }
  }
  if (auto parent = std::exchange(parent_, nullptr)) {
    parent->children_.erase(this);
    parent->end();
  }
}

Napi::Value Handle::to_js(Napi::Env env) {
  auto* holder = new HandleHolder(shared_from_this());
  return Napi::External<HandleHolder>::New(env, holder, [](Napi::Env, HandleHolder* h) {
    (*h)->drop();
    delete h;
  });
}

std::shared_ptr<Handle> Handle::from_js(Napi::Value value) {
  return *value.As<Napi::External<HandleHolder>>().Data();
}

}  // namespace coppice
