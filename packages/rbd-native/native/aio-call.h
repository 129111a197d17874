#pragma once

#include <napi.h>
#include <rbd/librbd.h>

#include <functional>
#include <memory>
#include <vector>

#include "image-handle.h"

namespace coppice {

/// One asynchronous call on an image, submitted from the JS thread. Buffers stay pinned until librbd is done
/// with them, whatever JavaScript does meanwhile; the promise is fulfilled with convert's value (the result
/// itself without one).
struct Aio {
  const char* name;
  std::shared_ptr<ImageHandle> image;
  std::vector<Napi::Value> pinned;
};

Napi::Value start_aio(const Napi::CallbackInfo& info, const Aio& aio,
                      const std::function<int(rbd_image_t, rbd_completion_t)>& submit,
                      std::function<Napi::Value(Napi::Env, int64_t)> convert);

}  // namespace coppice
