#pragma once

#include <napi.h>

#include <functional>
#include <memory>
#include <type_traits>
#include <utility>
#include <vector>

#include "environment.h"
#include "handle.h"
#include "operation.h"
#include "to-js.h"

namespace coppice {

/// What every blocking call has to say about itself.
struct Control {
  const char* name;                              // the C function
  std::vector<std::shared_ptr<Handle>> handles;  // kept open until the call is over
  Napi::Value operation;                         // from createOperation(), or undefined
  Lane lane = Lane::kShort;
};

/// Runs work on the pool and answers with a promise: rejected when work returns less than zero, else
/// fulfilled with what convert makes on the JS thread (an empty value: a handle was closed meanwhile).
Napi::Value start_control(Napi::Env env, Control control, std::function<int(Operation&)> work,
                          std::function<Napi::Value(Napi::Env, int)> convert);

/// A call with a result: work(Result&) or work(Result&, Operation&), convert(env, Result&) or to_js().
template <class Result, class Work, class Convert>
Napi::Value control(const Napi::CallbackInfo& info, Control spec, Work work, Convert convert) {
  auto result = std::make_shared<Result>();
  return start_control(
      info.Env(), std::move(spec),
      [result, work = std::move(work)](Operation& operation) mutable -> int {
        if constexpr (std::is_invocable_v<Work, Result&, Operation&>) {
          return work(*result, operation);
        } else {
          return work(*result);
        }
      },
      [result, convert = std::move(convert)](Napi::Env env, int) mutable -> Napi::Value {
        return convert(env, *result);
      });
}

template <class Result, class Work>
Napi::Value control(const Napi::CallbackInfo& info, Control spec, Work work) {
  return control<Result>(info, std::move(spec), std::move(work),
                         [](Napi::Env env, Result& result) -> Napi::Value { return to_js(env, result); });
}

/// A call without a result: work() or work(Operation&).
template <class Work>
Napi::Value control(const Napi::CallbackInfo& info, Control spec, Work work) {
  return start_control(
      info.Env(), std::move(spec),
      [work = std::move(work)](Operation& operation) mutable -> int {
        if constexpr (std::is_invocable_v<Work, Operation&>) {
          return work(operation);
        } else {
          return work();
        }
      },
      [](Napi::Env env, int) -> Napi::Value { return env.Undefined(); });
}

}  // namespace coppice
