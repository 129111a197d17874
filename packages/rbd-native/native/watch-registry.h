#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <utility>

#include "watch-listener.h"

namespace coppice {

/// The active watches with their listeners, by the handle or cookie that librbd or librados gave them. The caller that takes
/// a watch out ends it, so that each is ended once, and outside the lock. Any thread.
template <class Id>
class WatchRegistry {
 public:
  using Listener = std::shared_ptr<WatchListener>;

  void add(Id id, Listener listener) {
    std::lock_guard lock(mutex_);
    watches_.emplace(std::move(id), std::move(listener));
  }

  /// Empty when it was taken out before.
  Listener take(const Id& id) {
    std::lock_guard lock(mutex_);
    auto found = watches_.extract(id);
    return found ? std::move(found.mapped()) : Listener();
  }

  std::map<Id, Listener> take_all() {
    std::lock_guard lock(mutex_);
    return std::exchange(watches_, {});
  }

 private:
  std::mutex mutex_;
  std::map<Id, Listener> watches_;
};

}  // namespace coppice
