#pragma once

#include <rbd/librbd.h>
#include <rbd/librbd.hpp>

namespace coppice {

/// A read that hands over the memory the messenger received the data in, where librbd's C interface copies it to
/// memory it is given. 0 or -errno; then the completion is not used.
int aio_read_buffers(rbd_image_t image, uint64_t offset, size_t length, ceph::bufferlist& data,
                     librbd::RBD::AioCompletion* completion, int flags);

}  // namespace coppice
