#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <unordered_set>
#include <vector>

#include "copy-block.h"
#include "copy-budget.h"
#include "copy-source.h"
#include "copy-target.h"

namespace coppice {

class Operation;

/// Carries out a part of a copy's plan: reads blocks, digests them and writes what changed, many at a time
/// and in any order. One thread runs it; librados and librbd call back on theirs.
class CopyBatch {
 public:
  struct Wanted {
    std::vector<CopyExtent> extents;  // ascending
    bool digests = true;
  };
  struct Result {
    std::vector<uint64_t> blocks;  // by index, ascending
    std::vector<CopyBlock::Digest> digests;
  };

  /// `target` may be null: then blocks are only read and digested.
  CopyBatch(std::shared_ptr<CopyBudget> budget, CopySource& source, CopyTarget* target, Wanted wanted);
  ~CopyBatch();
  CopyBatch(const CopyBatch&) = delete;

  /// 0 or -errno, told to the operation with the extent that failed. Nothing is in flight when it returns.
  int run(Operation& operation, Result& result);

 private:
  struct Io;
  using Clock = CopyBudget::Clock;

  void cut_into_blocks(const std::vector<CopyExtent>& extents);
  int announce();
  // These are called locked, and let go of the lock while librados or librbd take the call.
  using Lock = std::unique_lock<std::mutex>;
  bool start_next_block(Lock& lock);
  void start_reads(Lock& lock, CopyBlock& block);
  void start_missing(Lock& lock, CopyBlock& block);
  void start_direct_reads(Lock& lock, CopyBlock& block);
  void start_direct_read(Lock& lock, CopyBlock& block, const CopyGroup& group);
  void start_image_reads(Lock& lock, CopyBlock& block);
  void start_direct_write(Lock& lock, CopyBlock& block, const CopyGroup& group);
  void start_image_write(Lock& lock, CopyBlock& block, const CopyWrite& write);
  void read_ended(Io& io);
  void block_read(CopyBlock& block);
  void block_ended(CopyBlock& block);
  void fail(const char* call, int result, uint64_t offset, uint64_t length);
  template <class Submit>
  void begin_io(Lock& lock, std::unique_ptr<Io> io, Submit submit);
  static void end_io(Io* io, int result);
  static void rados_ended(rados_completion_t completion, void* io);
  static void rbd_ended(rbd_completion_t completion, void* io);

  std::shared_ptr<CopyBudget> budget_;
  CopySource& source_;
  CopyTarget* target_;
  bool wants_digests_;
  std::deque<CopyBlock> blocks_;
  size_t next_block_ = 0;
  bool has_written_ = false;
  size_t blocks_left_ = 0;
  std::vector<CopyBlock::Digest> digests_;

  // Guarded by the budget's mutex.
  std::deque<Io*> ended_;
  size_t in_flight_ = 0;

  struct Pending {
    CopyBlock* block;
    CopyGroup writes;
    bool is_direct;
  };
  std::deque<Pending> pending_;
  double expected_share_ = 1;  // of a block's extents that turned out to hold data, lately
  uint64_t done_ = 0, total_ = 0;

  int error_ = 0;
  const char* failed_call_ = nullptr;
  uint64_t failed_offset_ = 0, failed_length_ = 0;
};

}  // namespace coppice
