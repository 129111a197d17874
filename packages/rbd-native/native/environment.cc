#include "environment.h"

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <utility>

#include "handle.h"
#include "operation.h"

namespace coppice {

namespace {

struct InstanceData {
  std::shared_ptr<Environment> environment;
};

/// Environments that were not torn down yet. Never destroyed: exit handlers use it.
struct Living {
  std::mutex mutex;
  std::unordered_set<Environment*> environments;
  std::atomic<bool> abandoned{false};
};
Living& living() {
  static auto* all = new Living;
  return *all;
}

}  // namespace

void Environment::create(Napi::Env env) {
  std::shared_ptr<Environment> self(new Environment(env));
  Napi::String name = Napi::String::New(env, "rbd-native");
  napi_status status = napi_create_threadsafe_function(env, nullptr, nullptr, name, 0, 1, nullptr, nullptr,
                                                       self.get(), on_wake, &self->wake_);
  if (status != napi_ok) throw Napi::Error::New(env, "rbd-native: cannot create its thread-safe function");
  // An idle binding must not keep the process alive.
  napi_unref_threadsafe_function(env, self->wake_);
  // Node.js runs cleanup hooks when a worker ends and when the main thread runs out of work, but not on
  // process.exit(): there the JavaScript half calls shut_down(), and what leaves the process without asking
  // JavaScript is caught here. librados's threads must not meet the destructors of its globals.
  static std::once_flag once;
  std::call_once(once, [] { on_exit(on_process_exit, nullptr); });
  {
    std::lock_guard lock(living().mutex);
    living().environments.insert(self.get());
  }
  // Hooks run in reverse order: this one, added after the thread-safe function's own, runs before it.
  napi_add_env_cleanup_hook(env, on_teardown, self.get());
  env.SetInstanceData(new InstanceData{std::move(self)});
}

Environment& Environment::of(Napi::Env env) { return *env.GetInstanceData<InstanceData>()->environment; }

void Environment::wait_at_least(std::chrono::seconds patience) { patience_ = std::max(patience_, patience); }

void Environment::started() {
  {
    std::lock_guard lock(mutex_);
    ++in_flight_;
  }
  if (unsettled_++ == 0) napi_ref_threadsafe_function(env_, wake_);
}

void Environment::settled() {
  if (--unsettled_ == 0) napi_unref_threadsafe_function(env_, wake_);
}

void Environment::finish(Completion* completion) { enqueue(completion, true); }
void Environment::post(Completion* completion) { enqueue(completion, false); }

void Environment::enqueue(Completion* completion, bool ends_call) {
  std::lock_guard lock(mutex_);
  queue_.push_back({std::unique_ptr<Completion>(completion), ends_call});
  if (ends_call && --in_flight_ == 0) idle_.notify_all();
  if (!wake_posted_ && !silent_) {
    wake_posted_ = true;
    napi_call_threadsafe_function(wake_, nullptr, napi_tsfn_nonblocking);
  }
}

std::vector<Environment::Queued> Environment::take() {
  std::lock_guard lock(mutex_);
  wake_posted_ = false;
  return std::exchange(queue_, {});
}

void Environment::on_wake(napi_env env, napi_value, void* context, void*) {
  if (env != nullptr) static_cast<Environment*>(context)->drain(env);
}

void Environment::drain(napi_env env) {
  // An exception here can only come from an environment that is being terminated: the rest of the batch is
  // destroyed unsettled, as teardown would do.
  for (Queued& queued : take()) {
    Napi::HandleScope scope(env);
    try {
      queued.completion->settle(env);
    } catch (const Napi::Error&) {
    }
    queued.completion.reset();
    if (queued.ends_call) settled();
  }
}

void Environment::on_teardown(void* self) { static_cast<Environment*>(self)->teardown(Node::kAlive); }

void Environment::on_process_exit(int status, void*) {
  std::unordered_set<Environment*> left;
  {
    std::lock_guard lock(living().mutex);
    left.swap(living().environments);
  }
  for (Environment* environment : left) environment->teardown(Node::kGone);
  // A thread that is still inside librados must not see its globals destroyed.
  if (living().abandoned) _exit(status);
}

void Environment::teardown(Node node) {
  if (std::exchange(torn_down_, true)) return;
  {
    std::lock_guard lock(living().mutex);
    living().environments.erase(this);
  }
  {
    std::lock_guard lock(mutex_);
    silent_ = true;
  }
  for (Operation* operation : std::exchange(operations_, {})) operation->cancel();
  bool quiet = wait_for_calls_in_flight();
  // Completions hold references into JavaScript: without Node.js they are left to the end of the process.
  if (quiet && node == Node::kAlive) take().clear();
  if (quiet) {
    close_handles();
    pool_.stop();
    if (node == Node::kAlive) take().clear();
  } else {
    // A call outlived every time-out. Its thread still uses this object: leave both behind.
    new std::shared_ptr<Environment>(shared_from_this());
    living().abandoned = true;
  }
  if (node == Node::kAlive) napi_release_threadsafe_function(wake_, napi_tsfn_abort);
}

bool Environment::wait_for_calls_in_flight() {
  std::unique_lock lock(mutex_);
  return idle_.wait_for(lock, patience_, [this] { return in_flight_ == 0; });
}

void Environment::close_handles() {
  // Images before pools before clusters; those of one level side by side.
  for (int depth = 2; depth >= 0; --depth) {
    std::mutex mutex;
    std::condition_variable done;
    size_t left = 0;
    for (Handle* handle : handles_) left += handle->depth() == depth ? 1 : 0;
    for (Handle* handle : handles_) {
      if (handle->depth() != depth) continue;
      pool_.run(Lane::kShort, [&, handle] {
        handle->close_now();
        std::lock_guard lock(mutex);
        if (--left == 0) done.notify_all();
      });
    }
    std::unique_lock lock(mutex);
    done.wait(lock, [&] { return left == 0; });
  }
  handles_.clear();
}

}  // namespace coppice
