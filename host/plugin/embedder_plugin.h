// SPDX-License-Identifier: Apache-2.0
//
// An embedder whose work is done by a plugin.
#pragma once

#include <atomic>
#include <memory>

#include "host/plugin/instance.h"
#include "host/ports/embedder.h"

namespace dsw {

/// Holds every result to the contract of the ABI before it hands it on. Thread-safe.
class EmbedderPlugin final : public Embedder {
 public:
  explicit EmbedderPlugin(std::unique_ptr<PluginInstance> instance);

  std::string_view provider() const override { return instance_->provider_id(); }
  Limits limits() const override;
  std::string_view lane() const override { return instance_->scope().lane; }
  bool remote() const override;
  std::optional<std::vector<std::string>> vector_settings() const override;
  Result<ModelFacts> Describe(const CallContext& context) override;
  /// kTooLarge, without a call, for more texts than limits() allows.
  Result<Vectors> Embed(const CallContext& context, std::span<const std::string_view> texts,
                        InputType type) override;

 private:
  const std::unique_ptr<PluginInstance> instance_;
  // From the last Describe() or Embed(), 0 before.
  std::atomic<std::uint32_t> dimensions_{0};
  std::atomic<std::uint32_t> max_batch_;
};

}  // namespace dsw
