#include <rbd/librbd.h>

#include <string>
#include <utility>
#include <vector>

#include "../arguments.h"
#include "../control-call.h"
#include "../image-handle.h"
#include "../strings.h"
#include "define.h"

namespace coppice {
namespace {

using Pair = std::pair<std::string, std::string>;

/// Entries are read in pages. A page that does not fit its buffers is read again with the sizes that librbd returned.
constexpr uint64_t kKeys = 512;

/// page(start, max, keys, keys size, values, values size) as rbd_metadata_list and rbd_pool_metadata_list.
template <class Page>
int list_all(std::vector<Pair>& entries, Page page) {
  std::vector<char> keys(8192), values(65536);
  std::string start;
  int growths = 0;
  while (true) {
    size_t keys_size = keys.size(), values_size = values.size();
    int r = page(start.c_str(), kKeys, keys.data(), &keys_size, values.data(), &values_size);
    if (r == -ERANGE && ++growths <= kMaxGrowths) {
      keys.resize(std::max(keys.size(), keys_size));
      values.resize(std::max(values.size(), values_size));
      continue;
    }
    if (r < 0) return r;
    auto names = split_zero(keys.data(), keys_size);
    auto contents = split_zero(values.data(), values_size);
    for (size_t i = 0; i < names.size() && i < contents.size(); ++i) {
      entries.emplace_back(std::move(names[i]), std::move(contents[i]));
    }
    if (names.size() < kKeys) return 0;
    start = entries.back().first;
  }
}

Napi::Value pairs_to_js(Napi::Env env, std::vector<Pair>& entries) {
  Napi::Array array = Napi::Array::New(env, entries.size());
  for (uint32_t i = 0; i < entries.size(); ++i) {
    Napi::Array pair = Napi::Array::New(env, 2);
    pair.Set(0u, to_js(env, entries[i].first));
    pair.Set(1u, to_js(env, entries[i].second));
    array.Set(i, pair);
  }
  return array;
}

/// getMetadata(image, key, operation) → string
Napi::Value get_metadata(const Napi::CallbackInfo& info) {
  auto image = ImageHandle::from_js(info[0]);
  std::string key = arg::string(info[1]);
  return control<std::string>(info, {"rbd_metadata_get", {image}, info[2]}, [=](std::string& value) {
    return grow_string(value, [&](char* data, size_t* size) {
      return rbd_metadata_get(image->get(), key.c_str(), data, size);
    });
  });
}

/// setMetadata(image, key, value, operation)
Napi::Value set_metadata(const Napi::CallbackInfo& info) {
  auto image = ImageHandle::from_js(info[0]);
  std::string key = arg::string(info[1]), value = arg::string(info[2]);
  return control(info, {"rbd_metadata_set", {image}, info[3]},
                 [=] { return rbd_metadata_set(image->get(), key.c_str(), value.c_str()); });
}

/// removeMetadata(image, key, operation)
Napi::Value remove_metadata(const Napi::CallbackInfo& info) {
  auto image = ImageHandle::from_js(info[0]);
  std::string key = arg::string(info[1]);
  return control(info, {"rbd_metadata_remove", {image}, info[2]},
                 [=] { return rbd_metadata_remove(image->get(), key.c_str()); });
}

/// listMetadata(image, operation) → [key, value][]
Napi::Value list_metadata(const Napi::CallbackInfo& info) {
  auto image = ImageHandle::from_js(info[0]);
  return control<std::vector<Pair>>(
      info, {"rbd_metadata_list", {image}, info[1]},
      [=](std::vector<Pair>& entries) {
        return list_all(entries,
                        [&](auto... arguments) { return rbd_metadata_list(image->get(), arguments...); });
      },
      pairs_to_js);
}

/// getPoolMetadata(ioctx, key, operation) → string
Napi::Value get_pool_metadata(const Napi::CallbackInfo& info) {
  auto ioctx = IoCtxHandle::from_js(info[0]);
  std::string key = arg::string(info[1]);
  return control<std::string>(info, {"rbd_pool_metadata_get", {ioctx}, info[2]}, [=](std::string& value) {
    return grow_string(value, [&](char* data, size_t* size) {
      return rbd_pool_metadata_get(ioctx->get(), key.c_str(), data, size);
    });
  });
}

/// setPoolMetadata(ioctx, key, value, operation)
Napi::Value set_pool_metadata(const Napi::CallbackInfo& info) {
  auto ioctx = IoCtxHandle::from_js(info[0]);
  std::string key = arg::string(info[1]), value = arg::string(info[2]);
  return control(info, {"rbd_pool_metadata_set", {ioctx}, info[3]},
                 [=] { return rbd_pool_metadata_set(ioctx->get(), key.c_str(), value.c_str()); });
}

/// removePoolMetadata(ioctx, key, operation)
Napi::Value remove_pool_metadata(const Napi::CallbackInfo& info) {
  auto ioctx = IoCtxHandle::from_js(info[0]);
  std::string key = arg::string(info[1]);
  return control(info, {"rbd_pool_metadata_remove", {ioctx}, info[2]},
                 [=] { return rbd_pool_metadata_remove(ioctx->get(), key.c_str()); });
}

/// listPoolMetadata(ioctx, operation) → [key, value][]
Napi::Value list_pool_metadata(const Napi::CallbackInfo& info) {
  auto ioctx = IoCtxHandle::from_js(info[0]);
  return control<std::vector<Pair>>(
      info, {"rbd_pool_metadata_list", {ioctx}, info[1]},
      [=](std::vector<Pair>& entries) {
        return list_all(
            entries, [&](auto... arguments) { return rbd_pool_metadata_list(ioctx->get(), arguments...); });
      },
      pairs_to_js);
}

}  // namespace

void define_metadata(Napi::Env env, Napi::Object exports) {
  define(env, exports,
         {{"getMetadata", get_metadata},
          {"setMetadata", set_metadata},
          {"removeMetadata", remove_metadata},
          {"listMetadata", list_metadata},
          {"getPoolMetadata", get_pool_metadata},
          {"setPoolMetadata", set_pool_metadata},
          {"removePoolMetadata", remove_pool_metadata},
          {"listPoolMetadata", list_pool_metadata}});
}

}  // namespace coppice
