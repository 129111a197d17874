#include <rbd/librbd.h>

#include <string>

#include "../arguments.h"
#include "../control-call.h"
#include "../image-handle.h"
#include "../image-options.h"
#include "../strings.h"
#include "define.h"

namespace coppice {
namespace {

/// prepareMigration(ioctx, image, target ioctx, target, options, operation)
Napi::Value prepare_migration(const Napi::CallbackInfo& info) {
  auto ioctx = IoCtxHandle::from_js(info[0]);
  std::string image = arg::string(info[1]);
  auto target_ioctx = IoCtxHandle::from_js(info[2]);
  std::string target = arg::string(info[3]);
  NewImage layout = NewImage::from_js(info[4]);
  return control(info,
                 {.name = "rbd_migration_prepare",
                  .handles = {ioctx, target_ioctx},
                  .operation = info[5],
                  .lane = Lane::kLong},
                 [=] {
                   ImageOptions options(layout);
                   return rbd_migration_prepare(ioctx->get(), image.c_str(), target_ioctx->get(),
                                                target.c_str(), options.get());
                 });
}

/// prepareImport(source spec, target ioctx, target, options, operation)
Napi::Value prepare_import(const Napi::CallbackInfo& info) {
  std::string source = arg::string(info[0]);
  auto ioctx = IoCtxHandle::from_js(info[1]);
  std::string target = arg::string(info[2]);
  NewImage layout = NewImage::from_js(info[3]);
  return control(
      info,
      {.name = "rbd_migration_prepare_import", .handles = {ioctx}, .operation = info[4], .lane = Lane::kLong},
      [=] {
        ImageOptions options(layout);
        return rbd_migration_prepare_import(source.c_str(), ioctx->get(), target.c_str(), options.get());
      });
}

using Step = int (*)(rados_ioctx_t, const char*, librbd_progress_fn_t, void*);

/// (ioctx, image, operation)
Napi::Value run_step(const Napi::CallbackInfo& info, const char* call, Step step) {
  auto ioctx = IoCtxHandle::from_js(info[0]);
  std::string image = arg::string(info[1]);
  return control(info, {.name = call, .handles = {ioctx}, .operation = info[2], .lane = Lane::kLong},
                 [=](Operation& operation) {
                   return step(ioctx->get(), image.c_str(), Operation::progress, &operation);
                 });
}

Napi::Value execute_migration(const Napi::CallbackInfo& info) {
  return run_step(info, "rbd_migration_execute_with_progress", rbd_migration_execute_with_progress);
}
Napi::Value abort_migration(const Napi::CallbackInfo& info) {
  return run_step(info, "rbd_migration_abort_with_progress", rbd_migration_abort_with_progress);
}
Napi::Value commit_migration(const Napi::CallbackInfo& info) {
  return run_step(info, "rbd_migration_commit_with_progress", rbd_migration_commit_with_progress);
}

struct End {
  int64_t pool = -1;
  std::string name_space, image, id;
};

struct Status {
  End source, target;
  int state = -1;
  std::string description;
};

Napi::Value end_to_js(Napi::Env env, const End& end) {
  return make_object(env, {{"poolId", to_js(env, static_cast<double>(end.pool))},
                           {"namespace", to_js(env, end.name_space)},
                           {"imageName", to_js(env, end.image)},
                           {"imageId", to_js(env, end.id)}});
}

/// migrationStatus(ioctx, image, operation) → { source, target, state, description }
Napi::Value migration_status(const Napi::CallbackInfo& info) {
  auto ioctx = IoCtxHandle::from_js(info[0]);
  std::string image = arg::string(info[1]);
  return control<Status>(
      info, {"rbd_migration_status", {ioctx}, info[2]},
      [=](Status& status) {
        rbd_image_migration_status_t raw;
        int r = rbd_migration_status(ioctx->get(), image.c_str(), &raw, sizeof raw);
        if (r < 0) return r;
        status.source = {raw.source_pool_id, raw.source_pool_namespace, raw.source_image_name,
                         raw.source_image_id};
        status.target = {raw.dest_pool_id, raw.dest_pool_namespace, raw.dest_image_name, raw.dest_image_id};
        status.state = raw.state;
        status.description = raw.state_description;
        rbd_migration_status_cleanup(&raw);
        return 0;
      },
      [](Napi::Env env, Status& status) -> Napi::Value {
        return make_object(env, {{"source", end_to_js(env, status.source)},
                                 {"target", end_to_js(env, status.target)},
                                 {"state", to_js(env, status.state)},
                                 {"description", to_js(env, status.description)}});
      });
}

/// migrationSource(image, operation) → the JSON that names what the image is migrated from
Napi::Value migration_source(const Napi::CallbackInfo& info) {
  auto image = ImageHandle::from_js(info[0]);
  return control<std::string>(info, {"rbd_get_migration_source_spec", {image}, info[1]},
                              [=](std::string& source) {
                                return grow_string(source, [&](char* data, size_t* size) {
                                  return rbd_get_migration_source_spec(image->get(), data, size);
                                });
                              });
}

}  // namespace

void define_migration(Napi::Env env, Napi::Object exports) {
  define(env, exports,
         {{"prepareMigration", prepare_migration},
          {"prepareImport", prepare_import},
          {"executeMigration", execute_migration},
          {"abortMigration", abort_migration},
          {"commitMigration", commit_migration},
          {"migrationStatus", migration_status},
          {"migrationSource", migration_source}});
}

}  // namespace coppice
