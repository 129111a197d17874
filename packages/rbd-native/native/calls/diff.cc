#include <rbd/librbd.h>

#include <cstring>
#include <optional>
#include <string>
#include <utility>

#include "../arguments.h"
#include "../control-call.h"
#include "../diff-channel.h"
#include "../image-handle.h"
#include "../newer-functions.h"
#include "define.h"

namespace coppice {
namespace {

/// The reading end of a diff: the channel and the promise of a reader that waits for it.
class DiffStream : public std::enable_shared_from_this<DiffStream> {
 public:
  explicit DiffStream(Environment& env) : env_(env), channel_(env.pool(), [this] { post_news(); }) {}
  DiffChannel& channel() { return channel_; }

  Napi::Value next(Napi::Env env) {
    reader_.emplace(env);
    Napi::Value promise = reader_->Promise();
    answer(env);
    return promise;
  }

 private:
  class News final : public Completion {
   public:
    explicit News(std::shared_ptr<DiffStream> stream) : stream_(std::move(stream)) {}
    void settle(Napi::Env env) override { stream_->answer(env); }

   private:
    std::shared_ptr<DiffStream> stream_;
  };

  void post_news() { env_.post(new News(shared_from_this())); }

  void answer(Napi::Env env) {
    if (!reader_) return;
    DiffChannel::Batch batch;
    DiffChannel::Taken taken = channel_.take(batch);
    if (taken == DiffChannel::Taken::kNothingYet) return;
    auto reader = *std::exchange(reader_, std::nullopt);
    if (taken == DiffChannel::Taken::kEnd) {
      reader.Resolve(env.Null());
      return;
    }
    auto array = Napi::Float64Array::New(env, batch.size());
    std::memcpy(array.Data(), batch.data(), batch.size() * sizeof(double));
    reader.Resolve(array);
  }

  Environment& env_;
  DiffChannel channel_;
  std::optional<Napi::Promise::Deferred> reader_;
};

using StreamHolder = std::shared_ptr<DiffStream>;

struct DiffArguments {
  std::optional<std::string> from;
  std::optional<uint64_t> from_id;
  uint64_t offset, length;
  bool include_parent, whole_object;
};

int write_extent(uint64_t offset, size_t length, int exists, void* channel) {
  return static_cast<DiffChannel*>(channel)->write(static_cast<double>(offset), static_cast<double>(length),
                                                   exists != 0);
}

int iterate(rbd_image_t image, const DiffArguments& a, DiffChannel& channel, Operation& operation) {
  channel.open();
  int r;
  if (a.from_id) {
    const uint32_t flags = (a.include_parent ? newer::kDiffIncludeParent : 0) |
                           (a.whole_object ? newer::kDiffWholeObject : 0);
    r = newer::call<newer::rbd_diff_iterate3>(operation, image, *a.from_id, a.offset, a.length, flags,
                                              write_extent, &channel);
  } else {
    r = rbd_diff_iterate2(image, arg::c_str(a.from), a.offset, a.length, a.include_parent ? 1 : 0,
                          a.whole_object ? 1 : 0, write_extent, &channel);
  }
  bool stopped = channel.stopped();
  channel.end();
  // When the callback stops the diff, librbd returns the callback's value, which is not a failure.
  return stopped ? 0 : r;
}

/// startDiff(image, from (name or id)?, offset, length, includeParent, wholeObject, operation)
///   → { stream, ended: Promise }
Napi::Value start_diff(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  auto image = ImageHandle::from_js(info[0]);
  DiffArguments a{arg::optional_string(info[1]), {}, arg::u64(info[2]), arg::u64(info[3]),
                  arg::flag(info[4]), arg::flag(info[5])};
  if (info[1].IsBigInt()) a.from_id = arg::u64(info[1]);
  auto stream = std::make_shared<DiffStream>(Environment::of(env));
  Operation::from(Environment::of(env), info[6])->when_cancelled([stream] { stream->channel().stop(); });
  Napi::Value ended = control(
      info,
      {.name = a.from_id ? newer::rbd_diff_iterate3::name : "rbd_diff_iterate2",
       .handles = {image},
       .operation = info[6],
       .lane = Lane::kLong},
      [=](Operation& operation) { return iterate(image->get(), a, stream->channel(), operation); });
  auto* holder = new StreamHolder(stream);
  Napi::Value reading = Napi::External<StreamHolder>::New(env, holder, [](Napi::Env, StreamHolder* h) {
    (*h)->channel().stop();
    delete h;
  });
  return make_object(env, {{"stream", reading}, {"ended", ended}});
}

StreamHolder& stream_of(Napi::Value value) { return *value.As<Napi::External<StreamHolder>>().Data(); }

/// nextDiffBatch(stream) → Float64Array of (offset, length, exists) triples, null at the end
Napi::Value next_diff_batch(const Napi::CallbackInfo& info) { return stream_of(info[0])->next(info.Env()); }

/// stopDiff(stream)
Napi::Value stop_diff(const Napi::CallbackInfo& info) {
  stream_of(info[0])->channel().stop();
  return info.Env().Undefined();
}

}  // namespace

void define_diff(Napi::Env env, Napi::Object exports) {
  define(env, exports,
         {{"startDiff", start_diff}, {"nextDiffBatch", next_diff_batch}, {"stopDiff", stop_diff}});
}

}  // namespace coppice
