#pragma once

#include <dlfcn.h>
#include <rados/librados.h>
#include <rbd/librbd.h>

#include <cerrno>
#include <string>

#include "operation.h"

/// Functions and types that librbd has had only since a later Ceph than 16: declared here, so that one build serves
/// all, and looked up in the loaded library when they are called.
namespace coppice::newer {

using OnExtent = int (*)(uint64_t offset, size_t length, int exists, void* argument);

struct EncryptionSpec {  // rbd_encryption_spec_t
  rbd_encryption_format_t format;
  rbd_encryption_options_t options;
  size_t options_size;
};

struct LuksOptions {  // rbd_encryption_luks_format_options_t
  const char* passphrase;
  size_t passphrase_size;
};

constexpr auto kEncryptionLuks = static_cast<rbd_encryption_format_t>(2);
constexpr uint32_t kDiffIncludeParent = 1 << 0;
constexpr uint32_t kDiffWholeObject = 1 << 1;

struct rbd_diff_iterate3 {  // Ceph 18
  using Type = int (*)(rbd_image_t image, uint64_t from_snapshot, uint64_t offset, uint64_t length,
                       uint32_t flags, OnExtent on_extent, void* argument);
  static constexpr const char* name = "rbd_diff_iterate3";
};
struct rbd_encryption_load2 {  // Ceph 18
  using Type = int (*)(rbd_image_t image, const EncryptionSpec* specs, size_t count);
  static constexpr const char* name = "rbd_encryption_load2";
};
struct rbd_clone4 {  // Ceph 19
  using Type = int (*)(rados_ioctx_t parent_pool, const char* parent, uint64_t snapshot, rados_ioctx_t pool,
                       const char* name, rbd_image_options_t options);
  static constexpr const char* name = "rbd_clone4";
};

/// Calls Function, or fails the operation with -EOPNOTSUPP when the loaded library does not have it.
template <class Function, class... Arguments>
int call(Operation& operation, Arguments... arguments) {
  auto function = reinterpret_cast<typename Function::Type>(dlsym(RTLD_DEFAULT, Function::name));
  if (function != nullptr) return function(arguments...);
  int major, minor, extra;
  rbd_version(&major, &minor, &extra);
  return operation.fail(
      Function::name, -EOPNOTSUPP,
      "the loaded librbd " + std::to_string(major) + "." + std::to_string(minor) + " does not have it");
}

}  // namespace coppice::newer
