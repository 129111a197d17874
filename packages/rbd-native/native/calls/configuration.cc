#include <rbd/librbd.h>

#include <string>
#include <vector>

#include "../arguments.h"
#include "../control-call.h"
#include "../growing.h"
#include "../image-handle.h"
#include "define.h"

namespace coppice {
namespace {

struct Option {
  std::string name, value;
  int source;
};

/// list(options, int* count), cleanup(options, count)
template <class List, class Cleanup>
int read_options(std::vector<Option>& options, List list, Cleanup cleanup) {
  std::vector<rbd_config_option_t> raw;
  int r = grow<int>(raw, 256, list);
  if (r < 0) return r;
  for (const auto& o : raw) options.push_back({o.name, o.value, o.source});
  cleanup(raw.data(), static_cast<int>(raw.size()));
  return 0;
}

Napi::Value options_to_js(Napi::Env env, std::vector<Option>& options) {
  Napi::Array array = Napi::Array::New(env, options.size());
  for (uint32_t i = 0; i < options.size(); ++i) {
    array.Set(i, make_object(env, {{"name", to_js(env, options[i].name)},
                                   {"value", to_js(env, options[i].value)},
                                   {"source", to_js(env, options[i].source)}}));
  }
  return array;
}

/// poolConfiguration(ioctx, operation) → [{ name, value, source }]
Napi::Value pool_configuration(const Napi::CallbackInfo& info) {
  auto ioctx = IoCtxHandle::from_js(info[0]);
  return control<std::vector<Option>>(
      info, {"rbd_config_pool_list", {ioctx}, info[1]},
      [=](std::vector<Option>& options) {
        return read_options(
            options,
            [&](rbd_config_option_t* data, int* count) {
              return rbd_config_pool_list(ioctx->get(), data, count);
            },
            rbd_config_pool_list_cleanup);
      },
      options_to_js);
}

/// imageConfiguration(image, operation) → [{ name, value, source }]
Napi::Value image_configuration(const Napi::CallbackInfo& info) {
  auto image = ImageHandle::from_js(info[0]);
  return control<std::vector<Option>>(
      info, {"rbd_config_image_list", {image}, info[1]},
      [=](std::vector<Option>& options) {
        return read_options(
            options,
            [&](rbd_config_option_t* data, int* count) {
              return rbd_config_image_list(image->get(), data, count);
            },
            rbd_config_image_list_cleanup);
      },
      options_to_js);
}

struct PoolStats {
  uint64_t values[8] = {};
};

/// poolStats(ioctx, operation) → numbers in the order of rbd_pool_stat_option_t
Napi::Value pool_stats(const Napi::CallbackInfo& info) {
  auto ioctx = IoCtxHandle::from_js(info[0]);
  return control<PoolStats>(
      info, {.name = "rbd_pool_stats_get", .handles = {ioctx}, .operation = info[1], .lane = Lane::kLong},
      [=](PoolStats& stats) {
        rbd_pool_stats_t raw;
        rbd_pool_stats_create(&raw);
        for (int option = RBD_POOL_STAT_OPTION_IMAGES; option <= RBD_POOL_STAT_OPTION_TRASH_SNAPSHOTS;
             ++option) {
          rbd_pool_stats_option_add_uint64(raw, option, &stats.values[option]);
        }
        int r = rbd_pool_stats_get(ioctx->get(), raw);
        rbd_pool_stats_destroy(raw);
        return r;
      },
      [](Napi::Env env, PoolStats& stats) -> Napi::Value {
        Napi::Array array = Napi::Array::New(env, std::size(stats.values));
        for (uint32_t i = 0; i < std::size(stats.values); ++i) array.Set(i, size_to_js(env, stats.values[i]));
        return array;
      });
}

}  // namespace

void define_configuration(Napi::Env env, Napi::Object exports) {
  define(env, exports,
         {{"poolConfiguration", pool_configuration},
          {"imageConfiguration", image_configuration},
          {"poolStats", pool_stats}});
}

}  // namespace coppice
