// SPDX-License-Identifier: Apache-2.0
//
// What the database says: what must be stored for a transform, and what was written down about it.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace dsw::fault_test {

using ChunkKey = std::pair<std::int64_t, std::int64_t>;  ///< Item and index.

struct WantedChunk {
  std::string text;  ///< Empty when the chunk has none.
  std::string title;
};

struct ItemRecord {
  std::int64_t chunks = 0;
  std::int64_t stored = 0;
  std::vector<std::pair<std::int64_t, std::int64_t>> done;  ///< [first, end)
};

struct TargetTruth {
  std::int64_t embedded_dataset = 0;
  std::string collection;
  std::string model;
  std::string maker;  ///< Setting of embedder "fault".
  std::map<ChunkKey, WantedChunk> chunks;
  std::map<std::int64_t, std::int64_t> items;  ///< Chunks of each item that has any.
  std::map<std::int64_t, ItemRecord> records;
  std::map<ChunkKey, std::string> failed;  ///< Reasons.
};

struct Statistics {
  std::int64_t embedded = 0;
  std::int64_t failed = 0;
  std::int64_t to_process = 0;
};

struct Truth {
  std::vector<TargetTruth> targets;
  Statistics statistics;
};

/// True when a chunk has something to embed.
bool HasText(const std::string& text);

/// `sql` runs a query and returns its one value.
Truth ReadTruth(const std::function<std::string(const std::string&)>& sql, std::int64_t transform);

}  // namespace dsw::fault_test
