#include <cstring>
#include <optional>

#include "../arguments.h"
#include "../control-call.h"
#include "../copy/copy-batch.h"
#include "../image-handle.h"
#include "define.h"

namespace coppice {
namespace {

using BudgetHolder = std::shared_ptr<CopyBudget>;

const BudgetHolder& budget_of(Napi::Value value) { return *value.As<Napi::External<BudgetHolder>>().Data(); }

/// createCopy(operations, bytes) → copy
Napi::Value create_copy(const Napi::CallbackInfo& info) {
  auto* holder = new BudgetHolder(std::make_shared<CopyBudget>(arg::u32(info[0]), arg::u64(info[1])));
  return Napi::External<BudgetHolder>::New(info.Env(), holder, [](Napi::Env, BudgetHolder* h) { delete h; });
}

/// setCopyRates(copy, bytesPerSecond, operationsPerSecond): 0 is without a limit
Napi::Value set_copy_rates(const Napi::CallbackInfo& info) {
  const BudgetHolder& budget = budget_of(info[0]);
  std::lock_guard lock(budget->mutex);
  budget->set_rates(info[1].As<Napi::Number>().DoubleValue(), info[2].As<Napi::Number>().DoubleValue());
  return info.Env().Undefined();
}

/// copyCounters(copy) → { bytesRead, bytesWritten, bytesZeroed, bytesSkipped, operations, depth }
Napi::Value copy_counters(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  const BudgetHolder& budget = budget_of(info[0]);
  std::lock_guard lock(budget->mutex);
  const CopyBudget::Counters& counters = budget->counters;
  return make_object(env, {{"bytesRead", size_to_js(env, counters.bytes_read)},
                           {"bytesWritten", size_to_js(env, counters.bytes_written)},
                           {"bytesZeroed", size_to_js(env, counters.bytes_zeroed)},
                           {"bytesSkipped", size_to_js(env, counters.bytes_skipped)},
                           {"operations", size_to_js(env, counters.operations)},
                           {"depth", size_to_js(env, budget->depth())}});
}

/// (offset, length, exists, isNeeded) four by four.
std::vector<CopyExtent> extents_of(Napi::Value value) {
  auto array = value.As<Napi::Float64Array>();
  std::vector<CopyExtent> extents;
  extents.reserve(array.ElementLength() / 4);
  for (size_t i = 0; i + 3 < array.ElementLength(); i += 4) {
    extents.push_back({static_cast<uint64_t>(array[i]), static_cast<uint64_t>(array[i + 1]),
                       array[i + 2] != 0, array[i + 3] != 0});
  }
  return extents;
}

Napi::Value result_to_js(Napi::Env env, CopyBatch::Result& result) {
  auto blocks = Napi::Float64Array::New(env, result.blocks.size());
  for (size_t i = 0; i < result.blocks.size(); ++i) blocks[i] = static_cast<double>(result.blocks[i]);
  auto digests = Napi::Uint8Array::New(env, result.digests.size() * sizeof(CopyBlock::Digest));
  if (!result.digests.empty()) std::memcpy(digests.Data(), result.digests.data(), digests.ByteLength());
  return make_object(env, {{"blocks", blocks}, {"digests", digests}});
}

/// copyExtents(copy, source, snapshotId, blockSize, target | undefined, extents: Float64Array, digests,
/// operation)
///   → { blocks: Float64Array, digests: Uint8Array (16 bytes for each block) }
Napi::Value copy_extents(const Napi::CallbackInfo& info) {
  BudgetHolder budget = budget_of(info[0]);
  auto source = ImageHandle::from_js(info[1]);
  uint64_t snapshot_id = arg::u64(info[2]);
  uint64_t block_size = arg::u64(info[3]);
  std::shared_ptr<ImageHandle> target = info[4].IsExternal() ? ImageHandle::from_js(info[4]) : nullptr;
  CopyBatch::Wanted wanted{extents_of(info[5]), arg::flag(info[6])};
  std::vector<std::shared_ptr<Handle>> handles{source};
  if (target) handles.push_back(target);
  Operation::from(Environment::of(info.Env()), info[7])->when_cancelled([budget] {
    std::lock_guard lock(budget->mutex);
    budget->changed.notify_all();
  });
  return control<CopyBatch::Result>(
      info, {"copyExtents", std::move(handles), info[7], Lane::kLong},
      [=, wanted = std::move(wanted)](CopyBatch::Result& result, Operation& operation) mutable {
        CopySource from;
        const char* failed = nullptr;
        int r = from.open(*source, snapshot_id, block_size, failed);
        if (r < 0) return operation.fail(failed, r);
        std::optional<CopyTarget> to;
        if (target) {
          r = to.emplace().open(*target, from.block_size(), failed);
          if (r < 0) return operation.fail(failed, r);
        }
        CopyBatch batch(budget, from, to ? &*to : nullptr, std::move(wanted));
        return batch.run(operation, result);
      },
      result_to_js);
}

/// isWrittenPast(image) → boolean: whether a copy wrote objects that the handle does not know of
Napi::Value is_written_past(const Napi::CallbackInfo& info) {
  return Napi::Boolean::New(info.Env(), ImageHandle::from_js(info[0])->is_written_past());
}

}  // namespace

void define_copy(Napi::Env env, Napi::Object exports) {
  define(env, exports,
         {{"createCopy", create_copy},
          {"setCopyRates", set_copy_rates},
          {"copyCounters", copy_counters},
          {"copyExtents", copy_extents},
          {"isWrittenPast", is_written_past}});
}

}  // namespace coppice
