// SPDX-License-Identifier: Apache-2.0
#include "host/observe/readiness.h"

#include <algorithm>
#include <utility>

namespace dsw {
namespace {

constexpr std::chrono::seconds kFreshFor{1};

}  // namespace

Readiness::Readiness(std::vector<ReadinessCheck> checks, const Clock& clock)
    : checks_(std::move(checks)), clock_(clock) {}

Readiness::Report Readiness::Check() {
  const std::lock_guard lock(mutex_);
  if (checked_at_ && clock_.Now() - *checked_at_ < kFreshFor) return report_;
  report_.findings.clear();
  for (const ReadinessCheck& check : checks_) {
    report_.findings.push_back({check.name, check.run()});
  }
  report_.ready = std::all_of(report_.findings.begin(), report_.findings.end(),
                              [](const Finding& finding) { return finding.status.has_value(); });
  checked_at_ = clock_.Now();
  return report_;
}

}  // namespace dsw
