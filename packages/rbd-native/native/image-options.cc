#include "image-options.h"

#include "arguments.h"

namespace coppice {

NewImage NewImage::from_js(Napi::Value value) {
  NewImage image;
  if (!value.IsObject()) return image;
  Napi::Object object = value.As<Napi::Object>();
  auto number = [&](const char* name, std::optional<uint64_t>& target) {
    Napi::Value v = object.Get(name);
    if (v.IsNumber() || v.IsBigInt()) target = arg::u64(v);
  };
  auto text = [&](const char* name, std::optional<std::string>& target) {
    target = arg::optional_string(object.Get(name));
  };
  number("format", image.format);
  number("order", image.order);
  number("features", image.features);
  number("stripeUnit", image.stripe_unit);
  number("stripeCount", image.stripe_count);
  number("journalOrder", image.journal_order);
  number("journalSplayWidth", image.journal_splay_width);
  number("cloneFormat", image.clone_format);
  number("mirrorImageMode", image.mirror_image_mode);
  if (arg::flag(object.Get("flatten"))) image.flatten = 1;
  text("dataPool", image.data_pool);
  text("journalPool", image.journal_pool);
  return image;
}

ImageOptions::ImageOptions(const NewImage& image) {
  rbd_image_options_create(&options_);
  auto number = [this](int option, const std::optional<uint64_t>& value) {
    if (value) rbd_image_options_set_uint64(options_, option, *value);
  };
  auto text = [this](int option, const std::optional<std::string>& value) {
    if (value) rbd_image_options_set_string(options_, option, value->c_str());
  };
  number(RBD_IMAGE_OPTION_FORMAT, image.format);
  number(RBD_IMAGE_OPTION_ORDER, image.order);
  number(RBD_IMAGE_OPTION_FEATURES, image.features);
  number(RBD_IMAGE_OPTION_STRIPE_UNIT, image.stripe_unit);
  number(RBD_IMAGE_OPTION_STRIPE_COUNT, image.stripe_count);
  number(RBD_IMAGE_OPTION_JOURNAL_ORDER, image.journal_order);
  number(RBD_IMAGE_OPTION_JOURNAL_SPLAY_WIDTH, image.journal_splay_width);
  number(RBD_IMAGE_OPTION_CLONE_FORMAT, image.clone_format);
  number(RBD_IMAGE_OPTION_MIRROR_IMAGE_MODE, image.mirror_image_mode);
  number(RBD_IMAGE_OPTION_FLATTEN, image.flatten);
  text(RBD_IMAGE_OPTION_DATA_POOL, image.data_pool);
  text(RBD_IMAGE_OPTION_JOURNAL_POOL, image.journal_pool);
}

}  // namespace coppice
