#include "copy-block.h"

#include <algorithm>
#include <cstring>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "little-endian.h"

namespace coppice {

namespace {

constexpr uint64_t kPage = 4096;
/// Zeroes within data that are shorter are sent: another operation would cost more.
constexpr uint64_t kLeastZeroRun = 64 * 1024;

/// Collects pieces, joining zeroes that touch.
class Pieces {
 public:
  void add(uint64_t offset, uint64_t length, const char* data, bool is_needed) {
    if (length == 0) return;
    if (data == nullptr && !all_.empty()) {
      CopyPiece& last = all_.back();
      if (last.data == nullptr && last.offset + last.length == offset && last.is_needed == is_needed) {
        last.length += length;
        return;
      }
    }
    all_.push_back({offset, length, data, is_needed});
  }
  std::vector<CopyPiece> take() { return std::move(all_); }

 private:
  std::vector<CopyPiece> all_;
};

}  // namespace

bool is_zero(const char* data, size_t length) {
  if (length == 0) return true;
  return data[0] == 0 && std::memcmp(data, data + 1, length - 1) == 0;
}

uint64_t CopyBlock::data_length() const {
  uint64_t sum = 0;
  for (const CopyExtent& extent : extents) sum += extent.exists ? extent.length : 0;
  return sum;
}

bool CopyBlock::needs_zeroes() const {
  return std::any_of(extents.begin(), extents.end(), [](const CopyExtent& extent) { return extent.is_needed; });
}

std::vector<CopyPiece> CopyBlock::pieces(uint64_t start) {
  Pieces found;
  auto buffer = buffers.begin();
  for (const CopyExtent& extent : extents) {
    if (!extent.exists || buffer == buffers.end()) {
      found.add(extent.offset, extent.length, nullptr, extent.is_needed);
      continue;
    }
    Buffer& read = *buffer++;
    uint64_t next = extent.offset;
    const uint64_t end = extent.offset + extent.length;
    auto add_data = [&](uint64_t offset, uint64_t length, const char* data) {
      found.add(next, offset - next, nullptr, extent.is_needed);
      length = std::min(length, end - offset);
      found.add(offset, length, data, extent.is_needed);
      next = offset + length;
    };
    if (read.is_sparse) {
      const char* data = read.data.length() == 0 ? nullptr : read.data.c_str();
      for (auto [offset, length] : read.runs) {
        add_data(start + offset, length, data);
        data += length;
      }
    } else if (read.data.length() > 0) {
      add_data(extent.offset, read.data.length(), read.data.c_str());
    }
    found.add(next, end - next, nullptr, extent.is_needed);
  }
  return found.take();
}

std::vector<CopyWrite> plan_writes(const std::vector<CopyPiece>& pieces) {
  std::vector<CopyWrite> writes;
  for (const CopyPiece& piece : pieces) {
    auto zero = [&](uint64_t offset, uint64_t length) {
      if (!piece.is_needed || length == 0) return;
      if (!writes.empty() && writes.back().data == nullptr &&
          writes.back().offset + writes.back().length == offset) {
        writes.back().length += length;
      } else {
        writes.push_back({offset, length, nullptr});
      }
    };
    if (piece.data == nullptr) {
      zero(piece.offset, piece.length);
      continue;
    }
    auto put = [&](uint64_t from, uint64_t to) {
      if (from < to) writes.push_back({piece.offset + from, to - from, piece.data + from});
    };
    uint64_t data_from = 0;    // not yet written from here on
    uint64_t zeroes_from = 0;  // zero from here to `at`
    for (uint64_t at = 0; at < piece.length;) {
      uint64_t length = std::min(kPage - (piece.offset + at) % kPage, piece.length - at);
      bool zero_page = is_zero(piece.data + at, length);
      at += length;
      if (zero_page && at < piece.length) continue;
      uint64_t zeroes_to = zero_page ? at : at - length;
      bool is_whole = zeroes_from == 0 && zeroes_to == piece.length;
      if (zeroes_to - zeroes_from >= kLeastZeroRun || is_whole) {
        put(data_from, zeroes_from);
        zero(piece.offset + zeroes_from, zeroes_to - zeroes_from);
        data_from = zeroes_to;
      }
      zeroes_from = at;
    }
    put(data_from, piece.length);
  }
  return writes;
}

CopyBlock::Digest digest_of(const std::vector<CopyPiece>& pieces, uint64_t start) {
  XXH3_state_t state;
  XXH3_128bits_reset(&state);
  auto count = [&](uint64_t offset, uint64_t length, const char* data) {
    if (is_zero(data, length)) return;
    const uint64_t place = offset - start;
    char header[8];
    write_number(header, place, 4);
    write_number(header + 4, length, 4);
    XXH3_128bits_update(&state, header, sizeof header);
    XXH3_128bits_update(&state, data, length);
  };
  // A page that several pieces share is put together first.
  char page[kPage];
  uint64_t page_from = 0, page_length = 0;
  auto end_page = [&] {
    if (page_length > 0) count(page_from, page_length, page);
    page_length = 0;
  };
  for (const CopyPiece& piece : pieces) {
    for (uint64_t at = 0; at < piece.length;) {
      const uint64_t offset = piece.offset + at;
      const uint64_t length = std::min(kPage - offset % kPage, piece.length - at);
      if (page_length > 0 && (page_from + page_length != offset || offset % kPage == 0)) end_page();
      if (length == kPage) {
        if (piece.data == nullptr) {
          // Whole pages of zeroes are not counted: pass all of them at once.
          at += (piece.length - at) / kPage * kPage;
          continue;
        }
        count(offset, length, piece.data + at);
      } else {
        if (page_length == 0) page_from = offset;
        if (piece.data == nullptr)
          std::memset(page + page_length, 0, length);
        else
          std::memcpy(page + page_length, piece.data + at, length);
        page_length += length;
      }
      at += length;
    }
  }
  end_page();
  CopyBlock::Digest digest;
  XXH128_canonical_t canonical;
  XXH128_canonicalFromHash(&canonical, XXH3_128bits_digest(&state));
  std::memcpy(digest.data(), canonical.digest, digest.size());
  return digest;
}

}  // namespace coppice
