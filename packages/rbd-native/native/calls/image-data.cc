#include <rbd/librbd.h>

#include <memory>

#include "../aio-call.h"
#include "../aio-buffers.h"
#include "../arguments.h"
#include "../to-js.h"
#include "define.h"

namespace coppice {
namespace {

char* bytes(Napi::Value value) { return reinterpret_cast<char*>(value.As<Napi::Uint8Array>().Data()); }
size_t byte_length(Napi::Value value) { return value.As<Napi::Uint8Array>().ByteLength(); }

Napi::Value count(Napi::Env env, int64_t result) {
  return Napi::Number::New(env, static_cast<double>(result));
}

/// read(image, offset, buffer, flags) → bytes read into the buffer
Napi::Value read(const Napi::CallbackInfo& info) {
  uint64_t offset = arg::u64(info[1]);
  char* data = bytes(info[2]);
  size_t length = byte_length(info[2]);
  int flags = arg::i32(info[3]);
  auto image = ImageHandle::from_js(info[0]);
  return start_image_aio(
      info, {"rbd_aio_read2", image, {info[2]}},
      [=](rbd_completion_t c) { return rbd_aio_read2(image->get(), offset, length, data, c, flags); }, count);
}

/// A Buffer over the memory that the data was received in.
Napi::Value to_buffer(Napi::Env env, std::unique_ptr<ceph::bufferlist> data) {
  const size_t length = data->length();
  if (length == 0) return Napi::Buffer<char>::New(env, 0);
  char* start = data->c_str();
  return Napi::Buffer<char>::NewOrCopy(
      env, start, length, [](Napi::Env, char*, ceph::bufferlist* held) { delete held; }, data.release());
}

/// readBlock(image, offset, length, flags) → Buffer with what there is
Napi::Value read_block(const Napi::CallbackInfo& info) {
  uint64_t offset = arg::u64(info[1]);
  size_t length = arg::u64(info[2]);
  int flags = arg::i32(info[3]);
  auto image = ImageHandle::from_js(info[0]);
  auto data = std::make_shared<std::unique_ptr<ceph::bufferlist>>(new ceph::bufferlist);
  return start_image_cpp_aio(
      info, {"rbd_aio_read2", image, {}},
      [=](librbd::RBD::AioCompletion* completion) {
        return aio_read_buffers(image->get(), offset, length, **data, completion, flags);
      },
      [=](Napi::Env env, int64_t) { return to_buffer(env, std::move(*data)); });
}

/// write(image, offset, buffer, flags)
Napi::Value write(const Napi::CallbackInfo& info) {
  uint64_t offset = arg::u64(info[1]);
  const char* data = bytes(info[2]);
  size_t length = byte_length(info[2]);
  int flags = arg::i32(info[3]);
  auto image = ImageHandle::from_js(info[0]);
  return start_image_aio(info, {"rbd_aio_write2", image, {info[2]}}, [=](rbd_completion_t c) {
    return rbd_aio_write2(image->get(), offset, length, data, c, flags);
  });
}

/// writeZeroes(image, offset, length, zeroFlags, flags)
Napi::Value write_zeroes(const Napi::CallbackInfo& info) {
  uint64_t offset = arg::u64(info[1]), length = arg::u64(info[2]);
  int zero_flags = arg::i32(info[3]), flags = arg::i32(info[4]);
  auto image = ImageHandle::from_js(info[0]);
  return start_image_aio(info, {"rbd_aio_write_zeroes", image, {}}, [=](rbd_completion_t c) {
    return rbd_aio_write_zeroes(image->get(), offset, length, c, zero_flags, flags);
  });
}

/// discard(image, offset, length)
Napi::Value discard(const Napi::CallbackInfo& info) {
  uint64_t offset = arg::u64(info[1]), length = arg::u64(info[2]);
  auto image = ImageHandle::from_js(info[0]);
  return start_image_aio(info, {"rbd_aio_discard", image, {}}, [=](rbd_completion_t c) {
    return rbd_aio_discard(image->get(), offset, length, c);
  });
}

/// writeSame(image, offset, length, pattern, flags)
Napi::Value write_same(const Napi::CallbackInfo& info) {
  uint64_t offset = arg::u64(info[1]), length = arg::u64(info[2]);
  const char* data = bytes(info[3]);
  size_t data_length = byte_length(info[3]);
  int flags = arg::i32(info[4]);
  auto image = ImageHandle::from_js(info[0]);
  return start_image_aio(info, {"rbd_aio_writesame", image, {info[3]}}, [=](rbd_completion_t c) {
    return rbd_aio_writesame(image->get(), offset, length, data, data_length, c, flags);
  });
}

/// compareAndWrite(image, offset, expected, data, flags)
Napi::Value compare_and_write(const Napi::CallbackInfo& info) {
  uint64_t offset = arg::u64(info[1]);
  const char *expected = bytes(info[2]), *data = bytes(info[3]);
  size_t length = byte_length(info[3]);
  int flags = arg::i32(info[4]);
  auto image = ImageHandle::from_js(info[0]);
  // librbd writes to it until the call is over. It is not returned: see compareAndWrite in data.ts.
  auto mismatch = std::make_shared<uint64_t>();
  return start_image_aio(
      info, {"rbd_aio_compare_and_write", image, {info[2], info[3]}},
      [=](rbd_completion_t c) {
        return static_cast<int>(rbd_aio_compare_and_write(image->get(), offset, length, expected, data, c,
                                                          mismatch.get(), flags));
      },
      [mismatch](Napi::Env env, int64_t) -> Napi::Value { return env.Undefined(); });
}

/// flush(image)
Napi::Value flush(const Napi::CallbackInfo& info) {
  auto image = ImageHandle::from_js(info[0]);
  return start_image_aio(info, {"rbd_aio_flush", image, {}},
                         [=](rbd_completion_t c) { return rbd_aio_flush(image->get(), c); });
}

}  // namespace

void define_image_data(Napi::Env env, Napi::Object exports) {
  define(env, exports,
         {{"read", read},
          {"readBlock", read_block},
          {"write", write},
          {"writeZeroes", write_zeroes},
          {"discard", discard},
          {"writeSame", write_same},
          {"compareAndWrite", compare_and_write},
          {"flush", flush}});
}

}  // namespace coppice
