#pragma once

#include <rados/librados.hpp>

#include <cstdint>
#include <mutex>
#include <string>
#include <vector>

namespace coppice {

/// The object map of an image that is written to past librbd, by whoever holds its exclusive lock: says which
/// objects there are before they are written, as librbd does, but of many at once.
///
/// Every change is tied to the version of the map that it was made from and to the lock on the map, so that it
/// can neither undo a change of librbd's own nor come after somebody else took the image over.
///
/// The handle's own copy of the map, in librbd's memory, does not hear of it.
class TargetObjectMap {
 public:
  // librbd's states of an object (librbd/object_map/Types.h).
  static constexpr uint8_t kMissing = 0, kExists = 1;

  /// What an object was before it was marked.
  struct Marked {
    uint64_t object;
    uint8_t state;
  };

  TargetObjectMap(librados::IoCtx pool, const std::string& image_id)
      : pool_(std::move(pool)), name_("rbd_object_map." + image_id) {}

  /// Marks objects (ascending) as there and changed since the last snapshot. 0 or -errno; `before` gets those
  /// that were something else. -ERANGE when the map is too small for them.
  int mark(const std::vector<uint64_t>& objects, std::vector<Marked>& before);
  /// Takes that back for objects that were not written after all.
  int restore(const std::vector<Marked>& before);
  /// Leaves those of the objects that are marked as there and changed. 0 or -errno.
  int keep_marked(std::vector<uint64_t>& objects);
  /// An object was written past librbd, which may not know that it is there.
  void note_written(uint64_t object);
  bool was_written(uint64_t object);

 private:
  int load();
  int save();
  uint8_t state(uint64_t object) const;
  void set_state(uint64_t object, uint8_t state);
  template <class Change>
  int change(Change apply);

  std::mutex mutex_;
  librados::IoCtx pool_;
  std::string name_;
  std::string content_;  // of the map's object
  size_t data_ = 0;      // where its bits begin
  size_t crcs_ = 0;      // where the CRCs of its blocks begin; 0 when it has none
  uint64_t objects_ = 0;
  uint64_t version_ = 0;
  std::vector<bool> changed_blocks_;

  std::mutex written_mutex_;
  std::vector<bool> written_;
};

}  // namespace coppice
