#include <algorithm>

#include "../arguments.h"
#include "../to-js.h"
#include "step.h"

namespace coppice {
namespace {

/// ["stat"] → { size, modified in ms since the epoch }
class StatStep final : public ReadStep {
 public:
  void add_to(rados_read_op_t op) override { rados_read_op_stat(op, &size_, &modified_, &status_); }
  Napi::Value result(Napi::Env env) override {
    return make_object(env, {{"size", size_to_js(env, size_)}, {"modified", time_to_js(env, modified_)}});
  }

 private:
  uint64_t size_ = 0;
  time_t modified_ = 0;
  int status_ = 0;
};

/// ["version"] → that of the object
class Version final : public ReadStep {
 public:
  // An operation without any step is refused.
  void add_to(rados_read_op_t op) override { rados_read_op_assert_exists(op); }
  void completed(uint64_t version) override { version_ = version; }
  Napi::Value result(Napi::Env env) override { return to_js(env, version_); }

 private:
  uint64_t version_ = 0;
};

/// ["read", offset, length] → { data: Buffer of that length, count of the bytes read into it }. The memory is the
/// step's own until the operation is over, also when its caller was told of an abort before.
class Read final : public ReadStep {
 public:
  explicit Read(Napi::Array step)
      : offset_(arg::u64(step.Get(1u))),
        buffer_(Napi::Persistent(Napi::Buffer<char>::New(step.Env(), arg::u64(step.Get(2u))))) {}
  void add_to(rados_read_op_t op) override {
    Napi::Buffer<char> buffer = buffer_.Value();
    rados_read_op_read(op, offset_, buffer.Length(), buffer.Data(), &count_, &status_);
  }
  Napi::Value result(Napi::Env env) override {
    return make_object(env, {{"data", buffer_.Value()}, {"count", size_to_js(env, count_)}});
  }

 private:
  uint64_t offset_;
  Napi::Reference<Napi::Buffer<char>> buffer_;
  size_t count_ = 0;
  int status_ = 0;
};

/// ["exec", class, method, input] → Buffer
class Exec final : public ReadStep {
 public:
  explicit Exec(Napi::Array step)
      : class_(arg::string(step.Get(1u))),
        method_(arg::string(step.Get(2u))),
        input_(step_bytes(step.Get(3u))) {}
  ~Exec() override { rados_buffer_free(output_); }
  void add_to(rados_read_op_t op) override {
    rados_read_op_exec(op, class_.c_str(), method_.c_str(), input_.data(), input_.size(), &output_, &size_,
                       &status_);
  }
  Napi::Value result(Napi::Env env) override {
    return Napi::Buffer<char>::Copy(env, output_ == nullptr ? "" : output_, size_);
  }

 private:
  std::string class_, method_, input_;
  char* output_ = nullptr;
  size_t size_ = 0;
  int status_ = 0;
};

/// ["checksum", type, initial value, offset, length, chunk size] → Buffer of le32 count and the checksums
class Checksum final : public ReadStep {
 public:
  explicit Checksum(Napi::Array step)
      : type_(static_cast<rados_checksum_type_t>(arg::i32(step.Get(1u)))),
        seed_(step_bytes(step.Get(2u))),
        offset_(arg::u64(step.Get(3u))),
        length_(arg::u64(step.Get(4u))),
        chunk_(arg::u64(step.Get(5u))) {
    size_t chunks = chunk_ == 0 ? 1 : std::max<size_t>(1, length_ / chunk_);
    output_.resize(sizeof(uint32_t) + chunks * seed_.size());
  }
  void add_to(rados_read_op_t op) override {
    rados_read_op_checksum(op, type_, seed_.data(), seed_.size(), offset_, length_, chunk_, output_.data(),
                           output_.size(), &status_);
  }
  Napi::Value result(Napi::Env env) override {
    return Napi::Buffer<char>::Copy(env, output_.data(), output_.size());
  }

 private:
  rados_checksum_type_t type_;
  std::string seed_;
  uint64_t offset_, length_, chunk_;
  std::vector<char> output_;
  int status_ = 0;
};

}  // namespace

std::unique_ptr<ReadStep> data_read_step(const std::string& kind, Napi::Array step) {
  if (kind == "stat") return std::make_unique<StatStep>();
  if (kind == "version") return std::make_unique<Version>();
  if (kind == "read") return std::make_unique<Read>(step);
  if (kind == "exec") return std::make_unique<Exec>(step);
  if (kind == "checksum") return std::make_unique<Checksum>(step);
  return nullptr;
}

}  // namespace coppice
