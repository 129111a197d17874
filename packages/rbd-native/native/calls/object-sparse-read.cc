#include <rados/librados.hpp>

#include <cerrno>
#include <cstring>
#include <map>
#include <string>

#include "../arguments.h"
#include "../environment.h"
#include "../ioctx-handle.h"
#include "../rejection.h"
#include "../to-js.h"
#include "define.h"

namespace coppice {
namespace {

constexpr const char* kCall = "librados::IoCtx::aio_sparse_read";

/// A call of librados's C++ interface: the C one has no sparse read.
class SparseRead final : public Completion {
 public:
  SparseRead(Napi::Env env, std::shared_ptr<IoCtxHandle> ioctx)
      : env_(Environment::of(env)), ioctx_(std::move(ioctx)), deferred_(env) {}

  Napi::Value start(const std::string& object, uint64_t offset, uint64_t length) {
    Napi::Value promise = deferred_.Promise();
    ioctx_->begin();
    env_.started();
    librados::IoCtx io;
    librados::IoCtx::from_rados_ioctx_t(ioctx_->get(), io);
    librados::AioCompletion* completion = librados::Rados::aio_create_completion(this, ended);
    int r = io.aio_sparse_read(object, completion, &runs_, &data_, length, offset);
    completion->release();
    if (r < 0) finish(r);
    return promise;
  }

  void settle(Napi::Env env) override {
    uint64_t promised = 0;
    for (auto [offset, length] : runs_) promised += length;
    if (result_ >= 0 && promised != data_.length()) result_ = -EIO;
    if (result_ < 0) {
      deferred_.Reject(rejection(env, kCall, result_));
    } else {
      deferred_.Resolve(found(env));
    }
    ioctx_->end();
  }

 private:
  /// Any thread. The last that this thread may do with the call.
  void finish(int result) {
    result_ = result;
    env_.finish(this);
  }

  static void ended(rados_completion_t completion, void* read) {
    static_cast<SparseRead*>(read)->finish(rados_aio_get_return_value(completion));
  }

  Napi::Value found(Napi::Env env) {
    auto extents = Napi::Float64Array::New(env, 2 * runs_.size());
    size_t i = 0;
    for (auto [offset, length] : runs_) {
      extents[i++] = static_cast<double>(offset);
      extents[i++] = static_cast<double>(length);
    }
    auto bytes = Napi::Buffer<char>::New(env, data_.length());
    size_t at = 0;
    for (const auto& piece : data_.buffers()) {
      std::memcpy(bytes.Data() + at, piece.c_str(), piece.length());
      at += piece.length();
    }
    return make_object(env, {{"data", bytes}, {"extents", extents}});
  }

  Environment& env_;
  std::shared_ptr<IoCtxHandle> ioctx_;
  Napi::Promise::Deferred deferred_;
  std::map<uint64_t, uint64_t> runs_;  // offset, length
  ceph::bufferlist data_;
  int result_ = 0;
};

/// sparseReadObject(ioctx, object, offset, length) → { data, extents: Float64Array of (offset, length) pairs }
Napi::Value sparse_read_object(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  auto ioctx = IoCtxHandle::from_js(info[0]);
  if (ioctx->latched() || Environment::of(env).torn_down()) {
    auto deferred = Napi::Promise::Deferred::New(env);
    deferred.Reject(closed_rejection(env, kCall));
    return deferred.Promise();
  }
  auto* read = new SparseRead(env, ioctx);
  return read->start(arg::string(info[1]), arg::u64(info[2]), arg::u64(info[3]));
}

}  // namespace

void define_object_sparse_read(Napi::Env env, Napi::Object exports) {
  define(env, exports, {{"sparseReadObject", sparse_read_object}});
}

}  // namespace coppice
