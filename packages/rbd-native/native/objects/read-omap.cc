#include "../arguments.h"
#include "packed-entries.h"
#include "step.h"

namespace coppice {
namespace {

/// Entries of the object's key-value map.
class OmapStep : public ReadStep {
 public:
  ~OmapStep() override {
    if (iterator_ != nullptr) rados_omap_get_end(iterator_);
  }

  Napi::Value result(Napi::Env env) override {
    PackedEntries entries;
    char *key, *value;
    size_t key_size, value_size;
    while (rados_omap_get_next2(iterator_, &key, &value, &key_size, &value_size) == 0 && key != nullptr) {
      entries.add({key, key_size},
                  value == nullptr ? std::string_view() : std::string_view(value, value_size));
    }
    Napi::Object object = entries.to_js(env);
    object.Set("more", Napi::Boolean::New(env, more_ != 0));
    return object;
  }

 protected:
  rados_omap_iter_t iterator_ = nullptr;
  unsigned char more_ = 0;
  int status_ = 0;
};

/// ["omapValues", startAfter, prefix, limit]
class OmapValues final : public OmapStep {
 public:
  explicit OmapValues(Napi::Array step)
      : start_(arg::string(step.Get(1u))),
        prefix_(arg::string(step.Get(2u))),
        limit_(arg::u64(step.Get(3u))) {}
  void add_to(rados_read_op_t op) override {
    rados_read_op_omap_get_vals2(op, start_.c_str(), prefix_.c_str(), limit_, &iterator_, &more_, &status_);
  }

 private:
  std::string start_, prefix_;
  uint64_t limit_;
};

/// ["omapKeys", startAfter, limit]
class OmapKeys final : public OmapStep {
 public:
  explicit OmapKeys(Napi::Array step) : start_(arg::string(step.Get(1u))), limit_(arg::u64(step.Get(2u))) {}
  void add_to(rados_read_op_t op) override {
    rados_read_op_omap_get_keys2(op, start_.c_str(), limit_, &iterator_, &more_, &status_);
  }

 private:
  std::string start_;
  uint64_t limit_;
};

/// ["omapValuesOf", keys]
class OmapValuesOf final : public OmapStep {
 public:
  explicit OmapValuesOf(Napi::Array step) : keys_(step_byte_list(step.Get(1u))) {
    for (const std::string& key : keys_) {
      pointers_.push_back(key.data());
      lengths_.push_back(key.size());
    }
  }
  void add_to(rados_read_op_t op) override {
    rados_read_op_omap_get_vals_by_keys2(op, pointers_.data(), pointers_.size(), lengths_.data(), &iterator_,
                                         &status_);
  }

 private:
  std::vector<std::string> keys_;
  std::vector<const char*> pointers_;
  std::vector<size_t> lengths_;
};

/// ["xattrs"]
class Xattrs final : public ReadStep {
 public:
  ~Xattrs() override {
    if (iterator_ != nullptr) rados_getxattrs_end(iterator_);
  }
  void add_to(rados_read_op_t op) override { rados_read_op_getxattrs(op, &iterator_, &status_); }
  Napi::Value result(Napi::Env env) override {
    PackedEntries entries;
    const char *name, *value;
    size_t size;
    while (rados_getxattrs_next(iterator_, &name, &value, &size) == 0 && name != nullptr) {
      entries.add(name, value == nullptr ? std::string_view() : std::string_view(value, size));
    }
    return entries.to_js(env);
  }

 private:
  rados_xattrs_iter_t iterator_ = nullptr;
  int status_ = 0;
};

}  // namespace

std::unique_ptr<ReadStep> omap_read_step(const std::string& kind, Napi::Array step) {
  if (kind == "omapValues") return std::make_unique<OmapValues>(step);
  if (kind == "omapKeys") return std::make_unique<OmapKeys>(step);
  if (kind == "omapValuesOf") return std::make_unique<OmapValuesOf>(step);
  if (kind == "xattrs") return std::make_unique<Xattrs>();
  return nullptr;
}

}  // namespace coppice
