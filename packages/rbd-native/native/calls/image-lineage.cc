#include <rbd/librbd.h>

#include <optional>
#include <string>
#include <vector>

#include "../arguments.h"
#include "../control-call.h"
#include "../growing.h"
#include "../image-handle.h"
#include "../strings.h"
#include "define.h"

namespace coppice {
namespace {

std::string text(const char* value) { return value == nullptr ? "" : value; }

struct Linked {
  int64_t pool_id = 0;
  std::string pool_name, name_space, id, name;
  bool trash = false;
  Linked() = default;
  explicit Linked(const rbd_linked_image_spec_t& spec)
      : pool_id(spec.pool_id),
        pool_name(text(spec.pool_name)),
        name_space(text(spec.pool_namespace)),
        id(text(spec.image_id)),
        name(text(spec.image_name)),
        trash(spec.trash) {}
};

Napi::Object linked_to_js(Napi::Env env, const Linked& image) {
  return make_object(env, {{"poolId", Napi::Number::New(env, static_cast<double>(image.pool_id))},
                           {"poolName", to_js(env, image.pool_name)},
                           {"namespace", to_js(env, image.name_space)},
                           {"imageId", to_js(env, image.id)},
                           {"imageName", to_js(env, image.name)},
                           {"trash", to_js(env, image.trash)}});
}

struct Parent {
  std::optional<Linked> image;
  uint64_t snapshot_id = 0, overlap = 0;
  int snapshot_namespace = 0;
  std::string snapshot_name;
};

int read_parent(rbd_image_t image, Parent& parent, Operation& operation) {
  rbd_linked_image_spec_t spec;
  rbd_snap_spec_t snapshot;
  int r = rbd_get_parent(image, &spec, &snapshot);
  if (r == -ENOENT) return 0;
  if (r < 0) return r;
  parent.image = Linked(spec);
  parent.snapshot_id = snapshot.id;
  parent.snapshot_namespace = snapshot.namespace_type;
  parent.snapshot_name = text(snapshot.name);
  rbd_linked_image_spec_cleanup(&spec);
  rbd_snap_spec_cleanup(&snapshot);
  r = rbd_get_overlap(image, &parent.overlap);
  return r < 0 ? operation.fail("rbd_get_overlap", r) : 0;
}

/// imageParent(image, operation) → null | { poolId, …, snapshotId, snapshotName, snapshotNamespace, overlap }
Napi::Value image_parent(const Napi::CallbackInfo& info) {
  auto image = ImageHandle::from_js(info[0]);
  return control<Parent>(
      info, {"rbd_get_parent", {image}, info[1]},
      [=](Parent& parent, Operation& operation) { return read_parent(image->get(), parent, operation); },
      [](Napi::Env env, Parent& parent) -> Napi::Value {
        if (!parent.image) return env.Null();
        Napi::Object object = linked_to_js(env, *parent.image);
        object.Set("snapshotId", to_js(env, parent.snapshot_id));
        object.Set("snapshotName", to_js(env, parent.snapshot_name));
        object.Set("snapshotNamespace", to_js(env, parent.snapshot_namespace));
        object.Set("overlap", size_to_js(env, parent.overlap));
        return object;
      });
}

using ListLinked = int (*)(rbd_image_t, rbd_linked_image_spec_t*, size_t*);

int list_linked(rbd_image_t image, ListLinked list, std::vector<Linked>& children) {
  std::vector<rbd_linked_image_spec_t> specs;
  int r =
      grow(specs, 64, [&](rbd_linked_image_spec_t* data, size_t* size) { return list(image, data, size); });
  if (r < 0) return r;
  for (const auto& spec : specs) children.emplace_back(spec);
  rbd_linked_image_spec_list_cleanup(specs.data(), specs.size());
  return 0;
}

/// The handle to list the children of a snapshot with. All calls on a handle share its snapshot, so a second handle is
/// opened at the snapshot instead of changing that of the first.
struct At {
  std::optional<std::string> name;
  std::optional<uint64_t> id;
  explicit At(Napi::Value value) : name(arg::optional_string(value)) {
    if (value.IsBigInt()) id = arg::u64(value);
  }
  bool somewhere() const { return name || id; }
};

int open_at(const ImageHandle& image, const At& at, rbd_image_t* other) {
  std::string id, name;
  grow_string_by_value(id, [&](char* data, size_t size) { return rbd_get_id(image.get(), data, size); });
  int r = grow_string(name, [&](char* data, size_t* size) { return rbd_get_name(image.get(), data, size); });
  if (r < 0) return r;
  r = id.empty() ? rbd_open_read_only(image.ioctx(), name.c_str(), other, nullptr)
                 : rbd_open_by_id_read_only(image.ioctx(), id.c_str(), other, nullptr);
  if (r < 0) return r;
  r = at.id ? rbd_snap_set_by_id(*other, *at.id) : rbd_snap_set(*other, at.name->c_str());
  if (r < 0) rbd_close(*other);
  return r;
}

/// (image, snapshot name | id | undefined, operation) → [{ poolId, poolName, namespace, imageId, imageName,
/// trash }]
Napi::Value list(const Napi::CallbackInfo& info, const char* name, ListLinked list) {
  auto image = ImageHandle::from_js(info[0]);
  At at(info[1]);
  return control<std::vector<Linked>>(
      info, {name, {image}, info[2]},
      [=](std::vector<Linked>& children, Operation& operation) {
        if (!at.somewhere()) return list_linked(image->get(), list, children);
        rbd_image_t other;
        int r = open_at(*image, at, &other);
        if (r < 0) return operation.fail("rbd_snap_set", r);
        r = list_linked(other, list, children);
        rbd_close(other);
        return r;
      },
      [](Napi::Env env, std::vector<Linked>& children) -> Napi::Value {
        Napi::Array array = Napi::Array::New(env, children.size());
        for (uint32_t i = 0; i < children.size(); ++i) array.Set(i, linked_to_js(env, children[i]));
        return array;
      });
}

Napi::Value list_children(const Napi::CallbackInfo& info) {
  return list(info, "rbd_list_children3", rbd_list_children3);
}
Napi::Value list_descendants(const Napi::CallbackInfo& info) {
  return list(info, "rbd_list_descendants", rbd_list_descendants);
}

}  // namespace

void define_image_lineage(Napi::Env env, Napi::Object exports) {
  define(env, exports,
         {{"imageParent", image_parent},
          {"listChildren", list_children},
          {"listDescendants", list_descendants}});
}

}  // namespace coppice
