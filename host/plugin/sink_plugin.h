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

  /// Of a plugin without DSW_EXT_COLLECTION only `empty` is known, by its count.
  Result<CollectionState> EnsureCollection(const CallContext& context,
                                           const CollectionSpec& spec) override;
  Status SetMaker(const CallContext& context, std::string_view collection,
                  std::string_view maker) override;
  /// kTooLarge, without a call, for more points than max_batch() allows.
  Status Upsert(const CallContext& context, std::string_view collection, const Points& points,
                std::size_t first, std::size_t count) override;
  Status Remove(const CallContext& context, std::string_view collection,
                std::span<const std::string> ids, std::int64_t token) override;
  Result<std::uint64_t> Count(const CallContext& context, std::string_view collection) override;
  Status Scan(const CallContext& context, std::string_view collection, std::string_view after_id,
              std::uint32_t limit, std::vector<PointStamp>& page) override;
  Result<std::vector<Hit>> Search(const CallContext& context, std::string_view collection,
                                  std::span<const float> vector, std::uint32_t limit) override;
  Status Health(const CallContext& context) override;

 private:
  const std::unique_ptr<PluginInstance> instance_;
  // Null when the sink does not have it.
  const dsw_sink_collection* const collection_;
  const dsw_sink_scan* const scan_;
  const dsw_sink_search* const search_;
};

}  // namespace dsw
