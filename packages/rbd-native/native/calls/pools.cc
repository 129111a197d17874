#include <string>
#include <vector>

#include <rbd/librbd.h>
#include "../arguments.h"
#include "../control-call.h"

#include "../ioctx-handle.h"
#include "../opening.h"
#include "../strings.h"
#include "define.h"

namespace coppice {
namespace {

struct PoolName {
  int64_t id;
  std::string name;
};

Napi::Value pool_to_js(Napi::Env env, const PoolName& pool) {
  return make_object(env, {{"id", Napi::Number::New(env, static_cast<double>(pool.id))},
                           {"name", to_js(env, pool.name)}});
}

int list(rados_t cluster, std::vector<PoolName>& pools) {
  std::vector<char> buffer(4096);
  int needed = rados_pool_list(cluster, buffer.data(), buffer.size());
  for (int attempt = 0; needed > static_cast<int>(buffer.size()); ++attempt) {
    if (attempt == kMaxGrowths) return -ERANGE;
    buffer.assign(static_cast<size_t>(needed) + 1024, 0);
    needed = rados_pool_list(cluster, buffer.data(), buffer.size());
  }
  if (needed < 0) return needed;
  for (std::string& name : split_zero(buffer.data(), static_cast<size_t>(needed))) {
    if (name.empty()) break;
    int64_t id = rados_pool_lookup(cluster, name.c_str());
    if (id == -ENOENT) continue;  // removed since it was listed
    if (id < 0) return static_cast<int>(id);
    pools.push_back({id, std::move(name)});
  }
  return 0;
}

/// listPools(cluster, operation) → [{ id, name }]
Napi::Value list_pools(const Napi::CallbackInfo& info) {
  auto cluster = ClusterHandle::from_js(info[0]);
  return control<std::vector<PoolName>>(
      info, {"rados_pool_list", {cluster}, info[1]},
      [=](std::vector<PoolName>& pools) { return list(cluster->get(), pools); },
      [](Napi::Env env, std::vector<PoolName>& pools) -> Napi::Value {
        Napi::Array array = Napi::Array::New(env, pools.size());
        for (size_t i = 0; i < pools.size(); ++i) array.Set(static_cast<uint32_t>(i), pool_to_js(env, pools[i]));
        return array;
      });
}

/// createPool(cluster, name, operation)
Napi::Value create_pool(const Napi::CallbackInfo& info) {
  auto cluster = ClusterHandle::from_js(info[0]);
  std::string name = arg::string(info[1]);
  return control(
      info, {.name = "rados_pool_create", .handles = {cluster}, .operation = info[2], .lane = Lane::kLong},
      [=] { return rados_pool_create(cluster->get(), name.c_str()); });
}

/// deletePool(cluster, name, operation)
Napi::Value delete_pool(const Napi::CallbackInfo& info) {
  auto cluster = ClusterHandle::from_js(info[0]);
  std::string name = arg::string(info[1]);
  return control(
      info, {.name = "rados_pool_delete", .handles = {cluster}, .operation = info[2], .lane = Lane::kLong},
      [=] { return rados_pool_delete(cluster->get(), name.c_str()); });
}

/// openPool(cluster, name, namespace, failWhenFull, operation) → { handle, id }
Napi::Value open_pool(const Napi::CallbackInfo& info) {
  auto cluster = ClusterHandle::from_js(info[0]);
  std::string name = arg::string(info[1]), name_space = arg::string(info[2]);
  bool fail_when_full = arg::flag(info[3]);
  if (cluster->latched()) return control(info, {"rados_ioctx_create", {cluster}, info[4]}, [] { return 0; });
  auto ioctx = std::make_shared<IoCtxHandle>(cluster);
  auto opening = std::make_shared<Opening<IoCtxHandle>>(ioctx);
  return control<int64_t>(
      info, {"rados_ioctx_create", {cluster, ioctx}, info[4]},
      [=](int64_t& id) {
        rados_ioctx_t io;
        int r = rados_ioctx_create(cluster->get(), name.c_str(), &io);
        if (r < 0) return r;
        rados_ioctx_set_namespace(io, name_space.c_str());
        if (fail_when_full) rados_set_pool_full_try(io);
        id = rados_ioctx_get_id(io);
        opening->handle()->set(io);
        return 0;
      },
      [opening](Napi::Env env, int64_t& id) -> Napi::Value {
        Napi::Value value = opening->to_js(env);
        if (value.IsEmpty()) return {};
        return make_object(env, {{"handle", value}, {"id", Napi::Number::New(env, static_cast<double>(id))}});
      });
}

/// initPool(ioctx, force, operation)
Napi::Value init_pool(const Napi::CallbackInfo& info) {
  auto ioctx = IoCtxHandle::from_js(info[0]);
  bool force = arg::flag(info[1]);
  return control(info, {"rbd_pool_init", {ioctx}, info[2]},
                 [=] { return rbd_pool_init(ioctx->get(), force); });
}

}  // namespace

void define_pools(Napi::Env env, Napi::Object exports) {
  define(env, exports,
         {{"listPools", list_pools},
          {"createPool", create_pool},
          {"deletePool", delete_pool},
          {"openPool", open_pool},
          {"initPool", init_pool}});
}

}  // namespace coppice
