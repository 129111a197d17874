#pragma once

#include <napi.h>

#include <algorithm>
#include <string>
#include <vector>

#include "growing.h"
#include "strings.h"
#include "to-js.h"

namespace coppice {

/// Who holds an advisory lock, of an image or of an object.
struct Lockers {
  bool exclusive = false;
  std::string tag;
  std::vector<std::string> clients, cookies, addresses;
};

/// list(exclusive, tag, size, clients, size, cookies, size, addresses, size), as both libraries have it.
template <class List>
int read_lockers(Lockers& lockers, List list) {
  size_t room = 256;
  for (int attempt = 0; attempt < kMaxGrowths; ++attempt) {
    std::vector<char> tag(room), clients(room), cookies(room), addresses(room);
    size_t sizes[] = {room, room, room, room};
    int exclusive = 0;
    ssize_t r = list(&exclusive, tag.data(), &sizes[0], clients.data(), &sizes[1], cookies.data(), &sizes[2],
                     addresses.data(), &sizes[3]);
    if (r >= 0) {
      lockers = {exclusive != 0, std::string(tag.data(), strnlen(tag.data(), room)),
                 split_zero(clients.data(), sizes[1]), split_zero(cookies.data(), sizes[2]),
                 split_zero(addresses.data(), sizes[3])};
      size_t count = static_cast<size_t>(r);
      for (auto* column : {&lockers.clients, &lockers.cookies, &lockers.addresses}) column->resize(count);
      return 0;
    }
    if (r != -ERANGE) return static_cast<int>(r);
    room = std::max({room * 2, sizes[0], sizes[1], sizes[2], sizes[3]});
  }
  return -ERANGE;
}

inline Napi::Value lockers_to_js(Napi::Env env, const Lockers& l) {
  Napi::Array array = Napi::Array::New(env, l.clients.size());
  for (uint32_t i = 0; i < l.clients.size(); ++i) {
    array.Set(i, make_object(env, {{"client", to_js(env, l.clients[i])},
                                   {"cookie", to_js(env, l.cookies[i])},
                                   {"address", to_js(env, l.addresses[i])}}));
  }
  return make_object(
      env, {{"exclusive", to_js(env, l.exclusive)}, {"tag", to_js(env, l.tag)}, {"lockers", array}});
}

}  // namespace coppice
