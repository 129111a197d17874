#pragma once

#include <napi.h>
#include <rados/librados.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace coppice {

/// One step of a compound read of an object. Holds what librados fills in until the operation is over.
class ReadStep {
 public:
  virtual ~ReadStep() = default;
  virtual void add_to(rados_read_op_t op) = 0;
  /// JS thread, after the whole operation succeeded; the version is that of the object.
  virtual void completed(uint64_t /*version*/) {}
  /// JS thread, after completed().
  virtual Napi::Value result(Napi::Env env) { return env.Undefined(); }
};

/// Makes a step of its description in JavaScript, [kind, …arguments]; null for a kind of another file.
std::unique_ptr<ReadStep> omap_read_step(const std::string& kind, Napi::Array step);
std::unique_ptr<ReadStep> data_read_step(const std::string& kind, Napi::Array step);
std::unique_ptr<ReadStep> condition_read_step(const std::string& kind, Napi::Array step);

/// Adds a step of a compound write; everything is copied. False for an unknown kind.
bool add_write_step(rados_write_op_t op, const std::string& kind, Napi::Array step);

/// The bytes of a Uint8Array or the UTF-8 of a string.
std::string step_bytes(Napi::Value value);
/// A list of such.
std::vector<std::string> step_byte_list(Napi::Value value);

}  // namespace coppice
