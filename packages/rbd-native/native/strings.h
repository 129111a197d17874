#pragma once

#include <cstddef>
#include <cstring>
#include <string>
#include <vector>

#include "growing.h"

namespace coppice {

/// Splits "a\0b\0" into its strings. Some of librbd's lists end with an empty string.
inline std::vector<std::string> split_zero(const char* data, size_t size) {
  std::vector<std::string> parts;
  for (size_t at = 0; at < size;) {
    size_t length = strnlen(data + at, size - at);
    parts.emplace_back(data + at, length);
    at += length + 1;
  }
  return parts;
}

/// A call that fills a char buffer and says -ERANGE when it is too small: fill(char*, size_t*).
template <class Fill>
int grow_string(std::string& text, Fill fill) {
  std::vector<char> buffer;
  int r = grow<size_t>(buffer, 128, [&](char* data, size_t* size) {
    size_t room = *size;
    int result = fill(data, size);
    // Some calls count the terminating NUL in the size that they return and some do not.
    if (result >= 0) *size = strnlen(data, room);
    return result;
  });
  if (r >= 0) text.assign(buffer.data(), buffer.size());
  return r;
}

/// The same for calls that take the capacity by value: fill(char*, size_t).
template <class Fill>
int grow_string_by_value(std::string& text, Fill fill) {
  return grow_string(text, [&](char* data, size_t* size) {
    int r = fill(data, *size);
    return r == -ENAMETOOLONG ? -ERANGE : r;
  });
}

}  // namespace coppice
