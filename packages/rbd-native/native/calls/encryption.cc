#include <rbd/librbd.h>

#include <string>

#include "../arguments.h"
#include "../control-call.h"
#include "../image-handle.h"
#include "define.h"

namespace coppice {
namespace {

struct Key {
  rbd_encryption_format_t format;
  rbd_encryption_algorithm_t algorithm;
  std::string passphrase;

  explicit Key(const Napi::CallbackInfo& info)
      : format(static_cast<rbd_encryption_format_t>(arg::i32(info[1]))),
        algorithm(static_cast<rbd_encryption_algorithm_t>(arg::i32(info[2]))) {
    auto bytes = info[3].As<Napi::Uint8Array>();
    passphrase.assign(reinterpret_cast<const char*>(bytes.Data()), bytes.ByteLength());
  }
};

using Act = int (*)(rbd_image_t, rbd_encryption_format_t, rbd_encryption_options_t, size_t);

int with_options(rbd_image_t image, const Key& key, Act act) {
  if (key.format == RBD_ENCRYPTION_FORMAT_LUKS1) {
    rbd_encryption_luks1_format_options_t options{key.algorithm, key.passphrase.data(),
                                                  key.passphrase.size()};
    return act(image, key.format, &options, sizeof options);
  }
  rbd_encryption_luks2_format_options_t options{key.algorithm, key.passphrase.data(), key.passphrase.size()};
  return act(image, key.format, &options, sizeof options);
}

/// (image, format, algorithm, passphrase, operation)
Napi::Value run(const Napi::CallbackInfo& info, const char* call, Act act) {
  auto image = ImageHandle::from_js(info[0]);
  Key key(info);
  return control(info, {.name = call, .handles = {image}, .operation = info[4], .lane = Lane::kLong}, [=] {
    int r = with_options(image->get(), key, act);
    if (r >= 0 && act == rbd_encryption_load) image->set_encrypted();
    return r;
  });
}

Napi::Value format_encryption(const Napi::CallbackInfo& info) {
  return run(info, "rbd_encryption_format", rbd_encryption_format);
}
Napi::Value load_encryption(const Napi::CallbackInfo& info) {
  return run(info, "rbd_encryption_load", rbd_encryption_load);
}

}  // namespace

void define_encryption(Napi::Env env, Napi::Object exports) {
  define(env, exports, {{"formatEncryption", format_encryption}, {"loadEncryption", load_encryption}});
}

}  // namespace coppice
