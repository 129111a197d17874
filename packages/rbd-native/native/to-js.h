#pragma once

#include <napi.h>

#include <cstdint>
#include <ctime>
#include <string>
#include <vector>

namespace coppice {

// Results as JavaScript values. Identifiers and bit sets are bigint, sizes and counts number.

inline Napi::Value to_js(Napi::Env env, bool value) { return Napi::Boolean::New(env, value); }
inline Napi::Value to_js(Napi::Env env, int value) { return Napi::Number::New(env, value); }
inline Napi::Value to_js(Napi::Env env, double value) { return Napi::Number::New(env, value); }
inline Napi::Value to_js(Napi::Env env, uint64_t value) { return Napi::BigInt::New(env, value); }
inline Napi::Value to_js(Napi::Env env, const std::string& value) { return Napi::String::New(env, value); }
inline Napi::Value to_js(Napi::Env env, const char* value) {
  return Napi::String::New(env, value == nullptr ? "" : value);
}
inline Napi::Value to_js(Napi::Env, Napi::Value value) { return value; }

/// A size, offset or count.
inline Napi::Value size_to_js(Napi::Env env, uint64_t value) {
  return Napi::Number::New(env, static_cast<double>(value));
}
/// Milliseconds since the epoch.
inline Napi::Value time_to_js(Napi::Env env, const timespec& value) {
  return Napi::Number::New(
      env, static_cast<double>(value.tv_sec) * 1e3 + static_cast<double>(value.tv_nsec) / 1e6);
}
inline Napi::Value time_to_js(Napi::Env env, time_t value) {
  return Napi::Number::New(env, static_cast<double>(value) * 1e3);
}

template <class Item>
Napi::Value to_js(Napi::Env env, const std::vector<Item>& items) {
  Napi::Array array = Napi::Array::New(env, items.size());
  for (size_t i = 0; i < items.size(); ++i) array.Set(static_cast<uint32_t>(i), to_js(env, items[i]));
  return array;
}

/// An object literal: make_object(env, {{"id", to_js(env, id)}, …}).
struct Field {
  const char* name;
  Napi::Value value;
};
inline Napi::Object make_object(Napi::Env env, std::initializer_list<Field> fields) {
  Napi::Object object = Napi::Object::New(env);
  for (const Field& field : fields) object.Set(field.name, field.value);
  return object;
}

}  // namespace coppice
