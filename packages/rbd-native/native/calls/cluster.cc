#include <cerrno>
#include <cstdlib>
#include <string>
#include <vector>

#include "../arguments.h"
#include "../cluster-handle.h"
#include "../control-call.h"
#include "../growing.h"
#include "../opening.h"
#include "../strings.h"
#include "define.h"

namespace coppice {
namespace {

struct Setting {
  std::string name, value;
};

struct ConnectOptions {
  std::string cluster, user;
  std::optional<std::string> conf;
  std::vector<Setting> settings;  // always set
  std::vector<Setting> defaults;  // set when the configuration leaves librados's own default
};

std::vector<Setting> settings_of(Napi::Value value) {
  std::vector<Setting> settings;
  Napi::Array pairs = value.As<Napi::Array>();
  for (uint32_t i = 0; i + 1 < pairs.Length(); i += 2) {
    settings.push_back({arg::string(pairs.Get(i)), arg::string(pairs.Get(i + 1))});
  }
  return settings;
}

std::string setting(rados_t cluster, const std::string& name, int* result) {
  std::string value;
  *result = grow_string(value, [&](char* data, size_t* size) {
    int r = rados_conf_get(cluster, name.c_str(), data, *size);
    return r == -ENAMETOOLONG ? -ERANGE : r;
  });
  return value;
}

double seconds(rados_t cluster, const char* name) {
  int r;
  return std::strtod(setting(cluster, name, &r).c_str(), nullptr);
}

int apply_setting(rados_t cluster, const Setting& s, Operation& operation) {
  int r = rados_conf_set(cluster, s.name.c_str(), s.value.c_str());
  if (r >= 0) return r;
  // The message does not contain the value, which may be a secret.
  return operation.fail("rados_conf_set", r,
                        r == -ENOENT ? "Ceph has no setting named \"" + s.name + "\""
                                     : "Ceph does not accept the value given for the setting \"" + s.name + "\"");
}

int read_configuration_file(rados_t cluster, const std::optional<std::string>& path, Operation& operation) {
  int r = rados_conf_read_file(cluster, arg::c_str(path));
  if (r >= 0) return r;
  const std::string file = path ? "the configuration file " + *path : "a configuration file in Ceph's default places";
  return operation.fail("rados_conf_read_file", r,
                        r == -ENOENT ? file + " does not exist" : file + " cannot be read");
}

int configure(rados_t cluster, const ConnectOptions& o, Operation& operation) {
  if (int r = read_configuration_file(cluster, o.conf, operation); r < 0) return r;
  if (int r = rados_conf_parse_env(cluster, nullptr); r < 0) return operation.fail("rados_conf_parse_env", r);
  for (const Setting& s : o.defaults) {
    // Zero waits forever; 300 is the default of client_mount_timeout.
    double configured = seconds(cluster, s.name.c_str());
    bool untouched = configured == 0 || (s.name == "client_mount_timeout" && configured == 300);
    if (untouched) rados_conf_set(cluster, s.name.c_str(), s.value.c_str());
  }
  for (const Setting& s : o.settings) {
    if (int r = apply_setting(cluster, s, operation); r < 0) return r;
  }
  return 0;
}

struct Connected {
  std::string fsid;
  double patience = 0;
};

int connect_cluster(ClusterHandle& handle, const ConnectOptions& o, Connected& result, Operation& operation) {
  rados_t cluster = nullptr;
  int r = rados_create2(&cluster, o.cluster.c_str(), ("client." + o.user).c_str(), 0);
  if (r < 0) return operation.fail("rados_create2", r);
  handle.set(cluster);
  r = configure(cluster, o, operation);
  if (r < 0) return r;
  for (const char* name : {"client_mount_timeout", "rados_mon_op_timeout", "rados_osd_op_timeout"}) {
    result.patience = std::max(result.patience, seconds(cluster, name));
  }
  r = rados_connect(cluster);
  if (r < 0) return r;
  char fsid[37] = {};
  r = rados_cluster_fsid(cluster, fsid, sizeof fsid);
  if (r < 0) return operation.fail("rados_cluster_fsid", r);
  result.fsid = fsid;
  return 0;
}

/// connect({ cluster, user, conf?, settings, defaults }, operation) → { handle, fsid }
Napi::Value connect(const Napi::CallbackInfo& info) {
  Napi::Object o = info[0].As<Napi::Object>();
  ConnectOptions options{arg::string(o.Get("cluster")), arg::string(o.Get("user")),
                         arg::optional_string(o.Get("conf")), settings_of(o.Get("settings")),
                         settings_of(o.Get("defaults"))};
  auto handle = std::make_shared<ClusterHandle>(Environment::of(info.Env()));
  auto opening = std::make_shared<Opening<ClusterHandle>>(handle);
  return control<Connected>(
      info, {.name = "rados_connect", .handles = {handle}, .operation = info[1], .lane = Lane::kLong},
      [options, opening](Connected& result, Operation& operation) {
        return connect_cluster(*opening->handle(), options, result, operation);
      },
      [opening](Napi::Env env, Connected& result) -> Napi::Value {
        Environment::of(env).wait_at_least(std::chrono::seconds(static_cast<int64_t>(result.patience) + 10));
        Napi::Value value = opening->to_js(env);
        if (value.IsEmpty()) return {};
        return make_object(env, {{"handle", value}, {"fsid", to_js(env, result.fsid)}});
      });
}

Napi::Value close_handle(const Napi::CallbackInfo& info) {
  return Handle::from_js(info[0])->close(info.Env());
}

/// getSetting(cluster, name, operation) → string
Napi::Value get_setting(const Napi::CallbackInfo& info) {
  auto cluster = ClusterHandle::from_js(info[0]);
  std::string name = arg::string(info[1]);
  return control<std::string>(info, {"rados_conf_get", {cluster}, info[2]}, [=](std::string& value) {
    int r;
    value = setting(cluster->get(), name, &r);
    return r;
  });
}

/// setSetting(cluster, name, value, operation)
Napi::Value set_setting(const Napi::CallbackInfo& info) {
  auto cluster = ClusterHandle::from_js(info[0]);
  const Setting setting{arg::string(info[1]), arg::string(info[2])};
  return control(info, {"rados_conf_set", {cluster}, info[3]},
                 [=](Operation& operation) { return apply_setting(cluster->get(), setting, operation); });
}

/// clusterStat(cluster, operation) → { totalBytes, usedBytes, availableBytes, objects }
Napi::Value cluster_stat(const Napi::CallbackInfo& info) {
  auto cluster = ClusterHandle::from_js(info[0]);
  return control<rados_cluster_stat_t>(
      info, {"rados_cluster_stat", {cluster}, info[1]},
      [=](rados_cluster_stat_t& stat) { return rados_cluster_stat(cluster->get(), &stat); },
      [](Napi::Env env, rados_cluster_stat_t& stat) -> Napi::Value {
        return make_object(env, {{"totalBytes", size_to_js(env, stat.kb * 1024)},
                                 {"usedBytes", size_to_js(env, stat.kb_used * 1024)},
                                 {"availableBytes", size_to_js(env, stat.kb_avail * 1024)},
                                 {"objects", size_to_js(env, stat.num_objects)}});
      });
}

/// instanceId(cluster, operation) → bigint
Napi::Value instance_id(const Napi::CallbackInfo& info) {
  auto cluster = ClusterHandle::from_js(info[0]);
  return control<uint64_t>(info, {"rados_get_instance_id", {cluster}, info[1]}, [=](uint64_t& id) {
    id = rados_get_instance_id(cluster->get());
    return 0;
  });
}

/// waitForLatestOsdMap(cluster, operation)
Napi::Value wait_for_latest_osd_map(const Napi::CallbackInfo& info) {
  auto cluster = ClusterHandle::from_js(info[0]);
  return control(info, {"rados_wait_for_latest_osdmap", {cluster}, info[1]},
                 [=] { return rados_wait_for_latest_osdmap(cluster->get()); });
}

/// blocklist(cluster, address, seconds, operation): 0 seconds for the cluster's default
Napi::Value blocklist(const Napi::CallbackInfo& info) {
  auto cluster = ClusterHandle::from_js(info[0]);
  std::string address = arg::string(info[1]);
  uint32_t seconds = arg::u32(info[2]);
  return control(info, {"rados_blocklist_add", {cluster}, info[3]}, [=]() mutable {
    return rados_blocklist_add(cluster->get(), address.data(), seconds);
  });
}

struct CompatibleClient {
  int8_t present = 0, required = 0;
};

/// minCompatibleClient(cluster, operation) → { present, required }
Napi::Value min_compatible_client(const Napi::CallbackInfo& info) {
  auto cluster = ClusterHandle::from_js(info[0]);
  return control<CompatibleClient>(
      info, {"rados_get_min_compatible_client", {cluster}, info[1]},
      [=](CompatibleClient& client) {
        return rados_get_min_compatible_client(cluster->get(), &client.present, &client.required);
      },
      [](Napi::Env env, CompatibleClient& client) -> Napi::Value {
        return make_object(env, {{"present", to_js(env, static_cast<int>(client.present))},
                                 {"required", to_js(env, static_cast<int>(client.required))}});
      });
}

}  // namespace

void define_cluster(Napi::Env env, Napi::Object exports) {
  define(env, exports,
         {{"connect", connect},
          {"close", close_handle},
          {"getSetting", get_setting},
          {"setSetting", set_setting},
          {"clusterStat", cluster_stat},
          {"instanceId", instance_id},
          {"waitForLatestOsdMap", wait_for_latest_osd_map},
          {"blocklist", blocklist},
          {"minCompatibleClient", min_compatible_client}});
}

}  // namespace coppice
