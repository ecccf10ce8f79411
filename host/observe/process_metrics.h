// SPDX-License-Identifier: Apache-2.0
//
// What the operating system knows about this process, under the names that Prometheus' own client
// libraries use.
#pragma once

#include <vector>

#include <prometheus/collectable.h>
#include <prometheus/metric_family.h>

namespace dsw {

/// Reads /proc at each collection; what cannot be read is left out. Thread-safe.
class ProcessMetrics final : public prometheus::Collectable {
 public:
  std::vector<prometheus::MetricFamily> Collect() const override;
};

}  // namespace dsw
