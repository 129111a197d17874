#include <rbd/librbd.h>

#include <optional>
#include <string>

#include "../arguments.h"
#include "../control-call.h"
#include "../image-handle.h"
#include "../opening.h"
#include "../strings.h"
#include "define.h"

namespace coppice {
namespace {

struct OpenOptions {
  std::string image;
  std::optional<std::string> snapshot;
  bool by_id, read_only;
};

struct Opened {
  std::string id, name;
  uint64_t size = 0;
};

int open(rados_ioctx_t io, const OpenOptions& o, rbd_image_t* image) {
  const char* snapshot = arg::c_str(o.snapshot);
  if (o.by_id) {
    return o.read_only ? rbd_open_by_id_read_only(io, o.image.c_str(), image, snapshot)
                       : rbd_open_by_id(io, o.image.c_str(), image, snapshot);
  }
  return o.read_only ? rbd_open_read_only(io, o.image.c_str(), image, snapshot)
                     : rbd_open(io, o.image.c_str(), image, snapshot);
}

const char* name_of_call(const OpenOptions& o) {
  if (o.by_id) return o.read_only ? "rbd_open_by_id_read_only" : "rbd_open_by_id";
  return o.read_only ? "rbd_open_read_only" : "rbd_open";
}

/// Reads what every user of an image asks for first, so that it takes no further control calls.
int read_identity(rbd_image_t image, Opened& opened, Operation& operation) {
  int r = rbd_get_size(image, &opened.size);
  if (r < 0) return operation.fail("rbd_get_size", r);
  r = grow_string(opened.name, [=](char* data, size_t* size) { return rbd_get_name(image, data, size); });
  if (r < 0) return operation.fail("rbd_get_name", r);
  r = grow_string_by_value(opened.id, [=](char* data, size_t size) { return rbd_get_id(image, data, size); });
  // Images of the old format have no id.
  return r < 0 && r != -EINVAL ? operation.fail("rbd_get_id", r) : 0;
}

/// openImage(ioctx, nameOrId, byId, readOnly, snapshot?, operation) → { handle, id, name, size, changes }
Napi::Value open_image(const Napi::CallbackInfo& info) {
  auto ioctx = IoCtxHandle::from_js(info[0]);
  OpenOptions options{arg::string(info[1]), arg::optional_string(info[4]), arg::flag(info[2]),
                      arg::flag(info[3])};
  const char* name = name_of_call(options);
  if (ioctx->latched()) return control(info, {name, {ioctx}, info[5]}, [] { return 0; });
  auto image = std::make_shared<ImageHandle>(ioctx);
  auto opening = std::make_shared<Opening<ImageHandle>>(image);
  return control<Opened>(
      info, {name, {ioctx, image}, info[5]},
      [=](Opened& opened, Operation& operation) {
        rbd_image_t raw;
        int r = open(ioctx->get(), options, &raw);
        if (r < 0) return r;
        opening->handle()->set(raw);
        // Before anything is read: a change after this marks what was read as outdated.
        r = opening->handle()->changes().start(raw);
        if (r < 0) return operation.fail("rbd_update_watch", r);
        return read_identity(raw, opened, operation);
      },
      [opening](Napi::Env env, Opened& opened) -> Napi::Value {
        Napi::Value value = opening->to_js(env);
        if (value.IsEmpty()) return {};
        return make_object(env, {{"handle", value},
                                 {"id", to_js(env, opened.id)},
                                 {"name", to_js(env, opened.name)},
                                 {"size", size_to_js(env, opened.size)},
                                 {"changes", opening->handle()->changes().to_js(env)}});
      });
}

}  // namespace

void define_image_open(Napi::Env env, Napi::Object exports) {
  define(env, exports, {{"openImage", open_image}});
}

}  // namespace coppice
