// SPDX-License-Identifier: Apache-2.0
#include "host/runner/services.h"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <string>

#include <time.h>

#include "host/runner/http.h"

namespace dsw::runner {
namespace {

std::atomic<std::uint32_t> log_levels{0};
const ControlConnection* control_connection = nullptr;
bool http_is_there = false;

std::uint32_t IsLogEnabled(const dsw_host*, std::int32_t level) noexcept {
  const int bit = std::clamp<std::int32_t>(level, DSW_LOG_TRACE, DSW_LOG_ERROR);
  return (log_levels.load() >> bit) & 1;
}

void WriteLog(const dsw_host* host, const dsw_call* call, std::int32_t level,
              const dsw_str* message, const dsw_kv* fields, std::size_t field_count) noexcept {
  if (IsLogEnabled(host, level) == 0) return;
  Slot* const slot = call != nullptr ? static_cast<Slot*>(call->host_data) : Slot::Current();
  if (slot == nullptr) {
    control_connection->Log(level, message, fields, field_count);
    return;
  }
  slot->Post(wire::Kind::kLog,
             [&](wire::Writer& line) { WriteLogLine(line, level, message, fields, field_count); });
}

std::uint64_t NowMonotonic(const dsw_host*) noexcept {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000u +
         static_cast<std::uint64_t>(now.tv_nsec);
}

const void* GetExtension(const dsw_host*, const char* id, std::size_t id_len) noexcept {
  return http_is_there && std::string_view(id, id_len) == DSW_EXT_HTTP ? HttpTable() : nullptr;
}

std::uint32_t IsCancelled(const dsw_call* call) noexcept {
  return static_cast<const Slot*>(call->host_data)->cancelled() ? 1 : 0;
}

dsw_str StrOf(std::string_view text) {
  return {text.data(), text.size()};
}

}  // namespace

void SetLogLevels(std::uint32_t mask) {
  log_levels = mask;
}

const dsw_host* MakeHost(const ControlConnection& control, std::string_view name,
                         std::string_view version, bool has_http) {
  static std::string texts[2];
  static dsw_host table{};
  control_connection = &control;
  http_is_there = has_http;
  texts[0] = name;
  texts[1] = version;
  table = {.struct_size = sizeof table,
           .abi_minor = DSW_ABI_MINOR,
           .host_data = nullptr,
           .name = StrOf(texts[0]),
           .version = StrOf(texts[1]),
           .log_enabled = &IsLogEnabled,
           .log = &WriteLog,
           .now_mono_ns = &NowMonotonic,
           .get_extension = &GetExtension};
  return &table;
}

dsw_call ReadCall(Slot& slot, wire::Reader& call) {
  dsw_call read{};
  read.struct_size = sizeof read;
  read.attempt = call.U32();
  read.host_data = &slot;
  read.deadline_mono_ns = call.U64();
  read.cancel_fd = slot.cancel_fd();
  read.cancelled = &IsCancelled;
  read.idempotency_key = StrOf(call.Text());
  read.traceparent = StrOf(call.Text());
  return read;
}

}  // namespace dsw::runner
