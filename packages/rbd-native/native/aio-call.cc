#include "aio-call.h"

#include <utility>

#include "environment.h"
#include "rejection.h"

namespace coppice {

namespace {

class AioCall final : public Completion {
 public:
  AioCall(Napi::Env env, const Aio& aio, std::function<Napi::Value(Napi::Env, int64_t)> convert)
      : env_(Environment::of(env)), name_(aio.name), image_(aio.image), deferred_(env), convert_(std::move(convert)) {
    for (const Napi::Value& value : aio.pinned) pinned_.push_back(Napi::Persistent(value.As<Napi::Object>()));
  }

  Napi::Value promise() const { return deferred_.Promise(); }

  /// 0, or -errno when librbd did not take the call: nothing will arrive then.
  int start(const std::function<int(rbd_image_t, rbd_completion_t)>& submit) {
    rbd_completion_t completion;
    int r = rbd_aio_create_completion(this, done, &completion);
    if (r < 0) return r;
    image_->begin();
    env_.started();
    r = submit(image_->get(), completion);
    if (r >= 0) return 0;
    rbd_aio_release(completion);
    // It goes the way of the others, so that the accounts are balanced in one place.
    result_ = r;
    env_.finish(this);
    return 0;
  }

  void settle(Napi::Env env) override {
    if (result_ < 0) {
      deferred_.Reject(rejection(env, name_, static_cast<int>(result_)));
    } else {
      deferred_.Resolve(convert_ ? convert_(env, result_) : env.Undefined());
    }
    image_->end();
  }

 private:
  /// On a thread of librbd's: only remember and queue.
  static void done(rbd_completion_t completion, void* argument) {
    auto* self = static_cast<AioCall*>(argument);
    self->result_ = rbd_aio_get_return_value(completion);
    rbd_aio_release(completion);
    self->env_.finish(self);
  }

  Environment& env_;
  const char* name_;
  std::shared_ptr<ImageHandle> image_;
  Napi::Promise::Deferred deferred_;
  std::function<Napi::Value(Napi::Env, int64_t)> convert_;
  std::vector<Napi::ObjectReference> pinned_;
  int64_t result_ = 0;
};

}  // namespace

Napi::Value start_aio(const Napi::CallbackInfo& info, const Aio& aio,
                      const std::function<int(rbd_image_t, rbd_completion_t)>& submit,
                      std::function<Napi::Value(Napi::Env, int64_t)> convert) {
  Napi::Env env = info.Env();
  auto reject = [env](Napi::Value reason) -> Napi::Value {
    auto deferred = Napi::Promise::Deferred::New(env);
    deferred.Reject(reason);
    return deferred.Promise();
  };
  if (aio.image->latched()) return reject(closed_rejection(env, aio.name));
  auto call = std::make_unique<AioCall>(env, aio, std::move(convert));
  Napi::Value promise = call->promise();
  int r = call->start(submit);
  if (r < 0) return reject(rejection(env, aio.name, r));
  call.release();
  return promise;
}

}  // namespace coppice
