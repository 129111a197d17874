#include "control-call.h"

#include <cerrno>
#include <new>

#include "rejection.h"

namespace coppice {

namespace {

class ControlCall final : public Completion {
 public:
  ControlCall(Napi::Env env, Control control, std::function<int(Operation&)> work,
              std::function<Napi::Value(Napi::Env, int)> convert)
      : env_(Environment::of(env)),
        name_(control.name),
        lane_(control.lane),
        handles_(std::move(control.handles)),
        operation_(Operation::from(env_, control.operation)),
        deferred_(env),
        work_(std::move(work)),
        convert_(std::move(convert)) {}

  Napi::Value start() {
    Napi::Value promise = deferred_.Promise();
    for (auto& handle : handles_) handle->begin();
    env_.started();
    operation_->when_cancelled([this] {
      if (!env_.pool().take_back(lane_, this)) return;
      result_ = -ECANCELED;
      env_.finish(this);
    });
    env_.pool().run(lane_, [this] { run(); }, this);
    return promise;
  }

  void settle(Napi::Env env) override {
    operation_->settled();
    if (result_ < 0) {
      const char* failed = operation_->failed_call();
      deferred_.Reject(rejection(env, failed == nullptr ? name_ : failed, result_, operation_->detail()));
    } else {
      operation_->tell_progress(env);
      resolve(env);
    }
    for (auto& handle : handles_) handle->end();
  }

 private:
  void run() {
    try {
      result_ = operation_->cancelled() ? -ECANCELED : work_(*operation_);
    } catch (const std::bad_alloc&) {
      result_ = -ENOMEM;
    }
    env_.finish(this);
  }

  void resolve(Napi::Env env) {
    try {
      Napi::Value value = convert_(env, result_);
      if (value.IsEmpty()) {
        deferred_.Reject(closed_rejection(env, name_));
      } else {
        deferred_.Resolve(value);
      }
    } catch (const Napi::Error& error) {
      deferred_.Reject(error.Value());
    }
  }

  Environment& env_;
  const char* name_;
  Lane lane_;
  std::vector<std::shared_ptr<Handle>> handles_;
  std::shared_ptr<Operation> operation_;
  Napi::Promise::Deferred deferred_;
  std::function<int(Operation&)> work_;
  std::function<Napi::Value(Napi::Env, int)> convert_;
  int result_ = 0;
};

Napi::Value rejected(Napi::Env env, Napi::Value reason) {
  auto deferred = Napi::Promise::Deferred::New(env);
  deferred.Reject(reason);
  return deferred.Promise();
}

}  // namespace

Napi::Value start_control(Napi::Env env, Control control, std::function<int(Operation&)> work,
                          std::function<Napi::Value(Napi::Env, int)> convert) {
  for (auto& handle : control.handles) {
    if (handle->latched() || Environment::of(env).torn_down())
      return rejected(env, closed_rejection(env, control.name));
  }
  auto* call = new ControlCall(env, std::move(control), std::move(work), std::move(convert));
  return call->start();
}

}  // namespace coppice
