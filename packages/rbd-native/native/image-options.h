#pragma once

#include <napi.h>
#include <rbd/librbd.h>

#include <cstdint>
#include <optional>
#include <string>

namespace coppice {

/// The options of a new image, as the TypeScript classes give them. librbd chooses what is missing.
struct NewImage {
  std::optional<uint64_t> format, order, features, stripe_unit, stripe_count, journal_order,
      journal_splay_width;
  std::optional<uint64_t> clone_format, flatten, mirror_image_mode;
  std::optional<std::string> data_pool, journal_pool;

  static NewImage from_js(Napi::Value value);
};

/// The same as librbd's own option set.
class ImageOptions {
 public:
  explicit ImageOptions(const NewImage& image);
  ImageOptions(const ImageOptions&) = delete;
  ~ImageOptions() { rbd_image_options_destroy(options_); }
  rbd_image_options_t get() const { return options_; }

 private:
  rbd_image_options_t options_;
};

}  // namespace coppice
