// SPDX-License-Identifier: Apache-2.0
#include "host/plugin/sink_plugin.h"

#include <cmath>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "host/base/utf8.h"
#include "host/plugin/errors.h"
#include "host/plugin/text.h"

namespace dsw {
namespace {

static_assert(std::string_view(kStampKey) == DSW_STAMP_KEY);

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

template <class Extension>
const Extension* FindExtension(const PluginInstance& instance, std::string_view id) {
  if (instance.provider().get_extension == nullptr) return nullptr;
  return static_cast<const Extension*>(
      instance.provider().get_extension(instance.handle(), id.data(), id.size()));
}

const dsw_sink_search* FindSearch(const PluginInstance& instance) {
  const auto* search = FindExtension<dsw_sink_search>(instance, DSW_EXT_SEARCH);
  return search != nullptr && DSW_CAN(search, search) ? search : nullptr;
}

const dsw_sink_collection* FindCollection(const PluginInstance& instance) {
  const auto* collection = FindExtension<dsw_sink_collection>(instance, DSW_EXT_COLLECTION);
  const bool whole =
      collection != nullptr && DSW_CAN(collection, ensure) && DSW_CAN(collection, set_maker);
  return whole ? collection : nullptr;
}

const dsw_sink_scan* FindScan(const PluginInstance& instance) {
  const auto* scan = FindExtension<dsw_sink_scan>(instance, DSW_EXT_SCAN);
  return scan != nullptr && DSW_CAN(scan, scan) ? scan : nullptr;
}

/// Takes the state of one collection.
struct StateReceiver {
  std::optional<CollectionState> state;

  static void Set(const dsw_collection_out* out, const dsw_collection_state* state) noexcept {
    if (state == nullptr || !DSW_HAS(state, maker)) return;
    static_cast<StateReceiver*>(out->ctx)->state = {
        .created = (state->flags & DSW_COLLECTION_CREATED) != 0,
        .empty = (state->flags & DSW_COLLECTION_EMPTY) != 0,
        .maker = CleanUtf8(ViewOf(state->maker))};
  }
};

/// Takes the points of one scan.
struct StampReceiver {
  std::vector<PointStamp>& page;
  std::string violation;

