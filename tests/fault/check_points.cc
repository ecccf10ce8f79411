// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <set>

#include <nlohmann/json.hpp>

#include "tests/fault/checker.h"
#include "tests/fault/point_id.h"
#include "tests/plugins/fault/vectors.h"

namespace dsw::fault_test {
namespace {

using Json = nlohmann::json;

std::string Name(const ChunkKey& key) {
  return fmt::format("item {} chunk {}", key.first, key.second);
}

bool ContainsOne(const std::string& text, const std::vector<std::string>& parts) {
  return std::any_of(parts.begin(), parts.end(),
                     [&](const std::string& part) { return text.find(part) != std::string::npos; });
}

void CheckPoint(const TargetTruth& target, const ChunkKey& key, const WantedChunk& chunk,
                const StoredPoint& point, Findings& findings) {
  const Json payload = Json::parse(point.payload, nullptr, false);
  if (!payload.is_object()) {
    findings.Add("payload is not an object", Name(key));
    return;
  }
  if (payload.value("text", "") != chunk.text) {
    findings.Add("stale: a point has another text than its chunk",
                 fmt::format("{}: \"{}\" instead of \"{}\"", Name(key),
                             payload.value("text", "").substr(0, 60), chunk.text.substr(0, 60)));
  }
  if (payload.value("title", "") != chunk.title) {
    findings.Add("stale: a point has another title than its item", Name(key));
  }
  if (payload.value("dataset_item_id", std::int64_t{0}) != key.first ||
      payload.value("chunk_index", std::int64_t{-1}) != key.second) {
    findings.Add("a payload names another chunk", Name(key));
  }
  const std::uint64_t print = fault::Fingerprint(target.maker, target.model, chunk.text);
  if (point.vector != fault::VectorOf(print, fault::Dimensions(target.model))) {
    findings.Add("stale: a vector is not what the embedder makes of the text", Name(key));
  }
}

void CheckFailed(const TargetTruth& target, const std::vector<std::string>& refused,
                 Findings& findings) {
  for (const auto& [key, reason] : target.failed) {
    const auto chunk = target.chunks.find(key);
    if (chunk == target.chunks.end()) {
      findings.Add("a failed chunk is recorded that does not exist", Name(key));
    } else if (HasText(chunk->second.text) && !ContainsOne(chunk->second.text, refused)) {
      findings.Add("a good chunk is recorded as failed", Name(key) + ": " + reason);
    }
  }
}

}  // namespace

void CheckPoints(const Truth& truth, const std::function<StoredPoints(const std::string&)>& stored,
                 const std::vector<std::string>& refused, Findings& findings) {
  std::map<std::string, StoredPoints> collections;
  std::map<std::string, std::set<std::string>> wanted;
  for (const TargetTruth& target : truth.targets) {
    if (collections.find(target.collection) == collections.end()) {
      collections[target.collection] = stored(target.collection);
    }
    const StoredPoints& points = collections[target.collection];
    CheckFailed(target, refused, findings);
    for (const auto& [key, chunk] : target.chunks) {
      const std::string id = ExpectedId(target.embedded_dataset, key.first, key.second);
      wanted[target.collection].insert(id);
      const auto point = points.find(id);
      const bool failed = target.failed.find(key) != target.failed.end();
      if (failed && point != points.end()) {
        findings.Add("stale: a chunk that is recorded as failed has a point", Name(key));
      } else if (!failed && point == points.end()) {
        findings.Add("lost: a chunk has neither a point nor a reason", Name(key));
      } else if (!failed) {
        CheckPoint(target, key, chunk, point->second, findings);
      }
    }
  }
  for (const auto& [collection, points] : collections) {
    for (const auto& [id, point] : points) {
      if (wanted[collection].count(id) == 0) {
        findings.Add("orphan: a point belongs to no chunk", point.payload.substr(0, 100));
      }
    }
  }
}

}  // namespace dsw::fault_test
