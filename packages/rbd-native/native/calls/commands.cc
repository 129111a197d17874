#include <string>
#include <utility>
#include <vector>

#include "../arguments.h"
#include "../cluster-handle.h"
#include "../control-call.h"
#include "define.h"

namespace coppice {
namespace {

struct Reply {
  char* output = nullptr;
  size_t output_size = 0;
  char* status = nullptr;
  size_t status_size = 0;
  Reply() = default;
  Reply(const Reply&) = delete;
  ~Reply() {
    rados_buffer_free(output);
    rados_buffer_free(status);
  }
  std::string status_text() const { return status == nullptr ? "" : std::string(status, status_size); }
};

using Send = int (*)(rados_t, int target, const char** command, const std::string& input, Reply& reply);

/// (cluster, json, input, target, operation) → { output: Buffer, status }
Napi::Value run(const Napi::CallbackInfo& info, const char* name, Send send) {
  auto cluster = ClusterHandle::from_js(info[0]);
  std::string command = arg::string(info[1]);
  std::string input;
  if (info[2].IsTypedArray()) {
    auto bytes = info[2].As<Napi::Uint8Array>();
    input.assign(reinterpret_cast<const char*>(bytes.Data()), bytes.ByteLength());
  }
  int target = info[3].IsNumber() ? arg::i32(info[3]) : 0;
  return control<Reply>(
      info, {.name = name, .handles = {cluster}, .operation = info[4], .lane = Lane::kLong},
      [=, input = std::move(input)](Reply& reply, Operation& operation) {
        const char* argument = command.c_str();
        int r = send(cluster->get(), target, &argument, input, reply);
        return r < 0 ? operation.fail(name, r, reply.status_text()) : r;
      },
      [](Napi::Env env, Reply& reply) -> Napi::Value {
        Napi::Value output =
            Napi::Buffer<char>::Copy(env, reply.output == nullptr ? "" : reply.output, reply.output_size);
        return make_object(env, {{"output", output}, {"status", to_js(env, reply.status_text())}});
      });
}

Napi::Value mon_command(const Napi::CallbackInfo& info) {
  return run(info, "rados_mon_command",
             [](rados_t c, int, const char** cmd, const std::string& in, Reply& reply) {
               return rados_mon_command(c, cmd, 1, in.data(), in.size(), &reply.output, &reply.output_size,
                                        &reply.status, &reply.status_size);
             });
}

Napi::Value mgr_command(const Napi::CallbackInfo& info) {
  return run(info, "rados_mgr_command",
             [](rados_t c, int, const char** cmd, const std::string& in, Reply& reply) {
               return rados_mgr_command(c, cmd, 1, in.data(), in.size(), &reply.output, &reply.output_size,
                                        &reply.status, &reply.status_size);
             });
}

Napi::Value osd_command(const Napi::CallbackInfo& info) {
  return run(info, "rados_osd_command",
             [](rados_t c, int osd, const char** cmd, const std::string& in, Reply& reply) {
               return rados_osd_command(c, osd, cmd, 1, in.data(), in.size(), &reply.output,
                                        &reply.output_size, &reply.status, &reply.status_size);
             });
}

}  // namespace

void define_commands(Napi::Env env, Napi::Object exports) {
  define(env, exports,
         {{"monCommand", mon_command}, {"mgrCommand", mgr_command}, {"osdCommand", osd_command}});
}

}  // namespace coppice
