#include <rados/librados.h>

#include <string>
#include <vector>

#include "../aio-call.h"
#include "../arguments.h"
#include "../objects/step.h"
#include "../to-js.h"
#include "define.h"

namespace coppice {
namespace {

std::unique_ptr<ReadStep> read_step(Napi::Env env, Napi::Array step) {
  std::string kind = arg::string(step.Get(0u));
  for (auto make : {omap_read_step, data_read_step, condition_read_step}) {
    if (auto made = make(kind, step)) return made;
  }
  throw Napi::TypeError::New(env, "unknown step of a read: " + kind);
}

/// A compound read with its results, alive until the operation is over.
struct ReadOperation {
  rados_read_op_t op = rados_create_read_op();
  std::vector<std::unique_ptr<ReadStep>> steps;
  ReadOperation() = default;
  ReadOperation(const ReadOperation&) = delete;
  ~ReadOperation() { rados_release_read_op(op); }
};

/// readObject(ioctx, object, steps, flags) → the result of each step
Napi::Value read_object(const Napi::CallbackInfo& info) {
  auto ioctx = IoCtxHandle::from_js(info[0]);
  std::string object = arg::string(info[1]);
  Napi::Array steps = info[2].As<Napi::Array>();
  int flags = arg::i32(info[3]);
  auto operation = std::make_shared<ReadOperation>();
  for (uint32_t i = 0; i < steps.Length(); ++i) {
    operation->steps.push_back(read_step(info.Env(), steps.Get(i).As<Napi::Array>()));
    operation->steps.back()->add_to(operation->op);
  }
  return start_object_aio(
      info, {"rados_aio_read_op_operate", ioctx},
      [&](rados_completion_t c) {
        return rados_aio_read_op_operate(operation->op, ioctx->get(), c, object.c_str(), flags);
      },
      [operation](Napi::Env env, int64_t version) -> Napi::Value {
        Napi::Array results = Napi::Array::New(env, operation->steps.size());
        for (uint32_t i = 0; i < operation->steps.size(); ++i) {
          operation->steps[i]->completed(static_cast<uint64_t>(version));
          results.Set(i, operation->steps[i]->result(env));
        }
        return results;
      });
}

/// writeObject(ioctx, object, steps, flags) → the object's version
Napi::Value write_object(const Napi::CallbackInfo& info) {
  auto ioctx = IoCtxHandle::from_js(info[0]);
  std::string object = arg::string(info[1]);
  Napi::Array steps = info[2].As<Napi::Array>();
  int flags = arg::i32(info[3]);
  std::shared_ptr<void> op(rados_create_write_op(), rados_release_write_op);
  for (uint32_t i = 0; i < steps.Length(); ++i) {
    Napi::Array step = steps.Get(i).As<Napi::Array>();
    std::string kind = arg::string(step.Get(0u));
    if (!add_write_step(op.get(), kind, step)) {
      throw Napi::TypeError::New(info.Env(), "unknown step of a write: " + kind);
    }
  }
  return start_object_aio(
      info, {"rados_aio_write_op_operate", ioctx},
      [&](rados_completion_t c) {
        return rados_aio_write_op_operate(op.get(), ioctx->get(), c, object.c_str(), nullptr, flags);
      },
      [op](Napi::Env env, int64_t version) { return to_js(env, static_cast<uint64_t>(version)); });
}

}  // namespace

void define_objects(Napi::Env env, Napi::Object exports) {
  define(env, exports, {{"readObject", read_object}, {"writeObject", write_object}});
}

}  // namespace coppice
