#pragma once

#include <cerrno>
#include <cstddef>
#include <vector>

namespace coppice {

/// How often a call that returns -ERANGE is repeated with more room. A list that keeps growing while it is read fails with
/// -ERANGE in the end.
constexpr int kMaxGrowths = 12;

/// Calls fill(T* items, Size* size) with ever more room. Size goes in as capacity and comes out as the count
/// (or as what is needed). Leaves exactly the items in `items`. 0 or the call's own positive result, or
/// -errno.
template <class Size = size_t, class T, class Fill>
int grow(std::vector<T>& items, size_t room, Fill fill) {
  for (int attempt = 0; attempt < kMaxGrowths; ++attempt) {
    items.assign(room, T{});
    Size size = static_cast<Size>(room);
    int r = static_cast<int>(fill(items.data(), &size));
    if (r >= 0) {
      items.resize(static_cast<size_t>(size));
      return r;
    }
    if (r != -ERANGE) {
      items.clear();
      return r;
    }
    // Some calls name the size they need, some leave it as it was.
    room = static_cast<size_t>(size) > room ? static_cast<size_t>(size) : room * 2;
  }
  items.clear();
  return -ERANGE;
}

}  // namespace coppice
