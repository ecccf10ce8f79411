// SPDX-License-Identifier: Apache-2.0
//
// Where vectors are stored and searched.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "host/base/result.h"
#include "host/domain/point.h"
#include "host/ports/call_context.h"

namespace dsw {

enum class Distance { kCosine, kEuclid, kDot };

struct CollectionSpec {
  std::string name;
  std::uint32_t dimensions = 0;
  Distance distance = Distance::kCosine;
  bool create = true;  ///< False: kNotFound when it does not exist.
};

/// What a collection was found to be.
struct CollectionState {
  bool created = false;  ///< By this call.
  bool empty = false;    ///< Certainly without points.
  std::string maker{};   ///< What SetMaker stored last; empty: nothing, or this sink keeps none.
};

/// A point without its text and vector.
struct PointStamp {
  std::string id;
  std::string stamp;  ///< JSON text of the payload's kStampKey; empty when it has none.
};

/// Of a text that SetMaker takes.
inline constexpr std::size_t kMostMakerBytes = 1024;

/// One answer of a search.
struct Hit {
  std::string id;
  double score = 0;
  std::string payload_json;
};

/// Thread-safe; calls beyond the provider's own concurrency limit wait for their turn.
class VectorSink {
 public:
  virtual ~VectorSink() = default;
  /// The provider's id, as "sqlite".
  virtual std::string_view provider() const = 0;
  /// Equal for the sinks that share a service: provider, address and key. Holds no secret.
  virtual std::string_view lane() const = 0;
  /// Points per Upsert call; 0 for any number.
  virtual std::uint32_t max_batch() const = 0;

  /// Creates the collection or checks the existing one; kConflict when its size or distance
  /// differs.
  virtual Result<CollectionState> EnsureCollection(const CallContext& context,
                                                   const CollectionSpec& spec) = 0;
  /// Keeps a text of at most kMostMakerBytes with the collection, instead of the last one. Success
  /// without effect when the sink, or its server, can keep none.
  virtual Status SetMaker(const CallContext& context, std::string_view collection,
                          std::string_view maker) = 0;
  /// Stores rows [first, first + count) of `points`, all or none; durable once it returns success.
  /// Points that were stored with a larger token than that of `points` stay as they are, as far as
  /// the sink can compare.
  virtual Status Upsert(const CallContext& context, std::string_view collection,
                        const Points& points, std::size_t first, std::size_t count) = 0;
  /// Removes points by id; unknown ids are ignored. Points that were stored with a larger token
  /// than `token`, unless that is 0, stay, as far as the sink can compare.
  virtual Status Remove(const CallContext& context, std::string_view collection,
                        std::span<const std::string> ids, std::int64_t token) = 0;
  virtual Result<std::uint64_t> Count(const CallContext& context, std::string_view collection) = 0;
  /// Replaces `page` with at most `limit` points, the first of those behind `after_id` in the order
  /// of ids; an empty `after_id` begins. Fewer than `limit` are the last. kInvalid when the sink
  /// cannot list its points.
  virtual Status Scan(const CallContext& context, std::string_view collection,
                      std::string_view after_id, std::uint32_t limit,
                      std::vector<PointStamp>& page) = 0;
  /// The nearest points, nearest first. kInvalid when the sink cannot search.
  virtual Result<std::vector<Hit>> Search(const CallContext& context, std::string_view collection,
                                          std::span<const float> vector, std::uint32_t limit) = 0;
  /// Success while the sink can be written to.
  virtual Status Health(const CallContext& context) = 0;
};

}  // namespace dsw
