#include "copy-io.h"

namespace coppice {

namespace {

/// Extents shorter than this are read as they are; longer ones may have holes.
constexpr uint64_t kLeastSparse = 16 * 1024;

}  // namespace

void CopyBatch::start_reads(Lock& lock, CopyBlock& block) {
  for (const CopyExtent& extent : block.extents) {
    if (extent.exists) block.buffers.push_back({&extent, {}, {}, 0, false});
  }
  if (source_.is_direct()) {
    start_direct_reads(lock, block);
  } else {
    start_image_reads(lock, block);
  }
}

/// To librbd, the object does not exist, whatever is there.
void CopyBatch::start_missing(Lock& lock, CopyBlock& block) {
  for (const CopyExtent& extent : block.extents) {
    if (extent.exists) block.buffers.push_back({&extent, {}, {}, 0, false});
  }
  if (block.index * source_.block_size() < source_.overlap()) {
    start_image_reads(lock, block);
  } else {
    ended_.push_back(new Io{this, &block, Io::Kind::kImageRead, "", 0, 0, 0});
  }
}

/// The object's extents in as few operations as their size allows.
void CopyBatch::start_direct_reads(Lock& lock, CopyBlock& block) {
  const auto groups = group_by_bytes(block.buffers, kMostRead, [](auto& b) { return b.extent->length; });
  block.reads_left = groups.size();
  for (const CopyGroup& group : groups) start_direct_read(lock, block, group);
}

void CopyBatch::start_direct_read(Lock& lock, CopyBlock& block, const CopyGroup& group) {
  const uint64_t start = block.index * source_.block_size();
  librados::ObjectReadOperation read;
  for (size_t i = group.from; i < group.to; ++i) {
    CopyBlock::Buffer& buffer = block.buffers[i];
    const uint64_t offset = buffer.extent->offset - start;
    buffer.is_sparse = buffer.extent->length >= kLeastSparse;
    if (buffer.is_sparse) {
      read.sparse_read(offset, buffer.extent->length, &buffer.runs, &buffer.data, &buffer.result);
    } else {
      read.read(offset, buffer.extent->length, &buffer.data, &buffer.result);
    }
    read.set_op_flags2(kCopyFlags);
  }
  const uint64_t offset = block.buffers[group.from].extent->offset;
  begin_io(lock,
           std::unique_ptr<Io>(
               new Io{this, &block, Io::Kind::kDirectRead, "rados_aio_operate", offset, group.bytes, 0}),
           [&](Io* io) {
             librados::AioCompletion* completion = librados::Rados::aio_create_completion(io, rados_ended);
             int r = source_.data().aio_operate(source_.object(block.index), completion, &read, 0, nullptr);
             completion->release();
             return r;
           });
}

void CopyBatch::start_image_reads(Lock& lock, CopyBlock& block) {
  block.reads_left = block.buffers.size();
  for (CopyBlock::Buffer& buffer : block.buffers) {
    buffer.is_sparse = false;
    ceph::bufferptr memory = ceph::buffer::create(static_cast<unsigned>(buffer.extent->length));
    // What a read leaves out, since the image has become shorter, is zero.
    memory.zero();
    char* into = memory.c_str();
    buffer.data.push_back(std::move(memory));
    auto io = std::unique_ptr<Io>(new Io{this, &block, Io::Kind::kImageRead, "rbd_aio_read2",
                                         buffer.extent->offset, buffer.extent->length, 0});
    begin_io(lock, std::move(io), [&](Io* io) {
      rbd_completion_t completion;
      int r = rbd_aio_create_completion(io, rbd_ended, &completion);
      if (r < 0) return r;
      r = rbd_aio_read2(source_.image(), io->offset, io->length, into, completion, kCopyFlags);
      if (r < 0) rbd_aio_release(completion);
      return r;
    });
  }
}

void CopyBatch::start_direct_write(Lock& lock, CopyBlock& block, const CopyGroup& group) {
  const auto first = block.writes.begin() + group.from, end = block.writes.begin() + group.to;
  uint64_t length = 0;
  for (auto write = first; write != end; ++write) length += write->length;
  auto io = std::unique_ptr<Io>(
      new Io{this, &block, Io::Kind::kDirectWrite, "rados_aio_operate", first->offset, length, 0});
  begin_io(lock, std::move(io), [&](Io* io) {
    librados::AioCompletion* completion = librados::Rados::aio_create_completion(io, rados_ended);
    int r = target_->write(block, {first, end}, completion);
    completion->release();
    return r;
  });
}

void CopyBatch::start_image_write(Lock& lock, CopyBlock& block, const CopyWrite& write) {
  const bool zero = write.data == nullptr;
  auto io = std::unique_ptr<Io>(new Io{this, &block, Io::Kind::kImageWrite,
                                       zero ? "rbd_aio_write_zeroes" : "rbd_aio_write2", write.offset,
                                       write.length, 0});
  begin_io(lock, std::move(io), [&](Io* io) {
    rbd_completion_t completion;
    int r = rbd_aio_create_completion(io, rbd_ended, &completion);
    if (r < 0) return r;
    rbd_image_t image = target_->image();
    r = zero ? rbd_aio_write_zeroes(image, write.offset, write.length, completion, 0, kCopyFlags)
             : rbd_aio_write2(image, write.offset, write.length, write.data, completion, kCopyFlags);
    if (r < 0) rbd_aio_release(completion);
    return r;
  });
}

/// Counts the call, lets go of the lock and submits. One that is not taken ends here: nothing calls back for
/// it.
template <class Submit>
void CopyBatch::begin_io(Lock& lock, std::unique_ptr<Io> io, Submit submit) {
  ++in_flight_;
  budget_->operation_started();
  Io* raw = io.release();  // now the callback's, which gives it to `ended_`
  lock.unlock();
  int r = submit(raw);
  lock.lock();
  if (r >= 0) return;
  raw->result = r;
  --in_flight_;
  budget_->operation_ended(0, Clock::now());
  ended_.push_back(raw);
}

/// On a thread of librados's or librbd's: only remembers.
void CopyBatch::end_io(Io* io, int result) {
  CopyBatch& batch = *io->batch;
  // Kept: the batch may be gone as soon as the lock is.
  std::shared_ptr<CopyBudget> budget = batch.budget_;
  std::lock_guard lock(budget->mutex);
  io->result = result;
  --batch.in_flight_;
  budget->operation_ended(io->length, Clock::now());
  batch.ended_.push_back(io);
  budget->changed.notify_all();
}

void CopyBatch::rados_ended(rados_completion_t completion, void* io) {
  end_io(static_cast<Io*>(io), rados_aio_get_return_value(completion));
}

void CopyBatch::rbd_ended(rbd_completion_t completion, void* io) {
  int result = static_cast<int>(rbd_aio_get_return_value(completion));
  rbd_aio_release(completion);
  end_io(static_cast<Io*>(io), result);
}

}  // namespace coppice
