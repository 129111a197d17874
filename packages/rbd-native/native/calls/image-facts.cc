#include <rbd/librbd.h>

#include <string>

#include "../arguments.h"
#include "../control-call.h"
#include "../image-handle.h"
#include "../strings.h"
#include "define.h"

namespace coppice {
namespace {

struct Stat {
  rbd_image_info_t info;
  std::string block_name_prefix;
};

/// imageStat(image, operation) → { size, objectSize, order, objectCount, blockNamePrefix }
Napi::Value image_stat(const Napi::CallbackInfo& info) {
  auto image = ImageHandle::from_js(info[0]);
  return control<Stat>(
      info, {"rbd_stat", {image}, info[1]},
      [=](Stat& stat, Operation& operation) {
        int r = rbd_stat(image->get(), &stat.info, sizeof stat.info);
        if (r < 0) return r;
        r = grow_string_by_value(stat.block_name_prefix, [&](char* data, size_t size) {
          return rbd_get_block_name_prefix(image->get(), data, size);
        });
        return r < 0 ? operation.fail("rbd_get_block_name_prefix", r) : 0;
      },
      [](Napi::Env env, Stat& stat) -> Napi::Value {
        return make_object(env, {{"size", size_to_js(env, stat.info.size)},
                                 {"objectSize", size_to_js(env, stat.info.obj_size)},
                                 {"order", to_js(env, stat.info.order)},
                                 {"objectCount", size_to_js(env, stat.info.num_objs)},
                                 {"blockNamePrefix", to_js(env, stat.block_name_prefix)}});
      });
}

using GetU64 = int (*)(rbd_image_t, uint64_t*);

Napi::Value get_u64(const Napi::CallbackInfo& info, const char* name, GetU64 get, bool as_size) {
  auto image = ImageHandle::from_js(info[0]);
  return control<uint64_t>(
      info, {name, {image}, info[1]}, [=](uint64_t& value) { return get(image->get(), &value); },
      [as_size](Napi::Env env, uint64_t& value) {
        return as_size ? size_to_js(env, value) : to_js(env, value);
      });
}

Napi::Value image_size(const Napi::CallbackInfo& info) {
  return get_u64(info, "rbd_get_size", rbd_get_size, true);
}
Napi::Value image_features(const Napi::CallbackInfo& info) {
  return get_u64(info, "rbd_get_features", rbd_get_features, false);
}
Napi::Value image_op_features(const Napi::CallbackInfo& info) {
  return get_u64(info, "rbd_get_op_features", rbd_get_op_features, false);
}
Napi::Value image_flags(const Napi::CallbackInfo& info) {
  return get_u64(info, "rbd_get_flags", rbd_get_flags, false);
}
Napi::Value image_overlap(const Napi::CallbackInfo& info) {
  return get_u64(info, "rbd_get_overlap", rbd_get_overlap, true);
}

struct Stripe {
  uint64_t unit, count;
};

/// imageStripe(image, operation) → { unit, count }
Napi::Value image_stripe(const Napi::CallbackInfo& info) {
  auto image = ImageHandle::from_js(info[0]);
  return control<Stripe>(
      info, {"rbd_get_stripe_unit", {image}, info[1]},
      [=](Stripe& stripe, Operation& operation) {
        int r = rbd_get_stripe_unit(image->get(), &stripe.unit);
        if (r < 0) return r;
        r = rbd_get_stripe_count(image->get(), &stripe.count);
        return r < 0 ? operation.fail("rbd_get_stripe_count", r) : 0;
      },
      [](Napi::Env env, Stripe& stripe) -> Napi::Value {
        return make_object(
            env, {{"unit", size_to_js(env, stripe.unit)}, {"count", size_to_js(env, stripe.count)}});
      });
}

/// imageIsOldFormat(image, operation) → boolean
Napi::Value image_is_old_format(const Napi::CallbackInfo& info) {
  auto image = ImageHandle::from_js(info[0]);
  return control<bool>(info, {"rbd_get_old_format", {image}, info[1]}, [=](bool& old) {
    uint8_t value = 0;
    int r = rbd_get_old_format(image->get(), &value);
    old = value != 0;
    return r;
  });
}

/// imageDataPoolId(image, operation) → number
Napi::Value image_data_pool_id(const Napi::CallbackInfo& info) {
  auto image = ImageHandle::from_js(info[0]);
  return control<double>(info, {"rbd_get_data_pool_id", {image}, info[1]}, [=](double& id) {
    int64_t r = rbd_get_data_pool_id(image->get());
    id = static_cast<double>(r);
    return r < 0 ? static_cast<int>(r) : 0;
  });
}

struct Timestamps {
  timespec created, accessed, modified;
};

/// imageTimestamps(image, operation) → { created, accessed, modified } in ms since the epoch
Napi::Value image_timestamps(const Napi::CallbackInfo& info) {
  auto image = ImageHandle::from_js(info[0]);
  return control<Timestamps>(
      info, {"rbd_get_create_timestamp", {image}, info[1]},
      [=](Timestamps& t, Operation& operation) {
        int r = rbd_get_create_timestamp(image->get(), &t.created);
        if (r < 0) return r;
        r = rbd_get_access_timestamp(image->get(), &t.accessed);
        if (r < 0) return operation.fail("rbd_get_access_timestamp", r);
        r = rbd_get_modify_timestamp(image->get(), &t.modified);
        return r < 0 ? operation.fail("rbd_get_modify_timestamp", r) : 0;
      },
      [](Napi::Env env, Timestamps& t) -> Napi::Value {
        return make_object(env, {{"created", time_to_js(env, t.created)},
                                 {"accessed", time_to_js(env, t.accessed)},
                                 {"modified", time_to_js(env, t.modified)}});
      });
}

/// updateFeatures(image, features, enabled, operation)
Napi::Value update_features(const Napi::CallbackInfo& info) {
  auto image = ImageHandle::from_js(info[0]);
  uint64_t features = arg::u64(info[1]);
  bool enabled = arg::flag(info[2]);
  return control(
      info, {.name = "rbd_update_features", .handles = {image}, .operation = info[3], .lane = Lane::kLong},
      [=] { return rbd_update_features(image->get(), features, enabled ? 1 : 0); });
}

}  // namespace

void define_image_facts(Napi::Env env, Napi::Object exports) {
  define(env, exports,
         {{"imageStat", image_stat},
          {"imageSize", image_size},
          {"imageFeatures", image_features},
          {"imageOpFeatures", image_op_features},
          {"imageFlags", image_flags},
          {"imageOverlap", image_overlap},
          {"imageStripe", image_stripe},
          {"imageIsOldFormat", image_is_old_format},
          {"imageDataPoolId", image_data_pool_id},
          {"imageTimestamps", image_timestamps},
          {"updateFeatures", update_features}});
}

}  // namespace coppice
