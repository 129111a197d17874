#include <rbd/librbd.h>

#include <string>
#include <vector>

#include "../arguments.h"
#include "../control-call.h"
#include "../image-handle.h"
#include "../newer-functions.h"
#include "define.h"

namespace coppice {
namespace {

std::string bytes_of(Napi::Value value) {
  auto bytes = value.As<Napi::Uint8Array>();
  return {reinterpret_cast<const char*>(bytes.Data()), bytes.ByteLength()};
}

struct Key {
  rbd_encryption_format_t format;
  rbd_encryption_algorithm_t algorithm;
  std::string passphrase;

  explicit Key(const Napi::CallbackInfo& info)
      : format(static_cast<rbd_encryption_format_t>(arg::i32(info[1]))),
        algorithm(static_cast<rbd_encryption_algorithm_t>(arg::i32(info[2]))),
        passphrase(bytes_of(info[3])) {}
};

using FormatCall = int (*)(rbd_image_t, rbd_encryption_format_t, rbd_encryption_options_t, size_t);

int with_options(rbd_image_t image, const Key& key, FormatCall act) {
  if (key.format == RBD_ENCRYPTION_FORMAT_LUKS1) {
    rbd_encryption_luks1_format_options_t options{key.algorithm, key.passphrase.data(),
                                                  key.passphrase.size()};
    return act(image, key.format, &options, sizeof options);
  }
  rbd_encryption_luks2_format_options_t options{key.algorithm, key.passphrase.data(), key.passphrase.size()};
  return act(image, key.format, &options, sizeof options);
}

/// (image, format, algorithm, passphrase, operation)
Napi::Value run(const Napi::CallbackInfo& info, const char* call, FormatCall act) {
  auto image = ImageHandle::from_js(info[0]);
  Key key(info);
  return control(info, {.name = call, .handles = {image}, .operation = info[4], .lane = Lane::kLong}, [=] {
    int r = with_options(image->get(), key, act);
    // A handle that formats an image encrypts from then on.
    if (r >= 0) image->set_encrypted();
    return r;
  });
}

Napi::Value format_encryption(const Napi::CallbackInfo& info) {
  return run(info, "rbd_encryption_format", rbd_encryption_format);
}
Napi::Value load_encryption(const Napi::CallbackInfo& info) {
  return run(info, "rbd_encryption_load", rbd_encryption_load);
}

/// loadEncryptionLayers(image, passphrases, operation): the image's own first, then its ancestors'
Napi::Value load_encryption_layers(const Napi::CallbackInfo& info) {
  auto image = ImageHandle::from_js(info[0]);
  auto given = info[1].As<Napi::Array>();
  std::vector<std::string> passphrases;
  for (uint32_t i = 0; i < given.Length(); ++i) passphrases.push_back(bytes_of(given.Get(i)));
  return control(info,
                 {.name = newer::rbd_encryption_load2::name,
                  .handles = {image},
                  .operation = info[2],
                  .lane = Lane::kLong},
                 [=](Operation& operation) {
                   std::vector<newer::LuksOptions> options;
                   for (const std::string& p : passphrases) options.push_back({p.data(), p.size()});
                   std::vector<newer::EncryptionSpec> specs;
                   for (auto& o : options) specs.push_back({newer::kEncryptionLuks, &o, sizeof o});
                   int r = newer::call<newer::rbd_encryption_load2>(
                       operation, image->get(), static_cast<const newer::EncryptionSpec*>(specs.data()),
                       specs.size());
                   if (r >= 0) image->set_encrypted();
                   return r;
                 });
}

}  // namespace

void define_encryption(Napi::Env env, Napi::Object exports) {
  define(env, exports,
         {{"formatEncryption", format_encryption},
          {"loadEncryption", load_encryption},
          {"loadEncryptionLayers", load_encryption_layers}});
}

}  // namespace coppice
