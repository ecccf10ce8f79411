// SPDX-License-Identifier: Apache-2.0
//
// What the loaded plugins offer, by provider id.
#pragma once

#include <memory>

#include "host/base/result.h"
#include "host/domain/job.h"
#include "host/domain/plan.h"
#include "host/ports/embedder.h"
#include "host/ports/vector_sink.h"

namespace dsw {

/// Thread-safe. Instances are shared between jobs of the same configuration.
class PluginCatalog {
 public:
  virtual ~PluginCatalog() = default;
  /// kNotFound, listing what there is, for an unknown provider; kInvalid for a configuration that
  /// the provider refuses.
  virtual Result<std::shared_ptr<Embedder>> OpenEmbedder(const EmbedderConfig& config) = 0;
  /// The configured sink, with a job's overrides where there are any.
  virtual Result<std::shared_ptr<VectorSink>> OpenSink(const SinkOverride& overrides) = 0;
};

}  // namespace dsw
