#include "watch-listener.h"

#include <utility>

#include "environment.h"

namespace coppice {

class WatchListener::News final : public Completion {
 public:
  News(std::shared_ptr<WatchListener> listener, Event event)
      : listener_(std::move(listener)), event_(std::move(event)) {}
  void settle(Napi::Env env) override {
    if (!listener_->ended_) listener_->function_.Call({event_(env)});
  }

 private:
  std::shared_ptr<WatchListener> listener_;
  Event event_;
};

class WatchListener::End final : public Completion {
 public:
  explicit End(std::shared_ptr<WatchListener> listener) : listener_(std::move(listener)) {}
  void settle(Napi::Env) override { listener_->ended_ = true; }

 private:
  std::shared_ptr<WatchListener> listener_;
};

WatchListener::WatchListener(Environment& env, Napi::Value function)
    : env_(env), function_(Napi::Persistent(function.As<Napi::Function>())) {}

void WatchListener::post(Event event) { env_.post(new News(shared_from_this(), std::move(event))); }

void WatchListener::release(std::shared_ptr<WatchListener> listener) {
  Environment& env = listener->env_;
  env.post(new End(std::move(listener)));
}

}  // namespace coppice
