// SPDX-License-Identifier: Apache-2.0
#include "host/base/log.h"

#include <atomic>

namespace dsw {
namespace {

std::atomic<LogBackend*> log_backend{nullptr};

}  // namespace

void SetLogBackend(LogBackend* backend) {
  log_backend.store(backend);
}

bool LogEnabled(LogLevel level, std::string_view component) {
  const LogBackend* backend = log_backend.load();
  return backend != nullptr && backend->Enabled(level, component);
}

void Log(LogLevel level, std::string_view component, std::string_view message,
         std::span<const LogField> fields) {
  LogBackend* backend = log_backend.load();
  if (backend != nullptr && backend->Enabled(level, component)) {
    backend->Write(level, component, message, fields);
  }
}

}  // namespace dsw
