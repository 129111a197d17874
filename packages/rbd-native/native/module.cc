#include <napi.h>

#include "calls/define.h"
#include "environment.h"
#include "operation.h"

namespace {

Napi::Object init(Napi::Env env, Napi::Object exports) {
  using namespace coppice;
  Environment::create(env);
  define_operation(env, exports);
  define_library(env, exports);
  define_cluster(env, exports);
  define_commands(env, exports);
  define_pools(env, exports);
  define_namespaces(env, exports);
  define_images(env, exports);
  define_image_open(env, exports);
  define_image_facts(env, exports);
  define_image_lineage(env, exports);
  define_image_work(env, exports);
  define_image_data(env, exports);
  define_write_blocks(env, exports);
  define_image_ranges(env, exports);
  define_snapshots(env, exports);
  define_diff(env, exports);
  define_trash(env, exports);
  define_metadata(env, exports);
  define_watchers(env, exports);
  define_image_locks(env, exports);
  define_copy(env, exports);
  define_image_watch(env, exports);
  define_object_list(env, exports);
  define_object_locks(env, exports);
  define_object_watch(env, exports);
  define_objects(env, exports);
  define_object_sparse_read(env, exports);
  define_groups(env, exports);
  define_group_snapshots(env, exports);
  define_migration(env, exports);
  define_configuration(env, exports);
  define_encryption(env, exports);
  define_mirror_pool(env, exports);
  define_mirror_peers(env, exports);
  define_mirror_images(env, exports);
  define_mirror_lists(env, exports);
  return exports;
}

}  // namespace

NODE_API_MODULE(rbd_native, init)
