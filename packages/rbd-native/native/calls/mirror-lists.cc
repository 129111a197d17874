#include <rbd/librbd.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "../arguments.h"
#include "../control-call.h"
#include "../ioctx-handle.h"
#include "../mirror-status.h"
#include "define.h"

namespace coppice {
namespace {

// These calls return one page at a time, ordered by image id; all pages are read here.
constexpr size_t kRows = 256;

template <class Row>
using Rows = std::vector<std::pair<std::string, Row>>;

/// page(start id, rows) appends a page and returns its length, or -errno.
template <class Row, class Page>
int all_pages(Rows<Row>& rows, Page page) {
  while (true) {
    std::string start = rows.empty() ? "" : rows.back().first;
    int r = page(start.c_str(), rows);
    if (r < static_cast<int>(kRows)) return r < 0 ? r : 0;
  }
}

template <class Row, class Convert>
Napi::Value rows_to_js(Napi::Env env, const Rows<Row>& rows, Convert convert) {
  Napi::Array array = Napi::Array::New(env, rows.size());
  for (uint32_t i = 0; i < rows.size(); ++i) {
    Napi::Array pair = Napi::Array::New(env, 2);
    pair.Set(0u, to_js(env, rows[i].first));
    pair.Set(1u, convert(env, rows[i].second));
    array.Set(i, pair);
  }
  return array;
}

/// listMirrorStatuses(ioctx, operation) → [image id, status][]
Napi::Value list_mirror_statuses(const Napi::CallbackInfo& info) {
  auto ioctx = IoCtxHandle::from_js(info[0]);
  return control<Rows<MirrorStatus>>(
      info,
      {.name = "rbd_mirror_image_global_status_list",
       .handles = {ioctx},
       .operation = info[1],
       .lane = Lane::kLong},
      [=](Rows<MirrorStatus>& rows) {
        return all_pages(rows, [&](const char* start, Rows<MirrorStatus>& page) {
          char* ids[kRows];
          rbd_mirror_image_global_status_t raw[kRows];
          size_t count = kRows;
          int r = rbd_mirror_image_global_status_list(ioctx->get(), start, kRows, ids, raw, &count);
          if (r < 0) return r;
          for (size_t i = 0; i < count; ++i) page.emplace_back(ids[i], MirrorStatus(raw[i]));
          rbd_mirror_image_global_status_list_cleanup(ids, raw, count);
          return static_cast<int>(count);
        });
      },
      [](Napi::Env env, Rows<MirrorStatus>& rows) { return rows_to_js(env, rows, mirror_status_to_js); });
}

/// listMirrorInfos(ioctx, mode | -1, operation) → [image id, info][]
Napi::Value list_mirror_infos(const Napi::CallbackInfo& info) {
  auto ioctx = IoCtxHandle::from_js(info[0]);
  int wanted = arg::i32(info[1]);
  return control<Rows<MirrorInfo>>(
      info,
      {.name = "rbd_mirror_image_info_list", .handles = {ioctx}, .operation = info[2], .lane = Lane::kLong},
      [=](Rows<MirrorInfo>& rows) {
        return all_pages(rows, [&](const char* start, Rows<MirrorInfo>& page) {
          auto filter = static_cast<rbd_mirror_image_mode_t>(wanted);
          char* ids[kRows];
          rbd_mirror_image_mode_t modes[kRows];
          rbd_mirror_image_info_t raw[kRows];
          size_t count = kRows;
          int r = rbd_mirror_image_info_list(ioctx->get(), wanted < 0 ? nullptr : &filter, start, kRows, ids,
                                             modes, raw, &count);
          if (r < 0) return r;
          for (size_t i = 0; i < count; ++i) {
            page.emplace_back(ids[i], MirrorInfo(raw[i]));
            page.back().second.mode = modes[i];
          }
          rbd_mirror_image_info_list_cleanup(ids, raw, count);
          return static_cast<int>(count);
        });
      },
      [](Napi::Env env, Rows<MirrorInfo>& rows) { return rows_to_js(env, rows, mirror_info_to_js); });
}

/// listMirrorInstanceIds(ioctx, operation) → [image id, instance id][]
Napi::Value list_mirror_instance_ids(const Napi::CallbackInfo& info) {
  auto ioctx = IoCtxHandle::from_js(info[0]);
  return control<Rows<std::string>>(
      info, {"rbd_mirror_image_instance_id_list", {ioctx}, info[1]},
      [=](Rows<std::string>& rows) {
        return all_pages(rows, [&](const char* start, Rows<std::string>& page) {
          char *ids[kRows], *instances[kRows];
          size_t count = kRows;
          int r = rbd_mirror_image_instance_id_list(ioctx->get(), start, kRows, ids, instances, &count);
          if (r < 0) return r;
          for (size_t i = 0; i < count; ++i) page.emplace_back(ids[i], instances[i]);
          rbd_mirror_image_instance_id_list_cleanup(ids, instances, count);
          return static_cast<int>(count);
        });
      },
      [](Napi::Env env, Rows<std::string>& rows) {
        return rows_to_js(env, rows, [](Napi::Env e, const std::string& id) { return to_js(e, id); });
      });
}

}  // namespace

void define_mirror_lists(Napi::Env env, Napi::Object exports) {
  define(env, exports,
         {{"listMirrorStatuses", list_mirror_statuses},
          {"listMirrorInfos", list_mirror_infos},
          {"listMirrorInstanceIds", list_mirror_instance_ids}});
}

}  // namespace coppice
