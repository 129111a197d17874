#pragma once

#include <napi.h>

#include <cstdint>
#include <optional>
#include <string>

namespace coppice::arg {

// Arguments were checked by the TypeScript face; these only convert.

inline std::string string(Napi::Value value) { return value.As<Napi::String>().Utf8Value(); }

inline std::optional<std::string> optional_string(Napi::Value value) {
  if (!value.IsString()) return std::nullopt;
  return string(value);
}

/// For C parameters where NULL means "none".
inline const char* c_str(const std::optional<std::string>& value) { return value ? value->c_str() : nullptr; }

/// An offset or size (number) or an identifier or bit set (bigint).
inline uint64_t u64(Napi::Value value) {
  if (value.IsBigInt()) {
    bool lossless;
    return value.As<Napi::BigInt>().Uint64Value(&lossless);
  }
  return static_cast<uint64_t>(value.As<Napi::Number>().Int64Value());
}

inline int i32(Napi::Value value) { return value.As<Napi::Number>().Int32Value(); }
inline uint32_t u32(Napi::Value value) { return value.As<Napi::Number>().Uint32Value(); }
inline bool flag(Napi::Value value) { return value.IsBoolean() && value.As<Napi::Boolean>().Value(); }

}  // namespace coppice::arg
