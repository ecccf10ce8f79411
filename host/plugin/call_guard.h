// SPDX-License-Identifier: Apache-2.0
//
// The one way into a plugin's code: what every call is given, and what it is held to.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include <dsw/plugin.h>

#include "host/base/result.h"
#include "host/plugin/instance_scope.h"
#include "host/ports/call_context.h"

namespace dsw {

/// Runs `body`, which calls into the plugin of `who`, and turns what it returns into a Status. An
/// exception that gets out is a misbehaviour.
Status RunPluginCode(std::string_view who, const std::function<dsw_status(dsw_error*)>& body);

/// What dsw_call.host_data points to.
struct HostCall {
  const CallContext& context;
  const InstanceScope* scope;
  std::mutex mutex{};
  std::optional<Error> denied{};  ///< A request that the operator's rules forbid; guarded by mutex.
};

/// Guards the calls into one instance. Thread-safe.
class CallGuard {
 public:
  /// `who` stands in errors; `max_concurrency` calls run at a time, 0 for any number.
  /// `scope` is what the calls may use of the host; it outlives the guard, and null stands for
  /// nothing.
  CallGuard(std::string who, std::uint32_t max_concurrency, const InstanceScope* scope = nullptr)
      : who_(std::move(who)), max_concurrency_(max_concurrency), scope_(scope) {}

  const std::string& who() const { return who_; }

  /// Waits for its turn, then runs `body` with the call's deadline and cancellation. kCancelled as
  /// soon as `context` is cancelled while it waits, and for whatever failure a cancelled call ended
  /// with; kTimeout when the deadline passes while it waits. The plugin itself is only asked to
  /// return then; while it does not, RunningCalls has it as `operation`. A call that is invalid to
  /// the plugin because the operator's rules denied a request fails as that did (HttpClient).
  Status Call(std::string_view operation, const CallContext& context,
              const std::function<dsw_status(const dsw_call*, dsw_error*)>& body);

 private:
  Status Enter(const CallContext& context);
  void Leave();

  const std::string who_;
  const std::uint32_t max_concurrency_;
  const InstanceScope* const scope_;
  std::mutex mutex_;
  std::condition_variable_any left_;
  std::uint32_t running_ = 0;  // Guarded by mutex_.
};

}  // namespace dsw
