#include "aio-read-buffers.h"

namespace coppice {

namespace {

// librbd's two interfaces wrap one and the same pointer, but neither gives it away. An explicit instantiation
// may name a private member; should librbd rename it or change its type, this does not compile.
librbd::image_ctx_t& context_of(librbd::Image& image);

template <librbd::image_ctx_t librbd::Image::*kContext>
struct Access {
  friend librbd::image_ctx_t& context_of(librbd::Image& image) { return image.*kContext; }
};

template struct Access<&librbd::Image::ctx>;

}  // namespace

int aio_read_buffers(rbd_image_t image, uint64_t offset, size_t length, ceph::bufferlist& data,
                     librbd::RBD::AioCompletion* completion, int flags) {
  librbd::Image face;
  context_of(face) = image;
  int r = static_cast<int>(face.aio_read2(offset, length, data, completion, flags));
  // Its destructor would close the image.
  context_of(face) = nullptr;
  return r;
}

}  // namespace coppice
