#pragma once

#include <napi.h>

#include <cstring>
#include <vector>

namespace coppice {

/// Extents of an image in ascending order, as the (offset, length, exists) triples that JavaScript gets.
class Runs {
 public:
  /// Joins what touches the last one and is of its kind.
  void add(uint64_t offset, uint64_t length, bool exists) {
    const size_t size = triples_.size();
    if (size > 0 && triples_[size - 1] == (exists ? 1 : 0) &&
        triples_[size - 3] + triples_[size - 2] == static_cast<double>(offset)) {
      triples_[size - 2] += static_cast<double>(length);
      return;
    }
    triples_.push_back(static_cast<double>(offset));
    triples_.push_back(static_cast<double>(length));
    triples_.push_back(exists ? 1 : 0);
  }

  Napi::Value to_js(Napi::Env env) const {
    auto array = Napi::Float64Array::New(env, triples_.size());
    if (!triples_.empty()) std::memcpy(array.Data(), triples_.data(), triples_.size() * sizeof(double));
    return array;
  }

 private:
  std::vector<double> triples_;
};

}  // namespace coppice
