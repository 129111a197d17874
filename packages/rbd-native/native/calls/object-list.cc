#include <rados/librados.h>

#include <memory>
#include <string>
#include <vector>

#include "../arguments.h"
#include "../control-call.h"
#include "../ioctx-handle.h"
#include "define.h"

namespace coppice {
namespace {

/// A position in a pool's list of objects. It frees itself, which needs no connection.
using Cursor = std::shared_ptr<void>;

Cursor own(rados_object_list_cursor cursor) {
  return Cursor(cursor, [](void* c) { rados_object_list_cursor_free(nullptr, c); });
}

struct Page {
  std::vector<std::string> names;
  Cursor next;  // empty at the end
};

int list(rados_ioctx_t io, Cursor start, size_t limit, Page& page) {
  if (!start) start = own(rados_object_list_begin(io));
  Cursor end = own(rados_object_list_end(io));
  std::vector<rados_object_list_item> items(limit);
  rados_object_list_cursor next = rados_object_list_begin(io);
  int r = rados_object_list(io, start.get(), end.get(), limit, nullptr, 0, items.data(), &next);
  Cursor owned = own(next);
  if (r < 0) return r;
  for (int i = 0; i < r; ++i) page.names.emplace_back(items[i].oid, items[i].oid_length);
  rados_object_list_free(static_cast<size_t>(r), items.data());
  if (!rados_object_list_is_end(io, next)) page.next = owned;
  return 0;
}

/// listObjects(ioctx, cursor | undefined, limit, operation) → { names, next: cursor | null }
Napi::Value list_objects(const Napi::CallbackInfo& info) {
  auto ioctx = IoCtxHandle::from_js(info[0]);
  Cursor start = info[1].IsExternal() ? *info[1].As<Napi::External<Cursor>>().Data() : Cursor();
  size_t limit = arg::u64(info[2]);
  return control<Page>(
      info, {"rados_object_list", {ioctx}, info[3]},
      [=](Page& page) { return list(ioctx->get(), start, limit, page); },
      [](Napi::Env env, Page& page) -> Napi::Value {
        Napi::Value next = env.Null();
        if (page.next) {
          next =
              Napi::External<Cursor>::New(env, new Cursor(page.next), [](Napi::Env, Cursor* c) { delete c; });
        }
        return make_object(env, {{"names", to_js(env, page.names)}, {"next", next}});
      });
}

}  // namespace

void define_object_list(Napi::Env env, Napi::Object exports) {
  define(env, exports, {{"listObjects", list_objects}});
}

}  // namespace coppice
