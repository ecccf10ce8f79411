// SPDX-License-Identifier: Apache-2.0
//
// Values that must not be seen: a string type that prints as "***", and the process-wide memory of
// such values that scrubs them from text on its way to logs, events and dead letters.
#pragma once

#include <ostream>
#include <string>
#include <string_view>
#include <utility>

namespace dsw {

/// Remembers `value` for Redact(). Values shorter than 6 bytes are not remembered: they would
/// blank out ordinary words. Thread-safe.
void RememberSecret(std::string_view value);

/// `text` with every remembered secret, and the password of every URL in it, replaced by "***".
/// Thread-safe.
std::string Redact(std::string_view text);

/// A secret string, remembered for redaction from the moment it is made.
class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string value) : value_(std::move(value)) { RememberSecret(value_); }

  bool empty() const { return value_.empty(); }
  /// The value itself; for the one place that has to send it.
  const std::string& Reveal() const { return value_; }

  friend bool operator==(const Secret&, const Secret&) = default;
  friend std::ostream& operator<<(std::ostream& out, const Secret&) { return out << "***"; }

 private:
  std::string value_;
};

}  // namespace dsw
