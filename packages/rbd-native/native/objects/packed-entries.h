#pragma once

#include <napi.h>

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

namespace coppice {

/// Keys and values in one buffer: { data, lengths: [key, value, key, value, …] }. One buffer for a whole
/// object costs JavaScript far less than one for each value.
class PackedEntries {
 public:
  void add(std::string_view key, std::string_view value) {
    data_.append(key).append(value);
    lengths_.push_back(static_cast<uint32_t>(key.size()));
    lengths_.push_back(static_cast<uint32_t>(value.size()));
  }

  Napi::Object to_js(Napi::Env env) const {
    auto lengths = Napi::Uint32Array::New(env, lengths_.size());
    if (!lengths_.empty()) std::memcpy(lengths.Data(), lengths_.data(), lengths_.size() * sizeof(uint32_t));
    Napi::Object object = Napi::Object::New(env);
    object.Set("data", Napi::Buffer<char>::Copy(env, data_.data(), data_.size()));
    object.Set("lengths", lengths);
    return object;
  }

 private:
  std::string data_;
  std::vector<uint32_t> lengths_;
};

}  // namespace coppice
