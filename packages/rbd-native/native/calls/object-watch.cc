#include <rados/librados.h>

#include <string>
#include <vector>

#include "../arguments.h"
#include "../control-call.h"
#include "../ioctx-handle.h"
#include "../objects/step.h"
#include "define.h"

namespace coppice {
namespace {

/// watchObject(ioctx, object, timeout in s, listener, operation) → cookie
Napi::Value watch_object(const Napi::CallbackInfo& info) {
  auto ioctx = IoCtxHandle::from_js(info[0]);
  std::string object = arg::string(info[1]);
  uint32_t timeout = arg::u32(info[2]);
  auto listener = std::make_shared<WatchListener>(Environment::of(info.Env()), info[3]);
  auto cookie = std::make_shared<uint64_t>();
  return start_control(
      info.Env(), {"rados_watch3", {ioctx}, info[4]},
      [=](Operation&) { return ioctx->watches().add(ioctx->get(), object, timeout, listener, cookie.get()); },
      // When the watch could not be made, the JS thread destroys the listener together with the call.
      [cookie, listener](Napi::Env env, int) -> Napi::Value { return to_js(env, *cookie); });
}

/// unwatchObject(ioctx, cookie, operation)
Napi::Value unwatch_object(const Napi::CallbackInfo& info) {
  auto ioctx = IoCtxHandle::from_js(info[0]);
  uint64_t cookie = arg::u64(info[1]);
  return control(info, {"rados_unwatch2", {ioctx}, info[2]},
                 [=] { return ioctx->watches().remove(ioctx->get(), cookie); });
}

/// acknowledge(ioctx, object, notify id, cookie, reply, operation)
Napi::Value acknowledge(const Napi::CallbackInfo& info) {
  auto ioctx = IoCtxHandle::from_js(info[0]);
  std::string object = arg::string(info[1]);
  uint64_t notify_id = arg::u64(info[2]), cookie = arg::u64(info[3]);
  std::string reply = step_bytes(info[4]);
  return control(info, {"rados_notify_ack", {ioctx}, info[5]}, [=] {
    return rados_notify_ack(ioctx->get(), object.c_str(), notify_id, cookie, reply.data(),
                            static_cast<int>(reply.size()));
  });
}

struct Ack {
  uint64_t client, cookie;
  std::string data;
};

struct Replies {
  std::vector<Ack> acks, missing;
};

/// What the reply of a notify holds, also of one that timed out.
void decode(char* buffer, size_t size, Replies& replies) {
  notify_ack_t* acks = nullptr;
  notify_timeout_t* timeouts = nullptr;
  size_t acks_size = 0, timeouts_size = 0;
  if (rados_decode_notify_response(buffer, size, &acks, &acks_size, &timeouts, &timeouts_size) < 0) return;
  for (size_t i = 0; i < acks_size; ++i) {
    replies.acks.push_back(
        {acks[i].notifier_id, acks[i].cookie, std::string(acks[i].payload, acks[i].payload_len)});
  }
  for (size_t i = 0; i < timeouts_size; ++i) {
    replies.missing.push_back({timeouts[i].notifier_id, timeouts[i].cookie, ""});
  }
  rados_free_notify_response(acks, acks_size, timeouts);
}

Napi::Value acks_to_js(Napi::Env env, const std::vector<Ack>& acks) {
  Napi::Array array = Napi::Array::New(env, acks.size());
  for (uint32_t i = 0; i < acks.size(); ++i) {
    array.Set(
        i, make_object(env,
                       {{"clientId", to_js(env, acks[i].client)},
                        {"cookie", to_js(env, acks[i].cookie)},
                        {"data", Napi::Buffer<char>::Copy(env, acks[i].data.data(), acks[i].data.size())}}));
  }
  return array;
}

/// notify(ioctx, object, data, timeout in ms, operation) → { replies, missing }
Napi::Value notify(const Napi::CallbackInfo& info) {
  auto ioctx = IoCtxHandle::from_js(info[0]);
  std::string object = arg::string(info[1]), data = step_bytes(info[2]);
  uint64_t timeout = arg::u64(info[3]);
  return control<Replies>(
      info, {.name = "rados_notify2", .handles = {ioctx}, .operation = info[4], .lane = Lane::kLong},
      [=](Replies& replies) {
        char* buffer = nullptr;
        size_t size = 0;
        int r = rados_notify2(ioctx->get(), object.c_str(), data.data(), static_cast<int>(data.size()),
                              timeout, &buffer, &size);
        // Watchers that did not answer are part of the answer.
        if (buffer != nullptr) decode(buffer, size, replies);
        bool answered = !replies.acks.empty() || !replies.missing.empty();
        rados_buffer_free(buffer);
        return r == -ETIMEDOUT && answered ? 0 : r;
      },
      [](Napi::Env env, Replies& replies) -> Napi::Value {
        return make_object(
            env, {{"replies", acks_to_js(env, replies.acks)}, {"missing", acks_to_js(env, replies.missing)}});
      });
}

}  // namespace

void define_object_watch(Napi::Env env, Napi::Object exports) {
  define(env, exports,
         {{"watchObject", watch_object},
          {"unwatchObject", unwatch_object},
          {"acknowledge", acknowledge},
          {"notify", notify}});
}

}  // namespace coppice
