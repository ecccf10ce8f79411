// SPDX-License-Identifier: Apache-2.0
//
// Text in, vectors out.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "host/base/result.h"
#include "host/domain/vectors.h"
#include "host/ports/call_context.h"

namespace dsw {

enum class InputType { kDocument, kQuery };

/// A provider with its configuration and model. Thread-safe; calls beyond the provider's own
/// concurrency limit wait for their turn.
class Embedder {
 public:
  /// What one call may carry; 0 means any amount.
  struct Limits {
    std::uint32_t max_batch = 0;
    std::uint64_t max_bytes = 0;
  };

  virtual ~Embedder() = default;
  /// The provider's id, as "openai"; a metrics label.
  virtual std::string_view provider() const = 0;
  virtual Limits limits() const = 0;
  /// Equal for the embedders that share an upstream's limits: provider, address and key. Holds no
  /// secret.
  virtual std::string_view lane() const = 0;
  /// Calls go to a network service.
  virtual bool remote() const = 0;
  /// The settings, by name, that make its vectors what they are; nothing when it cannot tell, and
  /// then any may.
  virtual std::optional<std::vector<std::string>> vector_settings() const = 0;
  /// kNotFound for a model that the provider does not have, or whose files are missing.
  virtual Result<ModelFacts> Describe(const CallContext& context) = 0;
  /// One attempt. On success the result has one row of the model's size per text, finite unless the
  /// text failed, and item_errors and truncated have one entry per text.
  virtual Result<Vectors> Embed(const CallContext& context, std::span<const std::string_view> texts,
                                InputType type) = 0;
};

}  // namespace dsw
