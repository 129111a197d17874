#pragma once

#include <rbd/librbd.h>
#include <rbd/librbd.hpp>

namespace coppice {

/// A read that hands over the memory the messenger received the data in, where librbd's C interface copies it to
/// memory it is given. 0 or -errno; then the completion is not used.
int aio_read_buffers(rbd_image_t image, uint64_t offset, size_t length, ceph::bufferlist& data,
                     librbd::RBD::AioCompletion* completion, int flags);

/// A write of memory that librados refers to for as long as it needs it, which may be after the completion; librbd's C
/// interface copies it to fresh memory. 0 or -errno; then the completion is not used.
int aio_write_buffers(rbd_image_t image, uint64_t offset, ceph::bufferlist& data,
                      librbd::RBD::AioCompletion* completion, int flags);

}  // namespace coppice
