// SPDX-License-Identifier: Apache-2.0
#include "plugins/sink_qdrant/bodies.h"

#include <charconv>
#include <cstring>

#include <nlohmann/json.hpp>

#include <dsw/plugin.hpp>

namespace dsw::qdrant {
namespace {

using Json = nlohmann::ordered_json;

char* Copy(char* out, std::string_view text) {
  std::memcpy(out, text.data(), text.size());
  return out + text.size();
}

/// Writes `[0.1,0.2]`; there is room for kLongestFloat bytes per float and 2 more.
char* WriteFloats(char* out, const float* floats, std::size_t count) {
  *out++ = '[';
  for (std::size_t i = 0; i < count; ++i) {
    if (i > 0) *out++ = ',';
    out = std::to_chars(out, out + kLongestFloat, floats[i]).ptr;
  }
  *out++ = ']';
  return out;
}

/// A clause of a filter.
std::string MustNotBeLater(std::int64_t fence) {
  return R"("must_not":[{"key":")" + std::string(kFencePath) + R"(","range":{"gt":)" +
         std::to_string(fence) + "}}]";
}

}  // namespace

std::string IdList(const std::vector<std::string>& ids) {
  std::string list = "[";
  for (const std::string& id : ids) {
    if (list.size() > 1) list += ',';
    list += id;
  }
  return list + ']';
}

std::string_view DistanceName(std::uint32_t distance) {
  switch (distance) {
    case DSW_DISTANCE_COSINE:
      return "Cosine";
    case DSW_DISTANCE_EUCLID:
      return "Euclid";
    case DSW_DISTANCE_DOT:
      return "Dot";
    default:
      return {};
  }
}

std::string CreateBody(const Config& config, std::uint32_t dimensions, std::string_view distance) {
  Json body;
  body["vectors"] = {{"size", dimensions}, {"distance", distance}};
  if (config.on_disk) body["vectors"]["on_disk"] = *config.on_disk;
  body["hnsw_config"] = {{"m", config.hnsw_m}, {"ef_construct", config.hnsw_ef_construct}};
  if (config.on_disk_payload) body["on_disk_payload"] = *config.on_disk_payload;
  if (config.quantization) {
    body["quantization_config"]["scalar"] = {
        {"type", "int8"}, {"quantile", 0.99}, {"always_ram", true}};
  }
  return body.dump();
}

std::string RemoveBody(const std::vector<std::string>& ids, std::int64_t fence) {
  const std::string list = IdList(ids);
  if (fence == 0) return R"({"points":)" + list + '}';
  return R"({"filter":{"must":[{"has_id":)" + list + "}]," + MustNotBeLater(fence) + "}}";
}

std::string QueryBody(const float* vector, std::uint32_t dimensions, std::uint32_t limit) {
  const std::string end = R"(,"limit":)" + std::to_string(limit) + R"(,"with_payload":true})";
  std::string body = R"({"query":)";
  const std::size_t begin = body.size();
  body.resize(begin + dimensions * kLongestFloat + 2);
  const char* const written = WriteFloats(body.data() + begin, vector, dimensions);
  body.resize(static_cast<std::size_t>(written - body.data()));
  return body + end;
}

UpsertBody::UpsertBody(const PointRange& range) {
  constexpr std::string_view kPayload = R"(,"payload":)";
  constexpr std::size_t kAround = 80;  // An id and the names of the members.
  constexpr std::size_t kFilter = 128;
  const std::size_t dimensions = range.points->dimensions;
  text_.resize(range.count * (dimensions * kLongestFloat + kAround) + kAround + kFilter);
  payloads_.reserve(range.count);
  pieces_.reserve(2 * range.count + 1);

  char* out = Copy(text_.data(), R"({"points":[)");
  const char* begin = text_.data();
  const auto end_piece = [&] {
    pieces_.push_back({begin, static_cast<std::size_t>(out - begin)});
    begin = out;
  };
  for (std::size_t i = 0; i < range.count; ++i) {
    const PointId& id = range.Id(i);
    out = Copy(out, i == 0 ? R"({"id":)" : R"(},{"id":)");
    out = Copy(out, id.Json());
    out = Copy(out, R"(,"vector":)");
    out = WriteFloats(out, range.Row(i), dimensions);
    out = Copy(out, kPayload);
    end_piece();
    std::string_view payload = range.Payload(i);
    if (id.derived) payload = payloads_.emplace_back(WithOriginalId(payload, range.GivenId(i)));
    pieces_.push_back(Str(payload));
  }
  out = Copy(out, "}]");
  if (range.fence != 0) {
    out = Copy(out, R"(,"update_filter":{)");
    out = Copy(out, MustNotBeLater(range.fence));
    out = Copy(out, "}");
  }
  out = Copy(out, "}");
  end_piece();
}

}  // namespace dsw::qdrant
