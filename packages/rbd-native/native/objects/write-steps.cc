#include <functional>
#include <map>

#include "../arguments.h"
#include "step.h"

namespace coppice {
namespace {

using Add = void (*)(rados_write_op_t, Napi::Array);

uint64_t u64(Napi::Array step, uint32_t i) { return arg::u64(step.Get(i)); }
std::string text(Napi::Array step, uint32_t i) { return arg::string(step.Get(i)); }
std::string bytes(Napi::Array step, uint32_t i) { return step_bytes(step.Get(i)); }

/// Lists as arrays of pointers and lengths, which librados takes.
struct List {
  std::vector<std::string> items;
  std::vector<const char*> pointers;
  std::vector<size_t> lengths;
  explicit List(Napi::Value value) : items(step_byte_list(value)) {
    for (const std::string& item : items) {
      pointers.push_back(item.data());
      lengths.push_back(item.size());
    }
  }
};

void set_omap(rados_write_op_t op, Napi::Array step) {
  List keys(step.Get(1u)), values(step.Get(2u));
  rados_write_op_omap_set2(op, keys.pointers.data(), values.pointers.data(), keys.lengths.data(),
                           values.lengths.data(), keys.items.size());
}

void remove_omap_keys(rados_write_op_t op, Napi::Array step) {
  List keys(step.Get(1u));
  rados_write_op_omap_rm_keys2(op, keys.pointers.data(), keys.lengths.data(), keys.items.size());
}

void compare_omap(rados_write_op_t op, Napi::Array step) {
  std::string key = text(step, 1), value = bytes(step, 3);
  rados_write_op_omap_cmp2(op, key.data(), static_cast<uint8_t>(u64(step, 2)), value.data(), key.size(),
                           value.size(), nullptr);
}

void write_same(rados_write_op_t op, Napi::Array step) {
  std::string data = bytes(step, 3);
  rados_write_op_writesame(op, data.data(), data.size(), u64(step, 2), u64(step, 1));
}

const std::map<std::string, Add> kSteps = {
    {"assertExists", [](rados_write_op_t op, Napi::Array) { rados_write_op_assert_exists(op); }},
    {"assertVersion",
     [](rados_write_op_t op, Napi::Array s) { rados_write_op_assert_version(op, u64(s, 1)); }},
    {"compareData",
     [](rados_write_op_t op, Napi::Array s) {
       std::string data = bytes(s, 2);
       rados_write_op_cmpext(op, data.data(), data.size(), u64(s, 1), nullptr);
     }},
    {"compareXattr",
     [](rados_write_op_t op, Napi::Array s) {
       std::string value = bytes(s, 3);
       rados_write_op_cmpxattr(op, text(s, 1).c_str(), static_cast<uint8_t>(u64(s, 2)), value.data(),
                               value.size());
     }},
    {"compareOmap", compare_omap},
    {"create",
     [](rados_write_op_t op, Napi::Array s) {
       int how = arg::flag(s.Get(1u)) ? LIBRADOS_CREATE_EXCLUSIVE : LIBRADOS_CREATE_IDEMPOTENT;
       rados_write_op_create(op, how, nullptr);
     }},
    {"write",
     [](rados_write_op_t op, Napi::Array s) {
       std::string data = bytes(s, 2);
       rados_write_op_write(op, data.data(), data.size(), u64(s, 1));
     }},
    {"writeFull",
     [](rados_write_op_t op, Napi::Array s) {
       std::string data = bytes(s, 1);
       rados_write_op_write_full(op, data.data(), data.size());
     }},
    {"writeSame", write_same},
    {"append",
     [](rados_write_op_t op, Napi::Array s) {
       std::string data = bytes(s, 1);
       rados_write_op_append(op, data.data(), data.size());
     }},
    {"remove", [](rados_write_op_t op, Napi::Array) { rados_write_op_remove(op); }},
    {"truncate", [](rados_write_op_t op, Napi::Array s) { rados_write_op_truncate(op, u64(s, 1)); }},
    {"zero", [](rados_write_op_t op, Napi::Array s) { rados_write_op_zero(op, u64(s, 1), u64(s, 2)); }},
    {"setXattr",
     [](rados_write_op_t op, Napi::Array s) {
       std::string value = bytes(s, 2);
       rados_write_op_setxattr(op, text(s, 1).c_str(), value.data(), value.size());
     }},
    {"removeXattr",
     [](rados_write_op_t op, Napi::Array s) { rados_write_op_rmxattr(op, text(s, 1).c_str()); }},
    {"setOmap", set_omap},
    {"removeOmapKeys", remove_omap_keys},
    {"clearOmap", [](rados_write_op_t op, Napi::Array) { rados_write_op_omap_clear(op); }},
    {"exec",
     [](rados_write_op_t op, Napi::Array s) {
       std::string input = bytes(s, 3);
       rados_write_op_exec(op, text(s, 1).c_str(), text(s, 2).c_str(), input.data(), input.size(), nullptr);
     }},
    {"allocationHint",
     [](rados_write_op_t op, Napi::Array s) {
       rados_write_op_set_alloc_hint2(op, u64(s, 1), u64(s, 2), arg::u32(s.Get(3u)));
     }},
};

}  // namespace

bool add_write_step(rados_write_op_t op, const std::string& kind, Napi::Array step) {
  auto found = kSteps.find(kind);
  if (found == kSteps.end()) return false;
  found->second(op, step);
  return true;
}

}  // namespace coppice
