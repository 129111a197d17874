#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace coppice {

/// Numbers as Ceph encodes them, of up to 8 bytes.
inline uint64_t read_number(const char* data, size_t bytes) {
  uint64_t value = 0;
  for (size_t i = 0; i < bytes; ++i)
    value |= static_cast<uint64_t>(static_cast<unsigned char>(data[i])) << (8 * i);
  return value;
}

inline void write_number(char* data, uint64_t value, size_t bytes) {
  for (size_t i = 0; i < bytes; ++i) data[i] = static_cast<char>(value >> (8 * i));
}

inline void append_number(std::string& text, uint64_t value, size_t bytes) {
  text.resize(text.size() + bytes);
  write_number(text.data() + text.size() - bytes, value, bytes);
}

}  // namespace coppice
