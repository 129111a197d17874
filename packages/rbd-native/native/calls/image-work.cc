#include <rbd/librbd.h>

#include <string>

#include "../arguments.h"
#include "../control-call.h"
#include "../image-handle.h"
#include "../image-options.h"
#include "define.h"

namespace coppice {
namespace {

/// Calls that work through a whole image: they run in the long lane, report progress and can be cancelled where librbd
/// allows it.
Control long_call(const char* name, std::vector<std::shared_ptr<Handle>> handles, Napi::Value operation) {
  return {.name = name, .handles = std::move(handles), .operation = operation, .lane = Lane::kLong};
}

/// resize(image, size, allowShrink, operation)
Napi::Value resize(const Napi::CallbackInfo& info) {
  auto image = ImageHandle::from_js(info[0]);
  uint64_t size = arg::u64(info[1]);
  bool shrink = arg::flag(info[2]);
  return control(info, long_call("rbd_resize2", {image}, info[3]), [=](Operation& operation) {
    return rbd_resize2(image->get(), size, shrink, Operation::progress, &operation);
  });
}

/// flatten(image, operation)
Napi::Value flatten(const Napi::CallbackInfo& info) {
  auto image = ImageHandle::from_js(info[0]);
  return control(info, long_call("rbd_flatten_with_progress", {image}, info[1]), [=](Operation& operation) {
    return rbd_flatten_with_progress(image->get(), Operation::progress, &operation);
  });
}

/// sparsify(image, sparseSize, operation)
Napi::Value sparsify(const Napi::CallbackInfo& info) {
  auto image = ImageHandle::from_js(info[0]);
  uint64_t sparse_size = arg::u64(info[1]);
  return control(info, long_call("rbd_sparsify_with_progress", {image}, info[2]), [=](Operation& operation) {
    return rbd_sparsify_with_progress(image->get(), sparse_size, Operation::progress, &operation);
  });
}

/// rebuildObjectMap(image, operation)
Napi::Value rebuild_object_map(const Napi::CallbackInfo& info) {
  auto image = ImageHandle::from_js(info[0]);
  return control(info, long_call("rbd_rebuild_object_map", {image}, info[1]), [=](Operation& operation) {
    return rbd_rebuild_object_map(image->get(), Operation::progress, &operation);
  });
}

/// copy(image, ioctx, name, options, sparseSize, operation)
Napi::Value copy(const Napi::CallbackInfo& info) {
  auto image = ImageHandle::from_js(info[0]);
  auto ioctx = IoCtxHandle::from_js(info[1]);
  std::string name = arg::string(info[2]);
  NewImage target = NewImage::from_js(info[3]);
  uint64_t sparse_size = arg::u64(info[4]);
  return control(info, long_call("rbd_copy_with_progress4", {image, ioctx}, info[5]),
                 [=](Operation& operation) {
                   ImageOptions options(target);
                   return rbd_copy_with_progress4(image->get(), ioctx->get(), name.c_str(), options.get(),
                                                  Operation::progress, &operation, sparse_size);
                 });
}

/// copyOnto(image, target, operation)
Napi::Value copy_onto(const Napi::CallbackInfo& info) {
  auto image = ImageHandle::from_js(info[0]);
  auto target = ImageHandle::from_js(info[1]);
  return control(
      info, long_call("rbd_copy_with_progress2", {image, target}, info[2]), [=](Operation& operation) {
        return rbd_copy_with_progress2(image->get(), target->get(), Operation::progress, &operation);
      });
}

/// deepCopy(image, ioctx, name, options, operation)
Napi::Value deep_copy(const Napi::CallbackInfo& info) {
  auto image = ImageHandle::from_js(info[0]);
  auto ioctx = IoCtxHandle::from_js(info[1]);
  std::string name = arg::string(info[2]);
  NewImage target = NewImage::from_js(info[3]);
  return control(info, long_call("rbd_deep_copy_with_progress", {image, ioctx}, info[4]),
                 [=](Operation& operation) {
                   ImageOptions options(target);
                   return rbd_deep_copy_with_progress(image->get(), ioctx->get(), name.c_str(), options.get(),
                                                      Operation::progress, &operation);
                 });
}

/// invalidateCache(image, operation)
Napi::Value invalidate_cache(const Napi::CallbackInfo& info) {
  auto image = ImageHandle::from_js(info[0]);
  return control(info, {"rbd_invalidate_cache", {image}, info[1]},
                 [=] { return rbd_invalidate_cache(image->get()); });
}

}  // namespace

void define_image_work(Napi::Env env, Napi::Object exports) {
  define(env, exports,
         {{"resize", resize},
          {"flatten", flatten},
          {"sparsify", sparsify},
          {"rebuildObjectMap", rebuild_object_map},
          {"copy", copy},
          {"copyOnto", copy_onto},
          {"deepCopy", deep_copy},
          {"invalidateCache", invalidate_cache}});
}

}  // namespace coppice