  static void Add(const dsw_scan_out* out, const dsw_point_stamp* point) noexcept {
    auto& self = *static_cast<StampReceiver*>(out->ctx);
    if (point == nullptr || !DSW_HAS(point, stamp) || ViewOf(point->id).empty()) {
      self.violation = "returned a point that cannot be read";
      return;
    }
    self.page.push_back(
        {.id = CleanUtf8(ViewOf(point->id)), .stamp = CleanUtf8(ViewOf(point->stamp))});
  }
};

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
    : instance_(std::move(instance)),
      collection_(FindCollection(*instance_)),
      scan_(FindScan(*instance_)),
      search_(FindSearch(*instance_)) {}

Result<CollectionState> SinkPlugin::EnsureCollection(const CallContext& context,
                                                     const CollectionSpec& spec) {
  const dsw_collection_spec request{.struct_size = sizeof request,
                                    .dimensions = spec.dimensions,
                                    .name = StrOf(spec.name),
                                    .distance = DistanceOf(spec.distance),
                                    .flags = spec.create ? 0 : DSW_COLLECTION_MUST_EXIST};
  if (collection_ == nullptr) {
    RETURN_IF_ERROR(instance_->guard().Call("ensure_collection", context,
                                            [&](const dsw_call* call, dsw_error* error) {
                                              return instance_->provider().sink->ensure_collection(
                                                  instance_->handle(), call, &request, error);
                                            }));
    ASSIGN_OR_RETURN(const std::uint64_t count, Count(context, spec.name));
    return CollectionState{.created = false, .empty = count == 0, .maker = {}};
  }
  StateReceiver receiver;
  const dsw_collection_out out{
      .struct_size = sizeof out, .reserved0 = 0, .ctx = &receiver, .state = &StateReceiver::Set};
  RETURN_IF_ERROR(
      instance_->guard().Call("ensure", context, [&](const dsw_call* call, dsw_error* error) {
        return collection_->ensure(instance_->handle(), call, &request, &out, error);
      }));
  if (!receiver.state) return Fail(Misbehaviour(provider(), "did not tell a collection's state"));
  return *std::move(receiver.state);
}

Status SinkPlugin::SetMaker(const CallContext& context, std::string_view collection,
                            std::string_view maker) {
  if (maker.size() > kMostMakerBytes) {
    return Fail(Code::kInvalid, fmt::format("a text of {} bytes for collection \"{}\", at most {} "
                                            "are possible",
                                            maker.size(), collection, kMostMakerBytes));
  }
  if (collection_ == nullptr) return {};
  const dsw_str name = StrOf(collection);
  const dsw_str text = StrOf(maker);
  return instance_->guard().Call("set_maker", context, [&](const dsw_call* call, dsw_error* error) {
    return collection_->set_maker(instance_->handle(), call, &name, &text, error);
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
                           .payloads = payloads.data(),
                           .fence = points.token};
  const dsw_str name = StrOf(collection);
  return instance_->guard().Call("upsert", context, [&](const dsw_call* call, dsw_error* error) {
    return instance_->provider().sink->upsert(instance_->handle(), call, &name, &request, error);
  });
}

Status SinkPlugin::Remove(const CallContext& context, std::string_view collection,
                          std::span<const std::string> ids, std::int64_t token) {
  if (ids.empty()) return {};
  const std::vector<dsw_str> borrowed = Borrow(ids);
  const dsw_str name = StrOf(collection);
  return instance_->guard().Call("remove", context, [&](const dsw_call* call, dsw_error* error) {
    if (token != 0 && collection_ != nullptr && DSW_CAN(collection_, remove)) {
      return collection_->remove(instance_->handle(), call, &name, borrowed.data(), borrowed.size(),
                                 token, error);
    }
    return instance_->provider().sink->remove(instance_->handle(), call, &name, borrowed.data(),
                                              borrowed.size(), error);
  });
}

Result<std::uint64_t> SinkPlugin::Count(const CallContext& context, std::string_view collection) {
  std::uint64_t count = 0;
  const dsw_str name = StrOf(collection);
  RETURN_IF_ERROR(
      instance_->guard().Call("count", context, [&](const dsw_call* call, dsw_error* error) {
        return instance_->provider().sink->count(instance_->handle(), call, &name, &count, error);
      }));
  return count;
}

Status SinkPlugin::Scan(const CallContext& context, std::string_view collection,
                        std::string_view after_id, std::uint32_t limit,
                        std::vector<PointStamp>& page) {
  if (scan_ == nullptr) {
    return Fail(Code::kInvalid, fmt::format("the sink \"{}\" cannot list its points", provider()));
  }
  page.clear();
  StampReceiver receiver{page, {}};
  const dsw_scan_out out{
      .struct_size = sizeof out, .reserved0 = 0, .ctx = &receiver, .point = &StampReceiver::Add};
  const dsw_str name = StrOf(collection);
  const dsw_str after = StrOf(after_id);
  RETURN_IF_ERROR(
      instance_->guard().Call("scan", context, [&](const dsw_call* call, dsw_error* error) {
        return scan_->scan(instance_->handle(), call, &name, &after, limit, &out, error);
      }));
  if (page.size() > limit) {
    receiver.violation = fmt::format("returned {} points, asked for {}", page.size(), limit);
  } else if (!page.empty() && page.front().id == after_id) {
    receiver.violation = "returned the point that it was to begin behind";
  }
  if (!receiver.violation.empty()) return Fail(Misbehaviour(provider(), receiver.violation));
  return {};
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
  RETURN_IF_ERROR(
      instance_->guard().Call("search", context, [&](const dsw_call* call, dsw_error* error) {
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
  return instance_->guard().Call("health", context, [&](const dsw_call* call, dsw_error* error) {
    return health(instance_->handle(), call, error);
  });
}

}  // namespace dsw
