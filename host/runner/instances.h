// SPDX-License-Identifier: Apache-2.0
//
// The plugin's instances, by the numbers that the worker knows them by.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>

#include <dsw/plugin.h>

namespace dsw::runner {

struct Instance {
  const dsw_provider* provider = nullptr;
  void* handle = nullptr;
  // Null when the instance does not have it.
  const dsw_sink_collection* collection = nullptr;
  const dsw_sink_scan* scan = nullptr;
  const dsw_sink_search* search = nullptr;

  /// wire::Extension bits.
  std::uint32_t extensions() const;
};

/// Thread-safe.
class Instances {
 public:
  /// Its number; not 0.
  std::uint64_t Add(const Instance& instance);
  /// One without a handle when there is none of this number.
  Instance Find(std::uint64_t number) const;
  void Remove(std::uint64_t number);

 private:
  mutable std::mutex mutex_;
  std::uint64_t last_ = 0;                       // Guarded by mutex_.
  std::map<std::uint64_t, Instance> by_number_;  // Guarded by mutex_.
};

/// Asks a sink's instance what else it can do.
void FindExtensions(Instance& instance);

}  // namespace dsw::runner
