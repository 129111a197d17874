#include "operation.h"

#include <cerrno>
#include <utility>

#include "environment.h"

namespace coppice {

namespace {

/// At most about twenty reports a second.
constexpr std::chrono::milliseconds kReportInterval{50};

class ProgressNews final : public Completion {
 public:
  explicit ProgressNews(std::shared_ptr<Operation> operation) : operation_(std::move(operation)) {}
  void settle(Napi::Env env) override { operation_->tell_progress(env); }

 private:
  std::shared_ptr<Operation> operation_;
};

using OperationHolder = std::shared_ptr<Operation>;

Napi::Value create_operation(const Napi::CallbackInfo& info) {
  Napi::FunctionReference listener;
  if (info[0].IsFunction()) listener = Napi::Persistent(info[0].As<Napi::Function>());
  auto* holder = new OperationHolder(std::make_shared<Operation>(Environment::of(info.Env()), std::move(listener)));
  return Napi::External<OperationHolder>::New(info.Env(), holder, [](Napi::Env, OperationHolder* h) { delete h; });
}

void cancel_operation(const Napi::CallbackInfo& info) {
  (*info[0].As<Napi::External<OperationHolder>>().Data())->cancel();
}

}  // namespace

Operation::Operation(Environment& env, Napi::FunctionReference on_progress)
    : env_(env.shared_from_this()),
      on_progress_(std::move(on_progress)),
      has_listener_(!on_progress_.IsEmpty()) {
  env_->add(this);
}

Operation::~Operation() { env_->remove(this); }

std::shared_ptr<Operation> Operation::from(Environment& env, Napi::Value value) {
  if (value.IsExternal()) return *value.As<Napi::External<OperationHolder>>().Data();
  return std::make_shared<Operation>(env, Napi::FunctionReference());
}

void Operation::cancel() {
  cancelled_.store(true, std::memory_order_relaxed);
  for (auto& action : std::exchange(on_cancel_, {})) action();
}

int Operation::fail(const char* call, int result, std::string detail) {
  failed_call_ = call;
  detail_ = std::move(detail);
  return result;
}

int Operation::progress(uint64_t done, uint64_t total, void* operation) {
  auto* self = static_cast<Operation*>(operation);
  if (self->cancelled()) return -ECANCELED;
  if (!self->has_listener_) return 0;
  self->done_.store(done, std::memory_order_relaxed);
  self->total_.store(total, std::memory_order_relaxed);
  self->news_.store(true, std::memory_order_release);
  Clock::rep now = Clock::now().time_since_epoch().count();
  Clock::rep last = self->last_post_.load(std::memory_order_relaxed);
  if (Clock::duration(now - last) < kReportInterval || !self->told_.exchange(false)) return 0;
  self->last_post_.store(now, std::memory_order_relaxed);
  self->env_->post(new ProgressNews(self->shared_from_this()));
  return 0;
}

void Operation::tell_progress(Napi::Env env) {
  told_.store(true);
  if (!news_.exchange(false, std::memory_order_acquire) || cancelled()) return;
  double done = static_cast<double>(done_.load(std::memory_order_relaxed));
  double total = static_cast<double>(total_.load(std::memory_order_relaxed));
  on_progress_.Call({Napi::Number::New(env, done), Napi::Number::New(env, total)});
}

void define_operation(Napi::Env env, Napi::Object exports) {
  exports.Set("createOperation", Napi::Function::New(env, create_operation));
  exports.Set("cancelOperation", Napi::Function::New(env, cancel_operation));
}

}  // namespace coppice
