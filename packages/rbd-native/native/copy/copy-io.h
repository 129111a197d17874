#pragma once

#include "copy-batch.h"

namespace coppice {

/// One call in flight.
struct CopyBatch::Io {
  enum class Kind { kDirectRead, kImageRead, kDirectWrite, kImageWrite };
  CopyBatch* batch;
  CopyBlock* block;
  Kind kind;
  const char* call;
  uint64_t offset;
  uint64_t length;
  int result;
};

}  // namespace coppice
