#include <rbd/librbd.h>

#include <string>
#include <vector>

#include "../arguments.h"
#include "../control-call.h"
#include "../growing.h"
#include "../image-options.h"
#include "../ioctx-handle.h"
#include "../newer-functions.h"
#include "define.h"

namespace coppice {
namespace {

struct Listed {
  std::string id, name;
};

/// listImages(ioctx, operation) → [{ id, name }]
Napi::Value list_images(const Napi::CallbackInfo& info) {
  auto ioctx = IoCtxHandle::from_js(info[0]);
  return control<std::vector<Listed>>(
      info, {"rbd_list2", {ioctx}, info[1]},
      [=](std::vector<Listed>& images) {
        std::vector<rbd_image_spec_t> specs;
        int r = grow(specs, 1024, [&](rbd_image_spec_t* data, size_t* size) {
          return rbd_list2(ioctx->get(), data, size);
        });
        if (r < 0) return r;
        for (const auto& spec : specs) images.push_back({spec.id, spec.name});
        rbd_image_spec_list_cleanup(specs.data(), specs.size());
        return 0;
      },
      [](Napi::Env env, std::vector<Listed>& images) -> Napi::Value {
        Napi::Array array = Napi::Array::New(env, images.size());
        for (uint32_t i = 0; i < images.size(); ++i) {
          array.Set(
              i, make_object(env, {{"id", to_js(env, images[i].id)}, {"name", to_js(env, images[i].name)}}));
        }
        return array;
      });
}

/// createImage(ioctx, name, size, options, operation)
Napi::Value create_image(const Napi::CallbackInfo& info) {
  auto ioctx = IoCtxHandle::from_js(info[0]);
  std::string name = arg::string(info[1]);
  uint64_t size = arg::u64(info[2]);
  NewImage image = NewImage::from_js(info[3]);
  return control(info, {"rbd_create4", {ioctx}, info[4]}, [=] {
    ImageOptions options(image);
    return rbd_create4(ioctx->get(), name.c_str(), size, options.get());
  });
}

/// cloneImage(parentIoctx, image, snapshot (name or id), ioctx, name, options, operation)
Napi::Value clone_image(const Napi::CallbackInfo& info) {
  auto parent = IoCtxHandle::from_js(info[0]);
  std::string image = arg::string(info[1]);
  const bool by_id = info[2].IsBigInt();
  std::string snapshot = by_id ? "" : arg::string(info[2]);
  const uint64_t snapshot_id = by_id ? arg::u64(info[2]) : 0;
  auto ioctx = IoCtxHandle::from_js(info[3]);
  std::string name = arg::string(info[4]);
  NewImage clone = NewImage::from_js(info[5]);
  const char* call = by_id ? newer::rbd_clone4::name : "rbd_clone3";
  return control(info, {call, {parent, ioctx}, info[6]}, [=](Operation& operation) {
    ImageOptions options(clone);
    if (by_id) {
      return newer::call<newer::rbd_clone4>(operation, parent->get(), image.c_str(), snapshot_id,
                                            ioctx->get(), name.c_str(), options.get());
    }
    return rbd_clone3(parent->get(), image.c_str(), snapshot.c_str(), ioctx->get(), name.c_str(),
                      options.get());
  });
}

/// removeImage(ioctx, name, operation)
Napi::Value remove_image(const Napi::CallbackInfo& info) {
  auto ioctx = IoCtxHandle::from_js(info[0]);
  std::string name = arg::string(info[1]);
  return control(
      info,
      {.name = "rbd_remove_with_progress", .handles = {ioctx}, .operation = info[2], .lane = Lane::kLong},
      [=](Operation& operation) {
        return rbd_remove_with_progress(ioctx->get(), name.c_str(), Operation::progress, &operation);
      });
}

/// renameImage(ioctx, from, to, operation)
Napi::Value rename_image(const Napi::CallbackInfo& info) {
  auto ioctx = IoCtxHandle::from_js(info[0]);
  std::string from = arg::string(info[1]), to = arg::string(info[2]);
  return control(info, {"rbd_rename", {ioctx}, info[3]},
                 [=] { return rbd_rename(ioctx->get(), from.c_str(), to.c_str()); });
}

}  // namespace

void define_images(Napi::Env env, Napi::Object exports) {
  define(env, exports,
         {{"listImages", list_images},
          {"createImage", create_image},
          {"cloneImage", clone_image},
          {"removeImage", remove_image},
          {"renameImage", rename_image}});
}

}  // namespace coppice
