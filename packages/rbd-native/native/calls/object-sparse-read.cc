#include <rados/librados.hpp>

#include <cerrno>
#include <cstring>
#include <map>
#include <memory>
#include <string>

#include "../aio-call.h"
#include "../arguments.h"
#include "../ioctx-handle.h"
#include "../rejection.h"
#include "../to-js.h"
#include "define.h"

namespace coppice {
namespace {

// librados's C interface has no sparse read.
constexpr const char* kCall = "librados::IoCtx::aio_sparse_read";

struct Found {
  std::map<uint64_t, uint64_t> runs;  // offset, length
  ceph::bufferlist data;
};

Napi::Value found_to_js(Napi::Env env, const Found& found) {
  uint64_t promised = 0;
  for (auto [offset, length] : found.runs) promised += length;
  if (promised != found.data.length()) throw Napi::Error(env, rejection(env, kCall, -EIO));
  auto extents = Napi::Float64Array::New(env, 2 * found.runs.size());
  size_t i = 0;
  for (auto [offset, length] : found.runs) {
    extents[i++] = static_cast<double>(offset);
    extents[i++] = static_cast<double>(length);
  }
  auto bytes = Napi::Buffer<char>::New(env, found.data.length());
  size_t at = 0;
  for (const auto& piece : found.data.buffers()) {
    std::memcpy(bytes.Data() + at, piece.c_str(), piece.length());
    at += piece.length();
  }
  return make_object(env, {{"data", bytes}, {"extents", extents}});
}

/// sparseReadObject(ioctx, object, offset, length) → { data, extents: Float64Array of (offset, length) pairs }
Napi::Value sparse_read_object(const Napi::CallbackInfo& info) {
  auto ioctx = IoCtxHandle::from_js(info[0]);
  std::string object = arg::string(info[1]);
  uint64_t offset = arg::u64(info[2]), length = arg::u64(info[3]);
  auto found = std::make_shared<Found>();
  return start_object_cpp_aio(
      info, {kCall, ioctx, {}},
      [=](librados::AioCompletion* completion) {
        librados::IoCtx io;
        librados::IoCtx::from_rados_ioctx_t(ioctx->get(), io);
        return io.aio_sparse_read(object, completion, &found->runs, &found->data, length, offset);
      },
      [=](Napi::Env env, int64_t) { return found_to_js(env, *found); });
}

}  // namespace

void define_object_sparse_read(Napi::Env env, Napi::Object exports) {
  define(env, exports, {{"sparseReadObject", sparse_read_object}});
}

}  // namespace coppice
