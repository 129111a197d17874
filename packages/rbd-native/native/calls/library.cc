#include <dlfcn.h>
#include <rbd/librbd.h>

#include "../environment.h"
#include "../to-js.h"
#include "define.h"

namespace coppice {
namespace {

Napi::Value version_object(Napi::Env env, int major, int minor, int extra) {
  return make_object(
      env, {{"major", to_js(env, major)}, {"minor", to_js(env, minor)}, {"extra", to_js(env, extra)}});
}

/// version() → { librbd, librados }
Napi::Value version(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  int major, minor, extra;
  rbd_version(&major, &minor, &extra);
  Napi::Value librbd = version_object(env, major, minor, extra);
  rados_version(&major, &minor, &extra);
  return make_object(env, {{"librbd", librbd}, {"librados", version_object(env, major, minor, extra)}});
}

/// hasFunction(name) → boolean: whether the loaded libraries export it
Napi::Value has_function(const Napi::CallbackInfo& info) {
  std::string name = info[0].As<Napi::String>().Utf8Value();
  return to_js(info.Env(), dlsym(RTLD_DEFAULT, name.c_str()) != nullptr);
}

/// shutDown(): the process leaves
Napi::Value shut_down(const Napi::CallbackInfo& info) {
  Environment::of(info.Env()).shut_down();
  return info.Env().Undefined();
}

}  // namespace

void define_library(Napi::Env env, Napi::Object exports) {
  define(env, exports, {{"version", version}, {"hasFunction", has_function}, {"shutDown", shut_down}});
}

}  // namespace coppice
