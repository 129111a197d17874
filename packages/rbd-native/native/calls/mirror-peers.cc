#include <rbd/librbd.h>

#include <string>
#include <vector>

#include "../arguments.h"
#include "../control-call.h"
#include "../growing.h"
#include "../ioctx-handle.h"
#include "../strings.h"
#include "define.h"

namespace coppice {
namespace {

struct Peer {
  std::string uuid, site_name, mirror_uuid, client_name;
  int direction;
  time_t last_seen;
};

Napi::Value peer_to_js(Napi::Env env, const Peer& peer) {
  return make_object(env, {{"uuid", to_js(env, peer.uuid)},
                           {"direction", to_js(env, peer.direction)},
                           {"siteName", to_js(env, peer.site_name)},
                           {"mirrorUuid", to_js(env, peer.mirror_uuid)},
                           {"clientName", to_js(env, peer.client_name)},
                           {"lastSeen", time_to_js(env, peer.last_seen)}});
}

/// listMirrorPeers(ioctx, operation) → peers
Napi::Value list_mirror_peers(const Napi::CallbackInfo& info) {
  auto ioctx = IoCtxHandle::from_js(info[0]);
  return control<std::vector<Peer>>(
      info, {"rbd_mirror_peer_site_list", {ioctx}, info[1]},
      [=](std::vector<Peer>& peers) {
        std::vector<rbd_mirror_peer_site_t> raw;
        int r = grow<int>(raw, 8, [&](rbd_mirror_peer_site_t* data, int* count) {
          return rbd_mirror_peer_site_list(ioctx->get(), data, count);
        });
        if (r < 0) return r;
        for (const auto& p : raw) {
          peers.push_back({p.uuid, p.site_name, p.mirror_uuid, p.client_name, p.direction, p.last_seen});
        }
        rbd_mirror_peer_site_list_cleanup(raw.data(), static_cast<int>(raw.size()));
        return 0;
      },
      [](Napi::Env env, std::vector<Peer>& peers) -> Napi::Value {
        Napi::Array array = Napi::Array::New(env, peers.size());
        for (uint32_t i = 0; i < peers.size(); ++i) array.Set(i, peer_to_js(env, peers[i]));
        return array;
      });
}

/// addMirrorPeer(ioctx, direction, site name, client name, operation) → uuid
Napi::Value add_mirror_peer(const Napi::CallbackInfo& info) {
  auto ioctx = IoCtxHandle::from_js(info[0]);
  auto direction = static_cast<rbd_mirror_peer_direction_t>(arg::i32(info[1]));
  std::string site = arg::string(info[2]), client = arg::string(info[3]);
  return control<std::string>(info, {"rbd_mirror_peer_site_add", {ioctx}, info[4]}, [=](std::string& uuid) {
    char buffer[64] = {};
    int r = rbd_mirror_peer_site_add(ioctx->get(), buffer, sizeof buffer, direction, site.c_str(),
                                     client.c_str());
    uuid = buffer;
    return r;
  });
}

/// removeMirrorPeer(ioctx, uuid, operation)
Napi::Value remove_mirror_peer(const Napi::CallbackInfo& info) {
  auto ioctx = IoCtxHandle::from_js(info[0]);
  std::string uuid = arg::string(info[1]);
  return control(info, {"rbd_mirror_peer_site_remove", {ioctx}, info[2]},
                 [=] { return rbd_mirror_peer_site_remove(ioctx->get(), uuid.c_str()); });
}

using SetText = int (*)(rados_ioctx_t, const char*, const char*);

/// (ioctx, uuid, text, operation)
Napi::Value set_text(const Napi::CallbackInfo& info, const char* call, SetText set) {
  auto ioctx = IoCtxHandle::from_js(info[0]);
  std::string uuid = arg::string(info[1]), text = arg::string(info[2]);
  return control(info, {call, {ioctx}, info[3]},
                 [=] { return set(ioctx->get(), uuid.c_str(), text.c_str()); });
}

Napi::Value set_mirror_peer_site_name(const Napi::CallbackInfo& info) {
  return set_text(info, "rbd_mirror_peer_site_set_name", rbd_mirror_peer_site_set_name);
}
Napi::Value set_mirror_peer_client_name(const Napi::CallbackInfo& info) {
  return set_text(info, "rbd_mirror_peer_site_set_client_name", rbd_mirror_peer_site_set_client_name);
}

/// setMirrorPeerDirection(ioctx, uuid, direction, operation)
Napi::Value set_mirror_peer_direction(const Napi::CallbackInfo& info) {
  auto ioctx = IoCtxHandle::from_js(info[0]);
  std::string uuid = arg::string(info[1]);
  auto direction = static_cast<rbd_mirror_peer_direction_t>(arg::i32(info[2]));
  return control(info, {"rbd_mirror_peer_site_set_direction", {ioctx}, info[3]},
                 [=] { return rbd_mirror_peer_site_set_direction(ioctx->get(), uuid.c_str(), direction); });
}

struct Attributes {
  std::vector<std::string> keys, values;
};

int read_attributes(rados_ioctx_t io, const std::string& uuid, Attributes& attributes) {
  size_t room = 4096;
  for (int attempt = 0; attempt < kMaxGrowths; ++attempt) {
    std::vector<char> keys(room), values(room);
    size_t keys_size = room, values_size = room, count = 0;
    int r = rbd_mirror_peer_site_get_attributes(io, uuid.c_str(), keys.data(), &keys_size, values.data(),
                                                &values_size, &count);
    if (r >= 0) {
      attributes = {split_zero(keys.data(), keys_size), split_zero(values.data(), values_size)};
      attributes.keys.resize(count);
      attributes.values.resize(count);
      return 0;
    }
    if (r != -ERANGE) return r;
    room = std::max({room * 2, keys_size, values_size});
  }
  return -ERANGE;
}

/// getMirrorPeerAttributes(ioctx, uuid, operation) → { keys, values }
Napi::Value get_mirror_peer_attributes(const Napi::CallbackInfo& info) {
  auto ioctx = IoCtxHandle::from_js(info[0]);
  std::string uuid = arg::string(info[1]);
  return control<Attributes>(
      info, {"rbd_mirror_peer_site_get_attributes", {ioctx}, info[2]},
      [=](Attributes& attributes) { return read_attributes(ioctx->get(), uuid, attributes); },
      [](Napi::Env env, Attributes& a) -> Napi::Value {
        return make_object(env, {{"keys", to_js(env, a.keys)}, {"values", to_js(env, a.values)}});
      });
}

/// setMirrorPeerAttributes(ioctx, uuid, keys, values, operation)
Napi::Value set_mirror_peer_attributes(const Napi::CallbackInfo& info) {
  auto ioctx = IoCtxHandle::from_js(info[0]);
  std::string uuid = arg::string(info[1]), keys, values;
  Napi::Array names = info[2].As<Napi::Array>(), contents = info[3].As<Napi::Array>();
  size_t count = names.Length();
  for (uint32_t i = 0; i < count; ++i) {
    keys.append(arg::string(names.Get(i))).push_back('\0');
    values.append(arg::string(contents.Get(i))).push_back('\0');
  }
  return control(info, {"rbd_mirror_peer_site_set_attributes", {ioctx}, info[4]}, [=] {
    return rbd_mirror_peer_site_set_attributes(ioctx->get(), uuid.c_str(), keys.data(), values.data(), count);
  });
}

}  // namespace

void define_mirror_peers(Napi::Env env, Napi::Object exports) {
  define(env, exports,
         {{"listMirrorPeers", list_mirror_peers},
          {"addMirrorPeer", add_mirror_peer},
          {"removeMirrorPeer", remove_mirror_peer},
          {"setMirrorPeerSiteName", set_mirror_peer_site_name},
          {"setMirrorPeerClientName", set_mirror_peer_client_name},
          {"setMirrorPeerDirection", set_mirror_peer_direction},
          {"getMirrorPeerAttributes", get_mirror_peer_attributes},
          {"setMirrorPeerAttributes", set_mirror_peer_attributes}});
}

}  // namespace coppice
