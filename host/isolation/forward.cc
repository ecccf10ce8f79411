// SPDX-License-Identifier: Apache-2.0
#include "host/isolation/forward.h"

#include <iterator>
#include <utility>

namespace dsw {
namespace {

/// For calls whose maker set no deadline: nobody waits for a process for ever.
constexpr std::uint64_t kLongestCallNs = 600'000'000'000;

void WriteCall(wire::Writer& writer, const dsw_host& host, wire::Op op, const dsw_call* call) {
  writer.U32(LogLevelsOf(host));
  writer.U32(static_cast<std::uint32_t>(op));
  writer.U32(call == nullptr ? 0 : call->attempt);
  writer.U64(call == nullptr ? 0 : call->deadline_mono_ns);
  const dsw_str none{};
  const dsw_str& key = call == nullptr ? none : call->idempotency_key;
  const dsw_str& trace = call == nullptr ? none : call->traceparent;
  writer.Text(key.ptr, key.len);
  writer.Text(trace.ptr, trace.len);
}

CallLimits LimitsOf(const RemoteInstance& instance, const dsw_call* call) {
  if (call == nullptr) {
    const auto limit = static_cast<std::uint64_t>(instance.supervisor.instance_limit().count());
    return {.deadline_mono_ns = MonotonicNanoseconds() + limit};
  }
  const std::uint64_t deadline = call->deadline_mono_ns;
  return {.deadline_mono_ns = deadline != 0 ? deadline : MonotonicNanoseconds() + kLongestCallNs,
          .call = call};
}

/// What the plugin is there for, and not only a question whether it is.
bool IsUseful(wire::Op op) {
  switch (op) {
    case wire::Op::kCreate:
    case wire::Op::kDestroy:
    case wire::Op::kDescribe:
    case wire::Op::kEmbedHealth:
    case wire::Op::kSinkHealth:
      return false;
    default:
      return true;
  }
}

dsw_str StrOf(std::string_view text) {
  return {text.data(), text.size()};
}

void LogDeath(const RemoteInstance& instance, const Request& request, std::string_view how) {
  const dsw_str message = StrOf("a call into a plugin's process was lost");
  const dsw_kv fields[] = {{StrOf("provider"), StrOf(instance.id)},
                           {StrOf("operation"), StrOf(request.operation)},
                           {StrOf("reason"), StrOf(how)},
                           {StrOf("to_do"), StrOf("replace or remove the plugin if this goes on")}};
  instance.host.log(&instance.host, request.call, DSW_LOG_ERROR, &message, fields,
                    std::size(fields));
}

/// One exchange on a slot that is held, for the instance `number`; lets go of the slot. What the
/// outcome is followed by has been read when it is kDone.
struct Exchange {
  RemoteInstance& instance;
  const Request& request;
  RemoteOutcome outcome{};
  bool too_large = false;

  Slot::End Run(Slot& slot, std::uint64_t number) {
    Callbacks callbacks(instance.host, request.call, request.receivers);
    slot.Begin();
    if (request.prepare && !request.prepare(slot.arena())) return Slot::End::kTooLarge;
    std::string content;
    const auto fill = [&](wire::Writer& writer) {
      WriteCall(writer, instance.host, request.op, request.call);
      if (request.op != wire::Op::kCreate) writer.U64(number);
      if (request.fill) request.fill(writer);
    };
    const Slot::End end = slot.Call(LimitsOf(instance, request.call), fill, callbacks, content);
    if (end != Slot::End::kDone) return end;
    wire::Reader reader(content);
    const bool read = outcome.Read(reader);
    if (read && request.results) request.results(reader);
    if (!read || reader.bad()) return Slot::End::kBroken;
    too_large = callbacks.too_large();
    if (outcome.ok()) callbacks.TakeMatrix(slot);
    return end;
  }

