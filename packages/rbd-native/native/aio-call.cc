#include "aio-call.h"

#include <utility>

#include "environment.h"
#include "rejection.h"

namespace coppice {

namespace {

class AioCall final : public Completion {
 public:
  AioCall(Napi::Env env, const Aio& aio, AioConvert convert)
      : env_(Environment::of(env)),
        name_(aio.name),
        handle_(aio.handle),
        deferred_(env),
        convert_(std::move(convert)) {
    for (const Napi::Value& value : aio.pinned) pinned_.push_back(Napi::Persistent(value.As<Napi::Object>()));
  }

  Napi::Value promise() const { return deferred_.Promise(); }

  void begin() {
    handle_->begin();
    env_.started();
  }

  /// Any thread. The last that this thread may do with the call.
  void finish(int64_t result) {
    result_ = result;
    env_.finish(this);
  }

  void settle(Napi::Env env) override {
    try {
      if (result_ < 0) {
        deferred_.Reject(rejection(env, name_, static_cast<int>(result_)));
      } else {
        deferred_.Resolve(convert_ ? convert_(env, result_) : env.Undefined());
      }
    } catch (const Napi::Error& error) {
      deferred_.Reject(error.Value());
    }
    handle_->end();
  }

 private:
  Environment& env_;
  const char* name_;
  std::shared_ptr<Handle> handle_;
  Napi::Promise::Deferred deferred_;
  AioConvert convert_;
  std::vector<Napi::ObjectReference> pinned_;
  int64_t result_ = 0;
};

// On threads of librbd's and librados's: only remember and queue.

void image_call_done(rbd_completion_t completion, void* call) {
  int64_t result = rbd_aio_get_return_value(completion);
  rbd_aio_release(completion);
  static_cast<AioCall*>(call)->finish(result);
}

void image_call_done_in_cpp(librbd::completion_t completion, void* call) {
  auto* done = static_cast<librbd::RBD::AioCompletion*>(completion);
  int64_t result = done->get_return_value();
  done->release();
  static_cast<AioCall*>(call)->finish(result);
}

void object_call_done(rados_completion_t completion, void* call) {
  int64_t result = rados_aio_get_return_value(completion);
  if (result >= 0) result = static_cast<int64_t>(rados_aio_get_version(completion));
  rados_aio_release(completion);
  static_cast<AioCall*>(call)->finish(result);
}

// The C++ completion is the caller's: it is released where it was made.
void object_call_done_in_cpp(rados_completion_t completion, void* call) {
  static_cast<AioCall*>(call)->finish(rados_aio_get_return_value(completion));
}

/// submit(call) returns what the submission returned; a call that was not taken is finished with that, the
/// way of all others, so that the accounts are balanced in one place.
template <class Submit>
Napi::Value start(const Napi::CallbackInfo& info, const Aio& aio, AioConvert convert, Submit submit) {
  Napi::Env env = info.Env();
  if (aio.handle->latched() || Environment::of(env).torn_down()) {
    auto deferred = Napi::Promise::Deferred::New(env);
    deferred.Reject(closed_rejection(env, aio.name));
    return deferred.Promise();
  }
  auto* call = new AioCall(env, aio, std::move(convert));
  Napi::Value promise = call->promise();
  call->begin();
  int r = submit(call);
  if (r < 0) call->finish(r);
  return promise;
}

}  // namespace

Napi::Value start_image_aio(const Napi::CallbackInfo& info, const Aio& aio,
                            const std::function<int(rbd_completion_t)>& submit, AioConvert convert) {
  return start(info, aio, std::move(convert), [&](AioCall* call) {
    rbd_completion_t completion;
    int r = rbd_aio_create_completion(call, image_call_done, &completion);
    if (r < 0) return r;
    r = submit(completion);
    if (r < 0) rbd_aio_release(completion);
    return r;
  });
}

Napi::Value start_image_cpp_aio(const Napi::CallbackInfo& info, const Aio& aio,
                            const std::function<int(librbd::RBD::AioCompletion*)>& submit,
                            AioConvert convert) {
  return start(info, aio, std::move(convert), [&](AioCall* call) {
    auto* completion = new librbd::RBD::AioCompletion(call, image_call_done_in_cpp);
    int r = submit(completion);
    if (r < 0) completion->release();
    return r;
  });
}

Napi::Value start_object_aio(const Napi::CallbackInfo& info, const Aio& aio,
                             const std::function<int(rados_completion_t)>& submit, AioConvert convert) {
  return start(info, aio, std::move(convert), [&](AioCall* call) {
    rados_completion_t completion;
    int r = rados_aio_create_completion2(call, object_call_done, &completion);
    if (r < 0) return r;
    r = submit(completion);
    if (r < 0) rados_aio_release(completion);
    return r;
  });
}

Napi::Value start_object_cpp_aio(const Napi::CallbackInfo& info, const Aio& aio,
                                 const std::function<int(librados::AioCompletion*)>& submit,
                                 AioConvert convert) {
  return start(info, aio, std::move(convert), [&](AioCall* call) {
    librados::AioCompletion* completion =
        librados::Rados::aio_create_completion(call, object_call_done_in_cpp);
    int r = submit(completion);
    completion->release();
    return r;
  });
}

}  // namespace coppice
