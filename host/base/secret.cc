// SPDX-License-Identifier: Apache-2.0
#include "host/base/secret.h"

#include <mutex>
#include <set>

namespace dsw {
namespace {

constexpr std::size_t kShortestRemembered = 6;
constexpr std::string_view kMask = "***";

struct Memory {
  std::mutex mutex;
  // Longest first, so that a secret that contains another is masked whole.
  struct LongestFirst {
    bool operator()(const std::string& a, const std::string& b) const {
      return a.size() != b.size() ? a.size() > b.size() : a < b;
    }
  };
  std::set<std::string, LongestFirst> values;
};

Memory& TheMemory() {
  // Never destroyed: threads may still log while the process ends.
  static Memory* const memory = new Memory;
  return *memory;
}

/// Masks the password in every scheme://user:password@host.
void RedactUrlPasswords(std::string& text) {
  std::size_t at = 0;
  while ((at = text.find("://", at)) != std::string::npos) {
    const std::size_t authority = at + 3;
    const std::size_t end = text.find_first_of("/ \t\r\n\"'<>", authority);
    const std::string_view part =
        std::string_view(text).substr(authority, end == std::string::npos ? end : end - authority);
    const std::size_t separator = part.rfind('@');
    const std::size_t colon = part.find(':');
    if (separator != std::string_view::npos && colon < separator) {
      text.replace(authority + colon + 1, separator - colon - 1, kMask);
    }
    at = authority;
  }
}

}  // namespace

void RememberSecret(std::string_view value) {
  if (value.size() < kShortestRemembered) return;
  Memory& memory = TheMemory();
  const std::lock_guard lock(memory.mutex);
  memory.values.emplace(value);
}

std::string Redact(std::string_view text) {
  std::string clean(text);
  {
    Memory& memory = TheMemory();
    const std::lock_guard lock(memory.mutex);
    for (const std::string& value : memory.values) {
      std::size_t at = 0;
      while ((at = clean.find(value, at)) != std::string::npos) {
        clean.replace(at, value.size(), kMask);
        at += kMask.size();
      }
    }
  }
  RedactUrlPasswords(clean);
  return clean;
}

}  // namespace dsw
