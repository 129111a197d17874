#include <rbd/librbd.h>

#include <string>
#include <vector>

#include "../arguments.h"
#include "../control-call.h"
#include "../ioctx-handle.h"
#include "../strings.h"
#include "define.h"

namespace coppice {
namespace {

/// listNamespaces(ioctx, operation) → string[]
Napi::Value list_namespaces(const Napi::CallbackInfo& info) {
  auto ioctx = IoCtxHandle::from_js(info[0]);
  return control<std::vector<std::string>>(
      info, {"rbd_namespace_list", {ioctx}, info[1]}, [=](std::vector<std::string>& names) {
        std::vector<char> buffer;
        int r = grow(buffer, 1024,
                     [&](char* data, size_t* size) { return rbd_namespace_list(ioctx->get(), data, size); });
        if (r >= 0) names = split_zero(buffer.data(), buffer.size());
        return r;
      });
}

/// createNamespace(ioctx, name, operation)
Napi::Value create_namespace(const Napi::CallbackInfo& info) {
  auto ioctx = IoCtxHandle::from_js(info[0]);
  std::string name = arg::string(info[1]);
  return control(info, {"rbd_namespace_create", {ioctx}, info[2]},
                 [=] { return rbd_namespace_create(ioctx->get(), name.c_str()); });
}

/// removeNamespace(ioctx, name, operation)
Napi::Value remove_namespace(const Napi::CallbackInfo& info) {
  auto ioctx = IoCtxHandle::from_js(info[0]);
  std::string name = arg::string(info[1]);
  return control(info, {"rbd_namespace_remove", {ioctx}, info[2]},
                 [=] { return rbd_namespace_remove(ioctx->get(), name.c_str()); });
}

/// namespaceExists(ioctx, name, operation) → boolean
Napi::Value namespace_exists(const Napi::CallbackInfo& info) {
  auto ioctx = IoCtxHandle::from_js(info[0]);
  std::string name = arg::string(info[1]);
  return control<bool>(info, {"rbd_namespace_exists", {ioctx}, info[2]}, [=](bool& exists) {
    return rbd_namespace_exists(ioctx->get(), name.c_str(), &exists);
  });
}

}  // namespace

void define_namespaces(Napi::Env env, Napi::Object exports) {
  define(env, exports,
         {{"listNamespaces", list_namespaces},
          {"createNamespace", create_namespace},
          {"removeNamespace", remove_namespace},
          {"namespaceExists", namespace_exists}});
}

}  // namespace coppice
