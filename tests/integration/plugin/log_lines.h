// SPDX-License-Identifier: Apache-2.0
//
// The log, as text.
#pragma once

#include <mutex>
#include <span>
#include <string>
#include <string_view>

#include "host/base/log.h"

namespace dsw {

/// Takes what is logged while it lives, one line each.
class LogLines final : public LogBackend {
 public:
  LogLines() { SetLogBackend(this); }
  ~LogLines() override { SetLogBackend(nullptr); }
  bool Enabled(LogLevel, std::string_view) const override { return true; }
  void Write(LogLevel, std::string_view, std::string_view message,
             std::span<const LogField> fields) override {
    const std::lock_guard lock(mutex_);
    text_ += message;
    for (const LogField& field : fields) {
      text_ += ' ' + std::string(field.key) + '=' + field.value;
    }
    text_ += '\n';
  }
  std::string text() const {
    const std::lock_guard lock(mutex_);
    return text_;
  }

 private:
  mutable std::mutex mutex_;
  std::string text_;
};

}  // namespace dsw
