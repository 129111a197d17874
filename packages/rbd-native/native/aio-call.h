#pragma once

#include <napi.h>
#include <rados/librados.h>
#include <rados/librados.hpp>
#include <rbd/librbd.h>
#include <rbd/librbd.hpp>

#include <functional>
#include <memory>
#include <vector>

#include "image-handle.h"

namespace coppice {

/// What every asynchronous call, submitted from the JS thread, has to say about itself.
struct Aio {
  const char* name;                   // the C function
  std::shared_ptr<Handle> handle;     // kept open until the call is over
  std::vector<Napi::Value> pinned{};  // buffers, kept alive until then whatever JavaScript does meanwhile
};

/// Makes the promise's value of a result of at least zero; without one it is undefined.
using AioConvert = std::function<Napi::Value(Napi::Env env, int64_t result)>;

/// A call of librbd's (librados's) asynchronous interface. A result below zero rejects.
Napi::Value start_image_aio(const Napi::CallbackInfo& info, const Aio& aio,
                            const std::function<int(rbd_completion_t)>& submit, AioConvert convert = {});
/// The same through librbd's C++ interface.
Napi::Value start_image_cpp_aio(const Napi::CallbackInfo& info, const Aio& aio,
                            const std::function<int(librbd::RBD::AioCompletion*)>& submit, AioConvert convert);
/// The result of what succeeded is the version of the object that it met, or made.
Napi::Value start_object_aio(const Napi::CallbackInfo& info, const Aio& aio,
                             const std::function<int(rados_completion_t)>& submit, AioConvert convert = {});

/// The same through librados's C++ interface.
Napi::Value start_object_cpp_aio(const Napi::CallbackInfo& info, const Aio& aio,
                                 const std::function<int(librados::AioCompletion*)>& submit,
                                 AioConvert convert);

}  // namespace coppice