  dsw_status Result(Slot::End end, const std::string& how, dsw_error* error) const {
    if (end == Slot::End::kTooLarge || too_large) {
      return ReportFailure(DSW_E_TOO_LARGE, "more than a plugin's process can be given in one call",
                           error);
    }
    if (end == Slot::End::kDone) return outcome.Deliver(error);
    LogDeath(instance, request, how);
    if (end == Slot::End::kOverdue) {
      return ReportFailure(DSW_E_TIMEOUT, "did not return in time; its process was ended", error);
    }
    return ReportFailure(DSW_E_UNAVAILABLE, how, error);
  }
};

Request CreateRequest(const RemoteInstance& instance, std::uint64_t& number,
                      std::uint32_t& extensions) {
  return {.op = wire::Op::kCreate,
          .operation = "create",
          .fill =
              [&instance](wire::Writer& writer) {
                writer.U32(instance.provider);
                writer.Text(instance.id);
                writer.Text(instance.config);
              },
          .results =
              [&number, &extensions](wire::Reader& reader) {
                number = reader.U64();
                extensions = reader.U32();
              }};
}

/// Makes the instance in the process of `lease`, and keeps the lease if it then is there. Needs
/// instance.mutex.
dsw_status Make(RemoteInstance& instance, SlotLease& lease, dsw_error* error) {
  std::uint64_t number = 0;
  std::uint32_t extensions = 0;
  const Request request = CreateRequest(instance, number, extensions);
  Exchange exchange{instance, request};
  const Slot::End end = exchange.Run(*lease.slot, 0);
  if (end == Slot::End::kDone && exchange.outcome.ok()) {
    instance.generation = lease.generation;
    instance.number = number;
    instance.extensions = extensions;
    return DSW_OK;
  }
  const std::string how = instance.supervisor.Finish(std::move(lease), end, false);
  lease = {};
  const dsw_status status = exchange.Result(end, how, error);
  return status == DSW_OK ? dsw_status{DSW_E_INTERNAL} : status;
}

}  // namespace

dsw_status Forward(RemoteInstance& instance, const Request& request, dsw_error* error) {
  Result<SlotLease> lease = instance.supervisor.Acquire(request.call);
  if (!lease) return ReportFailure(DSW_E_UNAVAILABLE, lease.error().message, error);
  std::uint64_t number = 0;
  {
    const std::lock_guard lock(instance.mutex);
    if (instance.generation != lease->generation) {
      const dsw_status status = Make(instance, *lease, error);
      if (status != DSW_OK) return status;
    }
    number = instance.number;
  }
  Exchange exchange{instance, request};
  const Slot::End end = exchange.Run(*lease->slot, number);
  const std::string how = instance.supervisor.Finish(*std::move(lease), end, IsUseful(request.op));
  return exchange.Result(end, how, error);
}

dsw_status CreateRemote(RemoteInstance& instance, bool& made, dsw_error* error) {
  Result<SlotLease> lease = instance.supervisor.Acquire(nullptr);
  if (!lease) return ReportFailure(DSW_E_UNAVAILABLE, lease.error().message, error);
  const std::lock_guard lock(instance.mutex);
  const dsw_status status = Make(instance, *lease, error);
  if (status != DSW_OK) return status;
  made = instance.number != 0;
  (void)instance.supervisor.Finish(*std::move(lease), Slot::End::kDone, false);
  return DSW_OK;
}

void DestroyRemote(RemoteInstance& instance) {
  SlotLease lease = instance.supervisor.AcquireOf(instance.generation);
  if (lease.slot == nullptr) return;
  const Request request{.op = wire::Op::kDestroy, .operation = "destroy"};
  Exchange exchange{instance, request};
  const Slot::End end = exchange.Run(*lease.slot, instance.number);
  const std::string how = instance.supervisor.Finish(std::move(lease), end, false);
  dsw_error ignored{};
  (void)exchange.Result(end, how, &ignored);
}

}  // namespace dsw
