#pragma once

#include <napi.h>

#include <string>

namespace coppice {

/// What a failed call rejects with: { errno, call, detail? }. The TypeScript classes turn it into an RbdError.
inline Napi::Value rejection(Napi::Env env, const char* call, int result, const std::string& detail = {}) {
  Napi::Object reason = Napi::Object::New(env);
  reason.Set("errno", Napi::Number::New(env, -result));
  reason.Set("call", Napi::String::New(env, call));
  if (!detail.empty()) reason.Set("detail", Napi::String::New(env, detail));
  return reason;
}

/// For a call on a handle that was closed: { errno: 0, call, closed: true }.
inline Napi::Value closed_rejection(Napi::Env env, const char* call) {
  Napi::Object reason = rejection(env, call, 0).As<Napi::Object>();
  reason.Set("closed", Napi::Boolean::New(env, true));
  return reason;
}

}  // namespace coppice
