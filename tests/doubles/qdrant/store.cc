// SPDX-License-Identifier: Apache-2.0
#include "tests/doubles/qdrant/store.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include <fmt/format.h>

#include "tests/doubles/qdrant/filter.h"

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

constexpr int kConditionsMinor = 16;
constexpr int kMetadataMinor = 16;
constexpr int kUpdateQueueMinor = 17;

int MinorOf(const std::string& version) {
  const std::size_t dot = version.find('.');
  return dot == std::string::npos ? 0 : std::stoi(version.substr(dot + 1));
}

/// Qdrant keeps the vectors of such collections normalised.
void Normalise(std::vector<float>& vector) {
  double squares = 0;
  for (const float value : vector) squares += double{value} * value;
  if (squares == 0) return;
  const double length = std::sqrt(squares);
  for (float& value : vector) value = static_cast<float>(value / length);
}

void CheckCondition(const Json& filter, const Json& strict, const Json& schema) {
  CheckFilter(filter);
  if (strict.value("unindexed_filtering_update", true)) return;
  for (const std::string& key : KeysOf(filter)) {
    if (schema.contains(key)) continue;
    Refuse(400, fmt::format("Bad request: Index required but not found for \"{}\" of one of the "
                            "following types: [float, integer]. Help: Create an index for this key "
                            "or use a different filter.",
                            key));
  }
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

Store::Store(const StoreOptions& options) : options_(options), minor_(MinorOf(options.version)) {}

bool Store::Collection::HidesNext() const {
  const Json config = settings.value("optimizers_config", Json::object());
  if (!config.value("prevent_unoptimized", false)) return false;
  constexpr std::size_t kDefaultThreshold = 10'000;
  const std::size_t bytes = (points.size() + hidden.size() + 1) * size * sizeof(float);
  return bytes / 1024 >= config.value("indexing_threshold", kDefaultThreshold);
}

Json Store::Collection::Strict() const {
  Json strict = settings.value("strict_mode_config", Json::object());
  return strict.value("enabled", false) ? strict : Json::object();
}

void Store::Collection::Put(IncomingPoint& point, const Json& filter) {
  const StoredPoints& newest = hidden.contains(point.id) ? hidden : points;
  const auto stored = newest.find(point.id);
  const bool spared = !filter.is_null() && stored != newest.end() &&
                      !Matches(filter, point.id, stored->second.payload);
  if (spared) return;
  if (distance == "Cosine") Normalise(point.vector);
  (HidesNext() ? hidden : points)[point.id] = {std::move(point.vector), std::move(point.payload)};
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
  if (minor_ < kMetadataMinor) made.settings.erase("metadata");
  if (!named) {
    made.size = vectors["size"];
    made.distance = vectors["distance"];
  }
}

void Store::Change(const std::string& name, const Json& changes) {
  const std::lock_guard lock(mutex_);
  Collection& found = Find(name);
  for (const auto& [key, value] : changes.items()) {
    if (!value.is_object()) {
      Refuse(400, "Format error in JSON body: invalid type: expected a map at line 1");
    }
    if (key == "metadata" && minor_ < kMetadataMinor) continue;
    Json& settings = found.settings[key];
    for (const auto& [member, setting] : value.items()) settings[member] = setting;
  }
}

Json Store::Describe(const std::string& name) const {
  const std::lock_guard lock(mutex_);
  const Collection& found = Find(name);
  Json optimizers = {{"deleted_threshold", 0.2},
                     {"vacuum_min_vector_number", 1000},
                     {"default_segment_number", 0},
                     {"flush_interval_sec", 5}};
  optimizers.update(found.settings.value("optimizers_config", Json::object()));
  Json config = {
      {"params",
       {{"vectors", found.settings["vectors"]},
        {"shard_number", 1},
        {"replication_factor", 1},
        {"write_consistency_factor", 1},
        {"on_disk_payload", found.settings.value("on_disk_payload", true)}}},
      {"hnsw_config", {{"m", 16}, {"ef_construct", 100}, {"full_scan_threshold", 10000}}},
      {"optimizer_config", optimizers},
      {"wal_config", {{"wal_capacity_mb", 32}, {"wal_segments_ahead", 0}}},
      {"quantization_config", found.settings.value("quantization_config", Json())}};
  for (const char* optional : {"metadata", "strict_mode_config"}) {
    if (found.settings.contains(optional)) config[optional] = found.settings[optional];
  }
  Json description = {{"status", "green"},
                      {"optimizer_status", "ok"},
                      {"points_count", found.points.size()},
                      {"indexed_vectors_count", 0},
                      {"segments_count", 2},
                      {"config", config},
                      {"payload_schema", found.payload_schema}};
  if (minor_ >= kUpdateQueueMinor) {
    const auto own = [&](const Pending& pending) { return pending.collection == Resolve(name); };
    description["update_queue"] = {{"length", std::ranges::count_if(pending_, own)},
                                   {"deferred_points", found.hidden.size()}};
  }
  return description;
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

std::string Store::AddIndex(const std::string& name, const std::string& field, const Json& schema,
                            const WriteOptions& write) {
  std::unique_lock lock(mutex_);
  (void)Find(name);
  return Apply(lock, name, write, [field, schema](Collection& target) {
    std::size_t points = 0;
    for (const auto& [id, point] : target.points) {
      points += ValueAt(point.payload, field).is_null() ? 0u : 1u;
    }
    target.payload_schema[field] = {{"data_type", schema}, {"points", points}};
  });
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

std::string Store::Upsert(const std::string& name, std::vector<IncomingPoint> points,
                          const WriteOptions& write) {
  std::unique_lock lock(mutex_);
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
  const Json filter = minor_ < kConditionsMinor ? Json() : write.filter;
  if (!filter.is_null()) CheckCondition(filter, found.Strict(), found.payload_schema);
  for (const IncomingPoint& point : points) {
    if (point.vector.size() != found.size) {
      Refuse(400, fmt::format("Wrong input: Vector dimension error: expected dim: {}, got {}",
                              found.size, point.vector.size()));
    }
  }
  ++upserts_;
  upserted_ += points.size();
  if (options_.fast) return write.wait ? "completed" : "acknowledged";
  return Apply(lock, name, write, [filter, points = std::move(points)](Collection& target) mutable {
    for (IncomingPoint& point : points) target.Put(point, filter);
  });
}

std::string Store::Remove(const std::string& name, const std::vector<std::string>& ids,
                          const WriteOptions& write) {
  std::unique_lock lock(mutex_);
  (void)Find(name);
  if (ids.empty()) Refuse(400, "Bad request: Empty update request");
  return Apply(lock, name, write, [ids](Collection& target) {
    for (const std::string& id : ids) {
      target.points.erase(id);
      target.hidden.erase(id);
    }
  });
}

std::string Store::RemoveMatching(const std::string& name, const Json& filter,
                                  const WriteOptions& write) {
  std::unique_lock lock(mutex_);
  const Collection& found = Find(name);
  CheckCondition(filter, found.Strict(), found.payload_schema);
  return Apply(lock, name, write, [filter](Collection& target) {
    const auto matches = [&](const auto& entry) {
      return Matches(filter, entry.first, entry.second.payload);
    };
    // Of a point that is there twice, the hidden one is the newer.
    std::erase_if(target.points, [&](const auto& entry) {
      return !target.hidden.contains(entry.first) && matches(entry);
    });
    for (auto entry = target.hidden.begin(); entry != target.hidden.end();) {
      if (matches(*entry)) {
        target.points.erase(entry->first);
        entry = target.hidden.erase(entry);
      } else {
        ++entry;
      }
    }
  });
}

void Store::CheckQueryLimit(const std::string& name, std::size_t limit) const {
  const std::lock_guard lock(mutex_);
  const Json strict = Find(name).Strict();
  if (limit < 1) {
    Refuse(422, "Validation error in JSON body: [limit: value 0 invalid, must be 1 or larger]");
  }
  if (strict.contains("max_query_limit") && limit > strict["max_query_limit"]) {
    Refuse(400,
           fmt::format("Bad request: Limit exceeded {} > {} for \"limit\". Help: Reduce the "
                       "\"limit\" parameter to or below {}.",
                       limit, strict["max_query_limit"].dump(), strict["max_query_limit"].dump()));
  }
}

void Store::Optimize(const std::string& name) {
  const std::lock_guard lock(mutex_);
  Collection& found = Find(name);
  for (auto& [id, point] : found.hidden) found.points[id] = std::move(point);
  found.hidden.clear();
  optimized_.notify_all();
}

std::size_t Store::Hidden(const std::string& name) const {
  const std::lock_guard lock(mutex_);
  return Find(name).hidden.size();
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

std::string Store::Apply(std::unique_lock<std::mutex>& lock, const std::string& name,
                         const WriteOptions& write, std::function<void(Collection&)> change) {
  const std::string resolved = Resolve(name);
  const auto apply = [this, resolved, change = std::move(change)] {
    const auto target = collections_.find(resolved);
    if (target != collections_.end()) change(target->second);
  };
  if (const auto delay = std::exchange(delay_next_, std::nullopt)) {
    pending_.push_back({resolved, SteadyClock::now() + *delay, apply});
    return write.wait ? "wait_timeout" : "acknowledged";
  }
  apply();
  if (!write.wait) return "acknowledged";
  const auto visible = [&] {
    const auto target = collections_.find(resolved);
    return target == collections_.end() || target->second.hidden.empty();
  };
  const auto wait = write.timeout.count() == 0
                        ? options_.longest_wait
                        : std::min<std::chrono::milliseconds>(write.timeout, options_.longest_wait);
  return optimized_.wait_for(lock, wait, visible) ? "completed" : "wait_timeout";
}

}  // namespace dsw::doubles
