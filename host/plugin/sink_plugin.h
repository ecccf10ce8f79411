// SPDX-License-Identifier: Apache-2.0
//
// A vector sink whose work is done by a plugin.
#pragma once

#include <memory>

#include "host/plugin/instance.h"
#include "host/ports/vector_sink.h"

namespace dsw {

/// Lends points to the plugin as they are; copies no vector. Thread-safe.
class SinkPlugin final : public VectorSink {
 public:
  explicit SinkPlugin(std::unique_ptr<PluginInstance> instance);

  std::string_view provider() const override { return instance_->provider_id(); }
  std::string_view lane() const override { return instance_->scope().lane; }
  std::uint32_t max_batch() const override { return instance_->provider().max_batch; }

  Status EnsureCollection(const CallContext& context, const CollectionSpec& spec) override;
  /// kTooLarge, without a call, for more points than max_batch() allows.
  Status Upsert(const CallContext& context, std::string_view collection, const Points& points,
                std::size_t first, std::size_t count) override;
  Status Remove(const CallContext& context, std::string_view collection,
                std::span<const std::string> ids) override;
  Result<std::uint64_t> Count(const CallContext& context, std::string_view collection) override;
  Result<std::vector<Hit>> Search(const CallContext& context, std::string_view collection,
                                  std::span<const float> vector, std::uint32_t limit) override;
  Status Health(const CallContext& context) override;

 private:
  const std::unique_ptr<PluginInstance> instance_;
  const dsw_sink_search* search_ = nullptr;  // Null when the sink cannot search.
};

}  // namespace dsw
