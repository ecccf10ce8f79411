// SPDX-License-Identifier: Apache-2.0
#include "host/plugin/call_guard.h"

#include <chrono>
#include <exception>
#include <stop_token>

#include <sys/eventfd.h>

#include "host/base/file_descriptor.h"
#include "host/plugin/errors.h"
#include "host/plugin/running_calls.h"
#include "host/plugin/text.h"

namespace dsw {
namespace {

using TimePoint = std::chrono::steady_clock::time_point;

std::uint64_t NanosecondsOf(TimePoint deadline) {
  if (deadline == TimePoint::max()) return 0;
  const auto since_boot =
      std::chrono::duration_cast<std::chrono::nanoseconds>(deadline.time_since_epoch()).count();
  // 0 would mean that there is no deadline.
  return since_boot > 0 ? static_cast<std::uint64_t>(since_boot) : 1;
}

std::uint32_t IsCancelled(const dsw_call* call) noexcept {
  const auto* const host_call = static_cast<const HostCall*>(call->host_data);
  return host_call->context.cancel.stop_requested() ? 1 : 0;
}

/// Becomes readable on cancel; -1 when the call cannot be cancelled or no descriptor is left, in
/// which case there still is dsw_call.cancelled.
class CancelEvent {
 public:
  explicit CancelEvent(const std::stop_token& cancel)
      : event_(cancel.stop_possible() ? eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK) : -1),
        on_cancel_(cancel, Raise{event_.get()}) {}
  int fd() const { return event_.get(); }

 private:
  struct Raise {
    int fd;
    void operator()() const noexcept {
      if (fd >= 0) eventfd_write(fd, 1);
    }
  };
  // In this order: the descriptor is closed once nobody can raise it any more.
  const FileDescriptor event_;
  const std::stop_callback<Raise> on_cancel_;
};

dsw_call MakeCall(HostCall& host_call, const CancelEvent& event) {
  const CallContext& context = host_call.context;
  return {.struct_size = sizeof(dsw_call),
          .attempt = context.attempt,
          .host_data = &host_call,
          .deadline_mono_ns = NanosecondsOf(context.deadline),
          .cancel_fd = event.fd(),
          .reserved0 = 0,
          .cancelled = &IsCancelled,
          .idempotency_key = StrOf(context.idempotency_key),
          .traceparent = StrOf(context.traceparent)};
}

}  // namespace

Status RunPluginCode(std::string_view who, const std::function<dsw_status(dsw_error*)>& body) {
  dsw_error error = EmptyError();
  try {
    const dsw_status status = body(&error);
    if (status == DSW_OK) return {};
    return Fail(ErrorFrom(who, status, error));
  } catch (const std::exception& exception) {
    return Fail(Misbehaviour(who, std::string("threw an exception: ") + exception.what()));
  } catch (...) {
    return Fail(Misbehaviour(who, "threw an exception of unknown type"));
  }
}

Status CallGuard::Enter(const CallContext& context) {
  std::unique_lock lock(mutex_);
  if (max_concurrency_ != 0) {
    const auto free = [this] { return running_ < max_concurrency_; };
    if (context.deadline == TimePoint::max()) {
      left_.wait(lock, context.cancel, free);
    } else {
      left_.wait_until(lock, context.cancel, context.deadline, free);
    }
  }
  if (context.cancel.stop_requested()) return Fail(Code::kCancelled, who_ + ": cancelled");
  if (max_concurrency_ != 0 && running_ >= max_concurrency_) {
    return Fail(Code::kTimeout, who_ + ": the deadline passed before it was this call's turn");
  }
  ++running_;
  return {};
}

void CallGuard::Leave() {
  {
    const std::lock_guard lock(mutex_);
    --running_;
  }
  left_.notify_one();
}

Status CallGuard::Call(std::string_view operation, const CallContext& context,
                       const std::function<dsw_status(const dsw_call*, dsw_error*)>& body) {
  RETURN_IF_ERROR(Enter(context));
  Status status;
  std::optional<Error> denied;
  {
    const RunningCalls::Entry entry(who_, operation, context);
    const CancelEvent event(context.cancel);
    HostCall host_call{.context = context, .scope = scope_};
    const dsw_call call = MakeCall(host_call, event);
    status = RunPluginCode(who_, [&](dsw_error* error) { return body(&call, error); });
    denied = std::move(host_call.denied);
  }
  Leave();
  if (status) return status;
  const bool cancelled = context.cancel.stop_requested();
  if (cancelled) return Fail(Code::kCancelled, who_ + ": cancelled");
  if (status.error().code == Code::kCancelled) {
    // Taken at its word, it would hand the job back for ever.
    return Fail(Misbehaviour(who_, "reported a cancellation that nobody asked for"));
  }
  if (denied && status.error().code == Code::kInvalid) {
    // The plugin has no word for whose fault it is.
    return Fail(std::move(*denied).Context(who_));
  }
  return status;
}

}  // namespace dsw
