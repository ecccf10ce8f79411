// SPDX-License-Identifier: Apache-2.0
#include "tests/doubles/qdrant/store.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include <fmt/format.h>

namespace dsw::doubles {
namespace {

using Json = nlohmann::json;
using SteadyClock = std::chrono::steady_clock;

[[noreturn]] void Refuse(int status, std::string text) {
  throw Refusal{.status = status, .text = std::move(text)};
}

[[noreturn]] void RefuseId(std::string_view id) {
  Refuse(400, fmt::format("Format error in JSON body: value {} is not a valid point ID, valid "
                          "values are either an unsigned integer or a UUID",
                          id));
}

void CheckName(const std::string& name) {
  const bool bad =
      name.empty() || name.size() > 255 ||
      name.find_first_of(std::string_view("<>:\"/\\|?*\0\x1f", 11)) != std::string::npos;
  if (bad) {
    Refuse(422, "Validation error in path parameters: [name: value " + name + " invalid]");
  }
}

/// Qdrant keeps the vectors of such collections normalised.
void Normalise(std::vector<float>& vector) {
  double squares = 0;
  for (const float value : vector) squares += double{value} * value;
  if (squares == 0) return;
  const double length = std::sqrt(squares);
  for (float& value : vector) value = static_cast<float>(value / length);
}

}  // namespace

std::string CheckedUuid(std::string_view text) {
  std::string_view rest = text;
  if (rest.starts_with("urn:uuid:")) rest.remove_prefix(9);
  std::string digits;
  for (std::size_t i = 0; i < rest.size(); ++i) {
    const char c = rest[i];
    if (c == '-' && rest.size() == 36 && (i == 8 || i == 13 || i == 18 || i == 23)) continue;
    if (std::isxdigit(static_cast<unsigned char>(c)) == 0) RefuseId(text);
    digits += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  }
  if (digits.size() != 32) RefuseId(text);
  return fmt::format("\"{}-{}-{}-{}-{}\"", digits.substr(0, 8), digits.substr(8, 4),
                     digits.substr(12, 4), digits.substr(16, 4), digits.substr(20));
}

std::string CheckedId(const Json& id) {
  if (id.is_number_unsigned()) return id.dump();
  if (id.is_string()) return CheckedUuid(id.get<std::string>());
  RefuseId(id.dump());
}

void Store::Create(const std::string& name, const Json& settings) {
  CheckName(name);
  const Json vectors = settings.value("vectors", Json());
  const bool named = vectors.is_object() && !vectors.contains("size");
  if (!named) {
    static const std::vector<std::string> kDistances = {"Cosine", "Euclid", "Dot", "Manhattan"};
    const bool parses = vectors.is_object() && vectors["size"].is_number_unsigned() &&
                        vectors.contains("distance") && vectors["distance"].is_string() &&
                        std::ranges::count(kDistances, vectors["distance"].get<std::string>()) == 1;
    if (!parses) {
      Refuse(400, fmt::format("Format error in JSON body: data did not match any variant of "
                              "untagged enum VectorsConfig at line 1 column {}",
                              settings.dump().size()));
    }
    const auto size = vectors["size"].get<std::uint64_t>();
    if (size < 1 || size > 65536) {
      Refuse(422, fmt::format("Validation error in JSON body: [vectors.size: value {} invalid, "
                              "must be from 1 to 65536]",
                              size));
    }
  }
  const Json hnsw = settings.value("hnsw_config", Json::object());
  if (hnsw.contains("ef_construct") && hnsw["ef_construct"] < 4) {
    Refuse(422, fmt::format("Validation error in JSON body: [hnsw_config.ef_construct: value {} "
                            "invalid, must be 4 or larger]",
                            hnsw["ef_construct"].dump()));
  }
  const std::lock_guard lock(mutex_);
  if (aliases_.contains(name)) {
    Refuse(400, fmt::format("Wrong input: Can't create collection with name {}. Alias with the "
                            "same name already exists",
                            name));
  }
  if (collections_.contains(name)) {
    Refuse(409, fmt::format("Wrong input: Collection `{}` already exists!", name));
  }
  Collection& made = collections_[name];
  made.settings = settings;
  if (!named) {
    made.size = vectors["size"];
    made.distance = vectors["distance"];
  }
}

Json Store::Describe(const std::string& name) const {
  const std::lock_guard lock(mutex_);
  const Collection& found = Find(name);
  return {{"status", "green"},
          {"optimizer_status", "ok"},
          {"points_count", found.points.size()},
          {"indexed_vectors_count", 0},
          {"segments_count", 2},
          {"config",
           {{"params",
             {{"vectors", found.settings["vectors"]},
              {"shard_number", 1},
              {"replication_factor", 1},
              {"write_consistency_factor", 1},
              {"on_disk_payload", found.settings.value("on_disk_payload", true)}}},
            {"hnsw_config", {{"m", 16}, {"ef_construct", 100}, {"full_scan_threshold", 10000}}},
            {"optimizer_config",
             {{"deleted_threshold", 0.2},
              {"vacuum_min_vector_number", 1000},
              {"default_segment_number", 0},
              {"flush_interval_sec", 5}}},
            {"wal_config", {{"wal_capacity_mb", 32}, {"wal_segments_ahead", 0}}},
            {"quantization_config", found.settings.value("quantization_config", Json())}}},
          {"payload_schema", found.payload_schema}};
}

bool Store::Exists(const std::string& name) const {
  const std::lock_guard lock(mutex_);
  return collections_.contains(name) || aliases_.contains(name);
}

bool Store::Drop(const std::string& name) {
  const std::lock_guard lock(mutex_);
  return collections_.erase(name) > 0;
}

std::vector<std::string> Store::Names() const {
  const std::lock_guard lock(mutex_);
  std::vector<std::string> names;
  for (const auto& [name, collection] : collections_) names.push_back(name);
  return names;
}

void Store::AddIndex(const std::string& name, const std::string& field, const Json& schema) {
  const std::lock_guard lock(mutex_);
  Collection& found = Find(name);
  std::size_t points = 0;
  for (const auto& [id, point] : found.points) points += point.payload.contains(field) ? 1u : 0u;
  found.payload_schema[field] = {{"data_type", schema}, {"points", points}};
}

void Store::SetAlias(const std::string& alias, const std::string& collection) {
  const std::lock_guard lock(mutex_);
  Find(collection);
  aliases_[alias] = collection;
}

void Store::DropAlias(const std::string& alias) {
  const std::lock_guard lock(mutex_);
  aliases_.erase(alias);
}

Json Store::Aliases() const {
  const std::lock_guard lock(mutex_);
  Json list = Json::array();
  for (const auto& [alias, collection] : aliases_) {
    list.push_back({{"alias_name", alias}, {"collection_name", collection}});
  }
  return list;
}

std::string Store::Upsert(const std::string& name, std::vector<IncomingPoint> points, bool wait) {
  const std::lock_guard lock(mutex_);
  Collection& found = Find(name);
  const std::size_t strict = options_.strict_upsert_max_batchsize;
  if (strict > 0 && points.size() > strict) {
    Refuse(400, fmt::format("Bad request: Limit exceeded {} > {} for \"upsert limit\". Help: "
                            "Reduce the number of points in the request",
                            points.size(), strict));
  }
  const auto now = SteadyClock::now();
  const auto cost = static_cast<double>(points.size());
  if (writes_.limited() && cost > writes_.capacity()) {
    Refuse(429,
           "Rate limiting exceeded: Write rate limit exceeded, request larger than rate "
           "limiter capacity, please try to split your request");
  }
  if (!writes_.Take(cost, now)) {
    const int seconds = std::max(1, static_cast<int>(std::ceil(writes_.Until(cost, now).count())));
    throw Refusal{
        .status = 429,
        .text = fmt::format("Rate limiting exceeded: Write rate limit exceeded: Operation requires "
                            "{} tokens but only {:.1f} were available. Retry after {}s",
                            points.size(), writes_.Level(now), seconds),
        .retry_after_s = seconds};
  }
  if (points.empty()) Refuse(400, "Bad request: Empty update request");
  for (const IncomingPoint& point : points) {
    if (point.vector.size() != found.size) {
      Refuse(400, fmt::format("Wrong input: Vector dimension error: expected dim: {}, got {}",
                              found.size, point.vector.size()));
    }
  }
  ++upserts_;
  upserted_ += points.size();
  if (options_.fast) return wait ? "completed" : "acknowledged";
  return Apply(wait, [this, resolved = Resolve(name), points = std::move(points)]() mutable {
    const auto target = collections_.find(resolved);
    if (target == collections_.end()) return;
    for (IncomingPoint& point : points) {
      if (target->second.distance == "Cosine") Normalise(point.vector);
      target->second.points[point.id] = {std::move(point.vector), std::move(point.payload)};
    }
  });
}

std::string Store::Remove(const std::string& name, const std::vector<std::string>& ids, bool wait) {
  const std::lock_guard lock(mutex_);
  Find(name);
  if (ids.empty()) Refuse(400, "Bad request: Empty update request");
  return Apply(wait, [this, resolved = Resolve(name), ids] {
    const auto target = collections_.find(resolved);
    if (target == collections_.end()) return;
    for (const std::string& id : ids) target->second.points.erase(id);
  });
}

StoredPoints Store::Points(const std::string& name) const {
  const std::lock_guard lock(mutex_);
  return Find(name).points;
}

std::size_t Store::Count(const std::string& name) const {
  const std::lock_guard lock(mutex_);
  const std::size_t count = Find(name).points.size();
  return options_.fast ? static_cast<std::size_t>(upserted_) : count;
}

void Store::DelayNextUpdate(std::chrono::milliseconds after) {
  const std::lock_guard lock(mutex_);
  delay_next_ = after;
}

std::uint64_t Store::upserted() const {
  const std::lock_guard lock(mutex_);
  return upserted_;
}

std::uint64_t Store::upserts() const {
  const std::lock_guard lock(mutex_);
  return upserts_;
}

std::string Store::Resolve(const std::string& name) const {
  const auto alias = aliases_.find(name);
  return alias == aliases_.end() ? name : alias->second;
}

Store::Collection& Store::Find(const std::string& name) const {
  ApplyDue();
  const auto found = collections_.find(Resolve(name));
  if (found == collections_.end()) {
    Refuse(404, fmt::format("Not found: Collection `{}` doesn't exist!", name));
  }
  return found->second;
}

void Store::ApplyDue() const {
  const auto now = SteadyClock::now();
  while (!pending_.empty() && pending_.front().due <= now) {
    const auto apply = std::move(pending_.front().apply);
    pending_.erase(pending_.begin());
    apply();
  }
}

std::string Store::Apply(bool wait, std::function<void()> change) {
  if (const auto delay = std::exchange(delay_next_, std::nullopt)) {
    pending_.push_back({SteadyClock::now() + *delay, std::move(change)});
    return wait ? "wait_timeout" : "acknowledged";
  }
  change();
  return wait ? "completed" : "acknowledged";
}

}  // namespace dsw::doubles
