#include "target-object-map.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "little-endian.h"

namespace coppice {

namespace {

/// Each so many bytes of the map have a CRC of their own.
constexpr size_t kCrcBlock = 4096;
constexpr uint64_t kObjectsPerByte = 4;
constexpr int kMostTries = 16;

/// CRC-32C with seed 0, not inverted, as Ceph's bit vectors have it.
uint32_t crc32c(const char* data, size_t length) {
  static const auto table = [] {
    std::array<uint32_t, 256> made{};
    for (uint32_t byte = 0; byte < 256; ++byte) {
      uint32_t crc = byte;
      for (int bit = 0; bit < 8; ++bit) crc = (crc & 1) != 0 ? (crc >> 1) ^ 0x82f63b78u : crc >> 1;
      made[byte] = crc;
    }
    return made;
  }();
  uint32_t crc = 0;
  for (size_t i = 0; i < length; ++i)
    crc = (crc >> 8) ^ table[(crc ^ static_cast<unsigned char>(data[i])) & 0xff];
  return crc;
}

/// The input of cls_lock's assert_locked for the lock that librbd's exclusive lock takes on the map.
ceph::bufferlist locked_by_us() {
  const std::string lock = "rbd_lock";
  std::string body;
  append_number(body, lock.size(), 4);
  body += lock;
  append_number(body, 1, 1);  // exclusive
  append_number(body, 0, 4);  // no cookie
  append_number(body, 0, 4);  // no tag
  std::string text;
  append_number(text, 1, 1);  // version
  append_number(text, 1, 1);  // compatible with
  append_number(text, body.size(), 4);
  ceph::bufferlist bytes;
  bytes.append(text + body);
  return bytes;
}

}  // namespace

int TargetObjectMap::mark(const std::vector<uint64_t>& objects, std::vector<Marked>& before) {
  std::lock_guard lock(mutex_);
  return change([&] {
    before.clear();
    if (!objects.empty() && objects.back() >= objects_) return -ERANGE;
    for (uint64_t object : objects) {
      uint8_t was = state(object);
      if (was == kExists) continue;
      before.push_back({object, was});
      set_state(object, kExists);
    }
    return 0;
  });
}

int TargetObjectMap::restore(const std::vector<Marked>& before) {
  std::lock_guard lock(mutex_);
  return change([&] {
    for (const Marked& was : before) {
      if (was.object < objects_ && state(was.object) == kExists) set_state(was.object, was.state);
    }
    return 0;
  });
}

int TargetObjectMap::keep_marked(std::vector<uint64_t>& objects) {
  if (objects.empty()) return 0;
  std::lock_guard lock(mutex_);
  if (int r = load(); r < 0) return r;
  std::erase_if(objects, [this](uint64_t object) { return object >= objects_ || state(object) != kExists; });
  return 0;
}

void TargetObjectMap::note_written(uint64_t object) {
  std::lock_guard lock(written_mutex_);
  if (object >= written_.size()) written_.resize(std::max<size_t>(object + 1, 2 * written_.size()));
  written_[object] = true;
}

bool TargetObjectMap::was_written(uint64_t object) {
  std::lock_guard lock(written_mutex_);
  return object < written_.size() && written_[object];
}

/// Applies a change to the map as it is stored, again when it was changed meanwhile.
template <class Change>
int TargetObjectMap::change(Change apply) {
  for (int attempt = 0; attempt < kMostTries; ++attempt) {
    int r = load();
    if (r < 0) return r;
    r = apply();
    if (r < 0) return r;
    r = save();
    if (r != -ERANGE && r != -EOVERFLOW) return r;
  }
  return -EBUSY;
}

int TargetObjectMap::load() {
  librados::ObjectReadOperation read;
  ceph::bufferlist bytes;
  read.read(0, 0, &bytes, nullptr);
  int r = pool_.operate(name_, &read, nullptr);
  if (r < 0) return r;
  content_.assign(bytes.c_str(), bytes.length());
  // A header with its length before it, that holds a version, its own length and the number of objects; two bits
  // an object; a footer with its length before it: the header's CRC, and a list of the blocks'.
  if (content_.size() < 4) return -EIO;
  const size_t header = read_number(content_.data(), 4);
  if (header < 14 || content_.size() < 4 + header) return -EIO;
  objects_ = read_number(content_.data() + 4 + 6, 8);
  data_ = 4 + header;
  if (objects_ > kObjectsPerByte * content_.size()) return -EIO;
  const size_t bits = (objects_ + kObjectsPerByte - 1) / kObjectsPerByte;
  const size_t blocks = (bits + kCrcBlock - 1) / kCrcBlock;
  const size_t footer = data_ + bits;
  if (content_.size() < footer + 4) return -EIO;
  const size_t footer_length = read_number(content_.data() + footer, 4);
  if (content_.size() < footer + 4 + footer_length) return -EIO;
  crcs_ = footer_length == 0 ? 0 : footer + 4 + 4 + 4;
  if (crcs_ != 0 && footer_length < 4 + 4 + 4 * blocks) return -EIO;
  changed_blocks_.assign(blocks, false);
  version_ = pool_.get_last_version();
  return 0;
}

/// -ERANGE or -EOVERFLOW when the map is not the one any more that was loaded.
int TargetObjectMap::save() {
  bool changed = false;
  const size_t bits = (objects_ + kObjectsPerByte - 1) / kObjectsPerByte;
  for (size_t block = 0; block < changed_blocks_.size(); ++block) {
    if (!changed_blocks_[block]) continue;
    changed = true;
    if (crcs_ == 0) continue;
    const size_t at = block * kCrcBlock;
    const uint32_t crc = crc32c(content_.data() + data_ + at, std::min(kCrcBlock, bits - at));
    write_number(content_.data() + crcs_ + 4 * block, crc, 4);
  }
  if (!changed) return 0;
  librados::ObjectWriteOperation write;
  write.assert_version(version_);
  ceph::bufferlist locked = locked_by_us(), content;
  write.exec("lock", "assert_locked", locked);
  content.append(content_);
  write.exec("rbd", "object_map_save", content);
  return pool_.operate(name_, &write);
}

uint8_t TargetObjectMap::state(uint64_t object) const {
  const auto byte = static_cast<unsigned char>(content_[data_ + object / kObjectsPerByte]);
  return (byte >> (6 - 2 * (object % kObjectsPerByte))) & 3;
}

void TargetObjectMap::set_state(uint64_t object, uint8_t state) {
  const size_t at = object / kObjectsPerByte, shift = 6 - 2 * (object % kObjectsPerByte);
  char& byte = content_[data_ + at];
  byte = static_cast<char>((static_cast<unsigned char>(byte) & ~(3u << shift)) |
                           (static_cast<unsigned>(state) << shift));
  changed_blocks_[at / kCrcBlock] = true;
}

}  // namespace coppice
