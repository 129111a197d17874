#include <rbd/librbd.h>

#include <string>
#include <vector>

#include "../control-call.h"
#include "../growing.h"
#include "../image-handle.h"
#include "define.h"

namespace coppice {
namespace {

struct Watcher {
  std::string address;
  int64_t client_id;
  uint64_t cookie;
};

/// listWatchers(image, operation) → [{ address, clientId, cookie }]
Napi::Value list_watchers(const Napi::CallbackInfo& info) {
  auto image = ImageHandle::from_js(info[0]);
  return control<std::vector<Watcher>>(
      info, {"rbd_watchers_list", {image}, info[1]},
      [=](std::vector<Watcher>& watchers) {
        std::vector<rbd_image_watcher_t> raw;
        int r = grow(raw, 8, [&](rbd_image_watcher_t* data, size_t* size) {
          return rbd_watchers_list(image->get(), data, size);
        });
        if (r < 0) return r;
        for (const auto& w : raw) watchers.push_back({w.addr, w.id, w.cookie});
        rbd_watchers_list_cleanup(raw.data(), raw.size());
        return 0;
      },
      [](Napi::Env env, std::vector<Watcher>& watchers) -> Napi::Value {
        Napi::Array array = Napi::Array::New(env, watchers.size());
        for (uint32_t i = 0; i < watchers.size(); ++i) {
          array.Set(i, make_object(env, {{"address", to_js(env, watchers[i].address)},
                                         {"clientId", Napi::BigInt::New(env, watchers[i].client_id)},
                                         {"cookie", to_js(env, watchers[i].cookie)}}));
        }
        return array;
      });
}

}  // namespace

void define_watchers(Napi::Env env, Napi::Object exports) {
  define(env, exports, {{"listWatchers", list_watchers}});
}

}  // namespace coppice
