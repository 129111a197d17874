#include <rados/buffer.h>

#include <memory>
#include <utility>

#include "../aio-buffers.h"
#include "../aio-call.h"
#include "../arguments.h"
#include "../to-js.h"
#include "define.h"

namespace coppice {
namespace {

/// What a WriteBlock holds of its memory, until it is disposed of or collected. librados refers to it for as long as
/// it needs it, which is longer after a time-out.
class WriteMemory {
 public:
  explicit WriteMemory(size_t length) : memory_(ceph::buffer::create_page_aligned(length)) {}

  const ceph::bufferptr& get() const { return memory_; }
  /// The ArrayBuffer was detached, so V8 no longer counts the memory.
  void sealed(Napi::Env env) {
    if (!std::exchange(sealed_, true)) Napi::MemoryManagement::AdjustExternalMemory(env, memory_.length());
  }
  void release(Napi::Env env) {
    if (std::exchange(sealed_, false))
      Napi::MemoryManagement::AdjustExternalMemory(env, -static_cast<int64_t>(memory_.length()));
    memory_ = ceph::bufferptr();
  }

 private:
  ceph::bufferptr memory_;
  bool sealed_ = false;
};

WriteMemory* memory_of(Napi::Value value) { return value.As<Napi::External<WriteMemory>>().Data(); }

/// allocateWriteMemory(length) → { memory, data: Buffer over it }
Napi::Value allocate_write_memory(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  auto* memory = new WriteMemory(arg::u64(info[0]));
  auto external = Napi::External<WriteMemory>::New(env, memory, [](Napi::Env env, WriteMemory* collected) {
    collected->release(env);
    delete collected;
  });
  auto* held = new ceph::bufferptr(memory->get());
  auto data = Napi::Buffer<char>::New(
      env, held->c_str(), held->length(), [](Napi::Env, char*, ceph::bufferptr* held) { delete held; }, held);
  return make_object(env, {{"memory", external}, {"data", data}});
}

/// releaseWriteMemory(memory)
void release_write_memory(const Napi::CallbackInfo& info) { memory_of(info[0])->release(info.Env()); }

/// writeBlock(image, offset, memory, flags); JavaScript has no view of the memory any more
Napi::Value write_block(const Napi::CallbackInfo& info) {
  auto image = ImageHandle::from_js(info[0]);
  uint64_t offset = arg::u64(info[1]);
  WriteMemory* memory = memory_of(info[2]);
  int flags = arg::i32(info[3]);
  memory->sealed(info.Env());
  return start_image_cpp_aio(
      info, {"rbd_aio_write2", image, {}},
      [=](librbd::RBD::AioCompletion* completion) {
        ceph::bufferlist data;
        data.append(memory->get());
        return aio_write_buffers(image->get(), offset, data, completion, flags);
      },
      {});
}

}  // namespace

void define_write_blocks(Napi::Env env, Napi::Object exports) {
  define(env, exports, {{"allocateWriteMemory", allocate_write_memory}, {"writeBlock", write_block}});
  exports.Set("releaseWriteMemory", Napi::Function::New(env, release_write_memory));
}

}  // namespace coppice
