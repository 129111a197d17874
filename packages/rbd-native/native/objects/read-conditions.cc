#include <functional>

#include "../arguments.h"
#include "step.h"

namespace coppice {
namespace {

/// A step that lets the whole operation fail unless something holds, and gives nothing back. What it compares
/// with lives as long as the step.
class Condition final : public ReadStep {
 public:
  using Add = std::function<void(rados_read_op_t, int* status)>;
  explicit Condition(Add add) : add_(std::move(add)) {}
  void add_to(rados_read_op_t op) override { add_(op, &status_); }

 private:
  Add add_;
  int status_ = 0;
};

Condition::Add condition(const std::string& kind, Napi::Array step) {
  if (kind == "assertExists") return [](rados_read_op_t op, int*) { rados_read_op_assert_exists(op); };
  if (kind == "assertVersion") {
    return [version = arg::u64(step.Get(1u))](rados_read_op_t op, int*) {
      rados_read_op_assert_version(op, version);
    };
  }
  if (kind == "compareData") {
    return
        [offset = arg::u64(step.Get(1u)), data = step_bytes(step.Get(2u))](rados_read_op_t op, int* status) {
          rados_read_op_cmpext(op, data.data(), data.size(), offset, status);
        };
  }
  if (kind == "compareXattr") {
    return [name = arg::string(step.Get(1u)), how = static_cast<uint8_t>(arg::u32(step.Get(2u))),
            value = step_bytes(step.Get(3u))](rados_read_op_t op, int*) {
      rados_read_op_cmpxattr(op, name.c_str(), how, value.data(), value.size());
    };
  }
  if (kind == "compareOmap") {
    return [key = arg::string(step.Get(1u)), how = static_cast<uint8_t>(arg::u32(step.Get(2u))),
            value = step_bytes(step.Get(3u))](rados_read_op_t op, int* status) {
      rados_read_op_omap_cmp2(op, key.data(), how, value.data(), key.size(), value.size(), status);
    };
  }
  return {};
}

}  // namespace

std::unique_ptr<ReadStep> condition_read_step(const std::string& kind, Napi::Array step) {
  Condition::Add add = condition(kind, step);
  return add ? std::make_unique<Condition>(std::move(add)) : nullptr;
}

}  // namespace coppice
