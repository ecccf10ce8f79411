// SPDX-License-Identifier: Apache-2.0
#include "host/plugin/sink_plugin.h"

#include <cmath>
#include <utility>

#include <fmt/format.h>

#include "host/base/utf8.h"
#include "host/plugin/errors.h"
#include "host/plugin/text.h"

namespace dsw {
namespace {

std::uint32_t DistanceOf(Distance distance) {
  switch (distance) {
    case Distance::kEuclid:
      return DSW_DISTANCE_EUCLID;
    case Distance::kDot:
      return DSW_DISTANCE_DOT;
    case Distance::kCosine:
      break;
  }
  return DSW_DISTANCE_COSINE;
}

std::vector<dsw_str> Borrow(std::span<const std::string> texts) {
  std::vector<dsw_str> borrowed;
  borrowed.reserve(texts.size());
  for (const std::string& text : texts) borrowed.push_back(StrOf(text));
  return borrowed;
}

const dsw_sink_search* FindSearch(const PluginInstance& instance) {
  if (instance.provider().get_extension == nullptr) return nullptr;
  constexpr std::string_view kId = DSW_EXT_SEARCH;
  const auto* search = static_cast<const dsw_sink_search*>(
      instance.provider().get_extension(instance.handle(), kId.data(), kId.size()));
  return search != nullptr && DSW_CAN(search, search) ? search : nullptr;
}

/// Takes the answers of one search.
struct HitReceiver {
  std::vector<Hit> hits;
  std::string violation;

  static void Add(const dsw_search_out* out, const dsw_hit* hit) noexcept {
    auto& self = *static_cast<HitReceiver*>(out->ctx);
    if (hit == nullptr || !DSW_HAS(hit, score) || !std::isfinite(hit->score)) {
      self.violation = "returned a hit that cannot be read";
      return;
    }
    self.hits.push_back({.id = CleanUtf8(ViewOf(hit->id)),
                         .score = hit->score,
                         .payload_json = CleanUtf8(ViewOf(hit->payload))});
  }
};

}  // namespace

SinkPlugin::SinkPlugin(std::unique_ptr<PluginInstance> instance)
    : instance_(std::move(instance)), search_(FindSearch(*instance_)) {}

Status SinkPlugin::EnsureCollection(const CallContext& context, const CollectionSpec& spec) {
  const dsw_collection_spec request{.struct_size = sizeof request,
                                    .dimensions = spec.dimensions,
                                    .name = StrOf(spec.name),
                                    .distance = DistanceOf(spec.distance),
                                    .flags = spec.create ? 0 : DSW_COLLECTION_MUST_EXIST};
  return instance_->guard().Call(context, [&](const dsw_call* call, dsw_error* error) {
    return instance_->provider().sink->ensure_collection(instance_->handle(), call, &request,
                                                         error);
  });
}

Status SinkPlugin::Upsert(const CallContext& context, std::string_view collection,
                          const Points& points, std::size_t first, std::size_t count) {
  if (count == 0) return {};
  if (max_batch() != 0 && count > max_batch()) {
    return Fail(Code::kTooLarge, fmt::format("{}: {} points in one call, at most {} are possible",
                                             provider(), count, max_batch()));
  }
  const std::vector<dsw_str> ids = Borrow(std::span(points.ids).subspan(first, count));
  const std::vector<dsw_str> payloads = Borrow(std::span(points.payloads).subspan(first, count));
  const std::size_t dimensions = points.vectors.dimensions();
  const dsw_points request{.struct_size = sizeof request,
                           .dimensions = static_cast<std::uint32_t>(dimensions),
                           .count = count,
                           .ids = ids.data(),
                           .vectors = points.vectors.data() + first * dimensions,
                           .row_stride_bytes = dimensions * sizeof(float),
                           .payloads = payloads.data()};
  const dsw_str name = StrOf(collection);
  return instance_->guard().Call(context, [&](const dsw_call* call, dsw_error* error) {
    return instance_->provider().sink->upsert(instance_->handle(), call, &name, &request, error);
  });
}

Status SinkPlugin::Remove(const CallContext& context, std::string_view collection,
                          std::span<const std::string> ids) {
  if (ids.empty()) return {};
  const std::vector<dsw_str> borrowed = Borrow(ids);
  const dsw_str name = StrOf(collection);
  return instance_->guard().Call(context, [&](const dsw_call* call, dsw_error* error) {
    return instance_->provider().sink->remove(instance_->handle(), call, &name, borrowed.data(),
                                              borrowed.size(), error);
  });
}

Result<std::uint64_t> SinkPlugin::Count(const CallContext& context, std::string_view collection) {
  std::uint64_t count = 0;
  const dsw_str name = StrOf(collection);
  RETURN_IF_ERROR(instance_->guard().Call(context, [&](const dsw_call* call, dsw_error* error) {
    return instance_->provider().sink->count(instance_->handle(), call, &name, &count, error);
  }));
  return count;
}

Result<std::vector<Hit>> SinkPlugin::Search(const CallContext& context, std::string_view collection,
                                            std::span<const float> vector, std::uint32_t limit) {
  if (search_ == nullptr) {
    return Fail(Code::kInvalid, fmt::format("the sink \"{}\" cannot search", provider()));
  }
  HitReceiver receiver;
  const dsw_search_out out{
      .struct_size = sizeof out, .reserved0 = 0, .ctx = &receiver, .hit = &HitReceiver::Add};
  const dsw_str name = StrOf(collection);
  RETURN_IF_ERROR(instance_->guard().Call(context, [&](const dsw_call* call, dsw_error* error) {
    return search_->search(instance_->handle(), call, &name, vector.data(),
                           static_cast<std::uint32_t>(vector.size()), limit, &out, error);
  }));
  if (receiver.hits.size() > limit) {
    receiver.violation = fmt::format("returned {} hits, asked for {}", receiver.hits.size(), limit);
  }
  if (!receiver.violation.empty()) return Fail(Misbehaviour(provider(), receiver.violation));
  return std::move(receiver.hits);
}

Status SinkPlugin::Health(const CallContext& context) {
  const auto health = instance_->provider().sink->health;
  if (health == nullptr) return {};
  return instance_->guard().Call(context, [&](const dsw_call* call, dsw_error* error) {
    return health(instance_->handle(), call, error);
  });
}

}  // namespace dsw
