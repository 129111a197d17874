#pragma once

#include <napi.h>

namespace coppice {

using Function = Napi::Value (*)(const Napi::CallbackInfo&);

struct Export {
  const char* name;
  Function function;
};

inline void define(Napi::Env env, Napi::Object exports, std::initializer_list<Export> functions) {
  for (const Export& e : functions) exports.Set(e.name, Napi::Function::New(env, e.function, e.name));
}

// One for each file of calls.
void define_library(Napi::Env env, Napi::Object exports);
void define_cluster(Napi::Env env, Napi::Object exports);
void define_commands(Napi::Env env, Napi::Object exports);
void define_pools(Napi::Env env, Napi::Object exports);
void define_namespaces(Napi::Env env, Napi::Object exports);
void define_images(Napi::Env env, Napi::Object exports);
void define_image_open(Napi::Env env, Napi::Object exports);
void define_image_facts(Napi::Env env, Napi::Object exports);
void define_image_lineage(Napi::Env env, Napi::Object exports);
void define_image_work(Napi::Env env, Napi::Object exports);
void define_image_data(Napi::Env env, Napi::Object exports);
void define_write_blocks(Napi::Env env, Napi::Object exports);
void define_image_ranges(Napi::Env env, Napi::Object exports);
void define_snapshots(Napi::Env env, Napi::Object exports);
void define_diff(Napi::Env env, Napi::Object exports);
void define_trash(Napi::Env env, Napi::Object exports);
void define_metadata(Napi::Env env, Napi::Object exports);
void define_watchers(Napi::Env env, Napi::Object exports);
void define_image_locks(Napi::Env env, Napi::Object exports);
void define_copy(Napi::Env env, Napi::Object exports);
void define_image_watch(Napi::Env env, Napi::Object exports);
void define_object_list(Napi::Env env, Napi::Object exports);
void define_object_locks(Napi::Env env, Napi::Object exports);
void define_object_watch(Napi::Env env, Napi::Object exports);
void define_objects(Napi::Env env, Napi::Object exports);
void define_object_sparse_read(Napi::Env env, Napi::Object exports);
void define_groups(Napi::Env env, Napi::Object exports);
void define_group_snapshots(Napi::Env env, Napi::Object exports);
void define_migration(Napi::Env env, Napi::Object exports);
void define_configuration(Napi::Env env, Napi::Object exports);
void define_encryption(Napi::Env env, Napi::Object exports);
void define_mirror_pool(Napi::Env env, Napi::Object exports);
void define_mirror_peers(Napi::Env env, Napi::Object exports);
void define_mirror_images(Napi::Env env, Napi::Object exports);
void define_mirror_lists(Napi::Env env, Napi::Object exports);

}  // namespace coppice
