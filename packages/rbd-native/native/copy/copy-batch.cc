#include "copy-batch.h"

#include <algorithm>
#include <cerrno>

#include "../operation.h"
#include "copy-io.h"

namespace coppice {

namespace {

constexpr size_t kLeastReserve = 64 * 1024;
/// Progress is told this often even when nothing ends.
constexpr CopyBudget::Clock::duration kReport = std::chrono::milliseconds(100);

}  // namespace

CopyBatch::CopyBatch(std::shared_ptr<CopyBudget> budget, CopySource& source, CopyTarget* target,
                     Wanted wanted)
    : budget_(std::move(budget)), source_(source), target_(target), wants_digests_(wanted.digests) {
  cut_into_blocks(wanted.extents);
}

CopyBatch::~CopyBatch() = default;

void CopyBatch::cut_into_blocks(const std::vector<CopyExtent>& extents) {
  const uint64_t size = source_.block_size();
  const uint64_t piece = source_.is_direct() ? std::min(kMostRead, size) : size;
  for (const CopyExtent& extent : extents) {
    total_ += extent.length;
    for (uint64_t offset = extent.offset, end = extent.offset + extent.length; offset < end;) {
      const uint64_t index = offset / size;
      const uint64_t length = std::min(end, (offset / piece + 1) * piece) - offset;
      if (blocks_.empty() || blocks_.back().index != index) {
        blocks_.emplace_back();
        blocks_.back().index = index;
        blocks_.back().order = blocks_.size() - 1;
      }
      blocks_.back().extents.push_back({offset, length, extent.exists, extent.is_needed});
      offset += length;
    }
  }
  blocks_left_ = blocks_.size();
  if (wants_digests_) digests_.resize(blocks_.size());
}

/// What will be written past librbd is in the object map before.
int CopyBatch::announce() {
  if (target_ == nullptr || !target_->is_direct()) return 0;
  std::vector<uint64_t> with_data;
  for (const CopyBlock& block : blocks_) {
    // An object that was written past librbd is zeroed past it too: the map has to say that it changed.
    if (block.data_length() > 0 || (block.needs_zeroes() && target_->is_beyond_librbd(block.index)))
      with_data.push_back(block.index);
  }
  return target_->announce(with_data);
}

int CopyBatch::run(Operation& operation, Result& result) {
  if (int r = announce(); r < 0) return operation.fail("object_map_save", r);
  std::deque<Io*> ended;
  std::unique_lock lock(budget_->mutex);
  while (true) {
    ended.swap(ended_);
    for (Io* io : ended) {
      lock.unlock();
      read_ended(*io);
      delete io;
      lock.lock();
    }
    ended.clear();
    if (error_ == 0 && blocks_left_ > 0 && operation.cancelled()) error_ = -ECANCELED;
    if (error_ != 0) pending_.clear();
    while (!pending_.empty() && budget_->has_room()) {
      Pending next = pending_.front();
      pending_.pop_front();
      has_written_ = true;
      if (next.is_direct) {
        start_direct_write(lock, *next.block, next.writes);
      } else {
        start_image_write(lock, *next.block, next.block->writes[next.writes.from]);
      }
    }
    Clock::duration wait{0};
    while (error_ == 0 && pending_.empty() && next_block_ < blocks_.size() && budget_->has_room()) {
      wait = budget_->wait_for_rates(Clock::now());
      if (wait > Clock::duration{0} || !start_next_block(lock)) break;
    }
    if (!ended_.empty()) continue;
    if (in_flight_ == 0 && (error_ != 0 || blocks_left_ == 0)) break;
    Operation::progress(done_, total_, &operation);
    budget_->changed.wait_for(lock, wait > Clock::duration{0} ? std::min(wait, kReport) : kReport);
  }
  lock.unlock();
  // What a failed batch had reserved is free again.
  for (CopyBlock& block : blocks_) {
    if (block.reserved == 0) continue;
    std::lock_guard guard(budget_->mutex);
    budget_->release(block.reserved);
    budget_->changed.notify_all();
  }
  const bool is_cancelled = error_ != 0 && failed_call_ == nullptr;
  // It was cancelled when the last of it was in flight already.
  if (is_cancelled && blocks_left_ == 0) error_ = 0;
  if (error_ != 0) {
    if (is_cancelled && has_written_) {
      return operation.fail("copyExtents", error_,
                            "after " + std::to_string(done_) + " of " + std::to_string(total_) + " bytes");
    }
    if (is_cancelled) return error_;
    return operation.fail(
        failed_call_, error_,
        "at offset " + std::to_string(failed_offset_) + ", length " + std::to_string(failed_length_));
  }
  if (target_ != nullptr) {
    if (int r = target_->finish(); r < 0) return operation.fail("object_map_save", r);
  }
  for (const CopyBlock& block : blocks_) result.blocks.push_back(block.index);
  result.digests = std::move(digests_);
  return 0;
}

/// False when the budget has no room for it.
bool CopyBatch::start_next_block(Lock& lock) {
  CopyBlock& block = blocks_[next_block_];
  const uint64_t length = block.data_length();
  const auto expected = static_cast<uint64_t>(static_cast<double>(length) * expected_share_);
  const size_t reserve = std::min<uint64_t>(length, std::max<uint64_t>(expected, kLeastReserve));
  if (!budget_->has_room_for(reserve)) return false;
  ++next_block_;
  block.reserved = reserve;
  budget_->reserve(reserve);
  budget_->charge(expected);
  if (length == 0) {
    // Nothing to read: it goes the way of those whose reads have ended.
    ended_.push_back(new Io{this, &block, Io::Kind::kImageRead, "", 0, 0, 0});
  } else if (!source_.may_exist(block.index)) {
    start_missing(lock, block);
  } else {
    start_reads(lock, block);
  }
  return true;
}

/// Not locked, on the batch's own thread, as everything that follows.
void CopyBatch::read_ended(Io& io) {
  CopyBlock& block = *io.block;
  if (io.kind == Io::Kind::kDirectWrite || io.kind == Io::Kind::kImageWrite) {
    if (io.result < 0) fail(io.call, io.result, io.offset, io.length);
    if (--block.writes_left == 0) block_ended(block);
    return;
  }
  if (io.kind == Io::Kind::kDirectRead && io.result == -ENOENT) {
    block.is_missing = true;
  } else if (io.result < 0) {
    fail(io.call, io.result, io.offset, io.length);
    return;
  }
  if (block.reads_left > 0 && --block.reads_left > 0) return;
  if (block.is_missing && io.kind == Io::Kind::kDirectRead) {
    for (CopyBlock::Buffer& buffer : block.buffers) buffer.data.clear(), buffer.runs.clear();
    if (block.index * source_.block_size() < source_.overlap()) {
      // It is still the parent's.
      Lock lock(budget_->mutex);
      start_image_reads(lock, block);
      return;
    }
  }
  for (CopyBlock::Buffer& buffer : block.buffers) {
    uint64_t promised = 0;
    for (auto [offset, length] : buffer.runs) promised += length;
    if (buffer.is_sparse && promised != buffer.data.length()) {
      fail(io.call, -EIO, io.offset, io.length);
      return;
    }
  }
  block_read(block);
}

void CopyBatch::block_read(CopyBlock& block) {
  const uint64_t start = block.index * source_.block_size();
  std::vector<CopyPiece> pieces = block.pieces(start);
  if (wants_digests_) digests_[block.order] = digest_of(pieces, start);
  if (target_ != nullptr) block.writes = plan_writes(pieces);
  uint64_t read = 0, written = 0, zeroed = 0, all = 0;
  for (const CopyPiece& piece : pieces) {
    all += piece.length;
    read += piece.data == nullptr ? 0 : piece.length;
  }
  for (const CopyWrite& write : block.writes) (write.data == nullptr ? zeroed : written) += write.length;
  {
    std::lock_guard lock(budget_->mutex);
    budget_->counters.bytes_read += read;
    budget_->counters.bytes_written += written;
    budget_->counters.bytes_zeroed += zeroed;
    if (target_ != nullptr) budget_->counters.bytes_skipped += all - written - zeroed;
    if (uint64_t length = block.data_length(); length > 0) {
      expected_share_ = 0.9 * expected_share_ + 0.1 * static_cast<double>(read) / static_cast<double>(length);
      const size_t needed = std::max<size_t>(read, 1);
      budget_->release(block.reserved);
      budget_->reserve(needed);
      block.reserved = needed;
    }
  }
  const bool is_direct = target_ != nullptr && target_->is_direct() &&
                         (written > 0 || target_->is_beyond_librbd(block.index));
  if (target_ != nullptr && written == 0 && block.data_length() > 0 && (!is_direct || block.writes.empty()))
    target_->leave_out(block.index, !block.writes.empty());
  if (block.writes.empty()) {
    block_ended(block);
  } else if (is_direct) {
    const auto groups = group_by_bytes(block.writes, kMostWritten,
                                       [](const CopyWrite& write) { return write.data == nullptr ? 0 : write.length; });
    block.writes_left = groups.size();
    for (const CopyGroup& group : groups) pending_.push_back({&block, group, true});
  } else {
    block.writes_left = block.writes.size();
    for (size_t i = 0; i < block.writes.size(); ++i) pending_.push_back({&block, {i, i + 1, 0}, false});
  }
}

void CopyBatch::block_ended(CopyBlock& block) {
  --blocks_left_;
  for (const CopyExtent& extent : block.extents) done_ += extent.length;
  block.buffers.clear();
  block.writes.clear();
  std::lock_guard lock(budget_->mutex);
  budget_->release(block.reserved);
  block.reserved = 0;
  budget_->changed.notify_all();
}

void CopyBatch::fail(const char* call, int result, uint64_t offset, uint64_t length) {
  if (error_ != 0) return;
  error_ = result;
  failed_call_ = call;
  failed_offset_ = offset;
  failed_length_ = length;
}

}  // namespace coppice
