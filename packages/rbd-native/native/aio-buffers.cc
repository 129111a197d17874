#include "aio-buffers.h"

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

/// call(image) with the C++ face of an image that was opened through the C interface.
template <class Call>
int through_cpp(rbd_image_t image, Call call) {
  librbd::Image face;
  context_of(face) = image;
  int r = static_cast<int>(call(face));
  // Its destructor would close the image.
  context_of(face) = nullptr;
  return r;
}

}  // namespace

int aio_read_buffers(rbd_image_t image, uint64_t offset, size_t length, ceph::bufferlist& data,
                     librbd::RBD::AioCompletion* completion, int flags) {
  return through_cpp(image, [&](librbd::Image& face) {
    return face.aio_read2(offset, length, data, completion, flags);
  });
}

int aio_write_buffers(rbd_image_t image, uint64_t offset, ceph::bufferlist& data,
                      librbd::RBD::AioCompletion* completion, int flags) {
  return through_cpp(image, [&](librbd::Image& face) {
    return face.aio_write2(offset, data.length(), data, completion, flags);
  });
}

}  // namespace coppice
