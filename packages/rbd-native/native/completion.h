#pragma once

#include <napi.h>

namespace coppice {

/// Something that happened on another thread and has to be told to JavaScript.
///
/// Made on the JS thread, finished on any thread, handed to Environment::finish or Environment::post and
/// settled on the JS thread. Destroyed on the JS thread whether it was settled or not (an environment that
/// goes away destroys without settling), so members may hold Node-API references.
class Completion {
 public:
  virtual ~Completion() = default;
  virtual void settle(Napi::Env env) = 0;
};

}  // namespace coppice
