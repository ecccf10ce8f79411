// SPDX-License-Identifier: Apache-2.0
//
// The sink: Qdrant's operations as those of the plugin ABI.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <dsw/plugin.hpp>

#include "plugins/sink_qdrant/collection.h"
#include "plugins/sink_qdrant/config.h"
#include "plugins/sink_qdrant/grpc_link.h"
#include "plugins/sink_qdrant/points.h"
#include "plugins/sink_qdrant/rest_client.h"
#include "plugins/sink_qdrant/scan.h"
#include "plugins/sink_qdrant/write_watch.h"

namespace dsw::qdrant {

/// Thread-safe. Operations throw dsw::Failure.
class QdrantSink {
 public:
  QdrantSink(const dsw_host& host, std::string_view config_json);
  QdrantSink(const QdrantSink&) = delete;
  QdrantSink& operator=(const QdrantSink&) = delete;

  void EnsureCollection(const dsw_call& call, const dsw_collection_spec& spec);
  void Ensure(const dsw_call& call, const dsw_collection_spec& spec, const dsw_collection_out& out);
  void SetMaker(const dsw_call& call, std::string_view collection, std::string_view maker);
  /// Points of more bytes than a request should have go in several requests, of which the last may
  /// fail when the first have succeeded: the same call again then ends as one that had not.
  /// Requests that the server refuses as too large are split; DSW_E_TOO_LARGE is about a single
  /// point.
  void Upsert(const dsw_call& call, std::string_view collection, const dsw_points& points);
  void Remove(const dsw_call& call, std::string_view collection, const dsw_str* ids,
              std::size_t count, std::int64_t fence = 0);
  /// Of the points that searches see.
  std::uint64_t Count(const dsw_call& call, std::string_view collection);
  void Scan(const dsw_call& call, std::string_view collection, std::string_view after,
            std::uint32_t limit, const dsw_scan_out& out);
  void Search(const dsw_call& call, std::string_view collection, const float* vector,
              std::uint32_t dimensions, std::uint32_t limit, const dsw_search_out& out);
  /// That the server is ready and takes the key.
  void Health(const dsw_call& call);

 private:
  Collection MakeUsable(const dsw_call& call, const dsw_collection_spec& spec);
  UpdateStatus UpsertOverRest(const dsw_call& call, std::string_view collection,
                              const PointRange& range) const;
  /// Sends the first points of `range`; sets `front` to them, also when they are refused.
  void UpsertFront(const dsw_call& call, std::string_view collection, const PointRange& range,
                   UpsertMessage& message, PointRange& front);
  void RemovePart(const dsw_call& call, std::string_view collection,
                  const std::vector<std::string>& ids, std::int64_t fence);
  /// Writes without fences from now on.
  void GiveUpFence(const dsw_call& call, std::string_view reason);
  /// Sends fewer than the `refused` points from now on: what the refusal names, or half of them.
  void LearnLimit(const dsw_error& refusal, std::size_t refused);

  const dsw_host& host_;
  const Config config_;
  const RestClient rest_;
  GrpcLink grpc_;
  WriteWatch watch_;
  Scanner scanner_;
  std::atomic<bool> unfenced_{false};
  std::atomic<std::size_t> most_points_{SIZE_MAX};  ///< Per request, as far as was learned.
};

}  // namespace dsw::qdrant
