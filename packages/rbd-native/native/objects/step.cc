#include "step.h"

namespace coppice {

std::string step_bytes(Napi::Value value) {
  if (value.IsString()) return value.As<Napi::String>().Utf8Value();
  auto bytes = value.As<Napi::Uint8Array>();
  return std::string(reinterpret_cast<const char*>(bytes.Data()), bytes.ByteLength());
}

std::vector<std::string> step_byte_list(Napi::Value value) {
  Napi::Array array = value.As<Napi::Array>();
  std::vector<std::string> list(array.Length());
  for (uint32_t i = 0; i < array.Length(); ++i) list[i] = step_bytes(array.Get(i));
  return list;
}

}  // namespace coppice
