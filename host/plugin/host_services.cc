// SPDX-License-Identifier: Apache-2.0
#include "host/plugin/host_services.h"

#include <algorithm>
#include <chrono>
#include <map>
#include <string>
#include <vector>

#include "host/base/log.h"
#include "host/base/utf8.h"
#include "host/plugin/call_guard.h"
#include "host/plugin/http_service.h"
#include "host/plugin/text.h"

namespace dsw {
namespace {

constexpr std::string_view kComponent = "plugin";
constexpr std::string_view kName = "worker-datasets";
constexpr std::string_view kVersion = DSW_WORKER_VERSION;
constexpr std::size_t kMostFields = 32;

LogLevel LevelOf(std::int32_t level) {
  switch (level) {
    case DSW_LOG_TRACE:
      return LogLevel::kTrace;
    case DSW_LOG_DEBUG:
      return LogLevel::kDebug;
    case DSW_LOG_INFO:
      return LogLevel::kInfo;
    case DSW_LOG_WARN:
      return LogLevel::kWarn;
    default:
      return LogLevel::kError;
  }
}

std::uint32_t IsLogEnabled(const dsw_host*, std::int32_t level) noexcept {
  return LogEnabled(LevelOf(level), kComponent) ? 1 : 0;
}

void WriteLog(const dsw_host* host, const dsw_call* call, std::int32_t level,
              const dsw_str* message, const dsw_kv* fields, std::size_t field_count) noexcept {
  if (message == nullptr || !LogEnabled(LevelOf(level), kComponent)) return;
  std::vector<LogField> copies;
  copies.push_back({"plugin", *static_cast<const std::string*>(host->host_data)});
  if (call != nullptr && call->host_data != nullptr) {
    const CallContext& context = static_cast<const HostCall*>(call->host_data)->context;
    if (!context.job_id.empty()) copies.push_back({"job_id", context.job_id});
  }
  const std::size_t count = fields == nullptr ? 0 : std::min(field_count, kMostFields);
  std::vector<std::string> keys(count);
  for (std::size_t i = 0; i < count; ++i) {
    keys[i] = CleanUtf8(ViewOf(fields[i].key));
    copies.push_back({keys[i], CleanUtf8(ViewOf(fields[i].value))});
  }
  Log(LevelOf(level), kComponent, CleanUtf8(ViewOf(*message)), std::span<const LogField>(copies));
}

std::uint64_t NowMonotonic(const dsw_host*) noexcept {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  return static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::nanoseconds>(now).count());
}

const void* GetExtension(const dsw_host*, const char* id, std::size_t id_len) noexcept {
  return std::string_view(id, id_len) == DSW_EXT_HTTP ? HttpService() : nullptr;
}

struct Services {
  std::string plugin;
  dsw_host table;
};

}  // namespace

const dsw_host* HostServicesFor(std::string_view plugin) {
  // Never destroyed: see the declaration.
  static auto* const services = new std::map<std::string, Services, std::less<>>;
  auto found = services->find(plugin);
  if (found == services->end()) {
    found = services->emplace(plugin, Services{std::string(plugin), {}}).first;
    found->second.table = {.struct_size = sizeof(dsw_host),
                           .abi_minor = DSW_ABI_MINOR,
                           .host_data = &found->second.plugin,
                           .name = StrOf(kName),
                           .version = StrOf(kVersion),
                           .log_enabled = &IsLogEnabled,
                           .log = &WriteLog,
                           .now_mono_ns = &NowMonotonic,
                           .get_extension = &GetExtension};
  }
  return &found->second.table;
}

}  // namespace dsw
