// SPDX-License-Identifier: Apache-2.0
//
// What a double saw and did.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "tests/doubles/exchange.h"

namespace dsw::doubles {

struct Entry {
  Time at{};
  std::string method;
  std::string path;
  Headers headers;
  std::size_t bytes = 0;  ///< Of the request's body.
  int status = 0;         ///< 0 when there was no answer.
  std::size_t items = 0;  ///< Texts that were embedded.
  std::uint64_t tokens = 0;
};

struct Counters {
  std::uint64_t requests = 0;
  std::map<int, std::uint64_t> by_status;  ///< 0 for requests without an answer.
  std::uint64_t items = 0;                 ///< Texts that were embedded.
  std::uint64_t tokens = 0;
  std::uint64_t request_bytes = 0;
  std::uint64_t response_bytes = 0;
  std::uint64_t duplicates = 0;    ///< Texts that were embedded before.
  std::size_t max_per_second = 0;  ///< Requests in any window of a second.
  std::size_t max_concurrency = 0;
};

/// Thread-safe.
class Journal {
 public:
  /// An exchange a line, as JSON, is written there when it is not empty.
  explicit Journal(const std::filesystem::path& capture);

  /// Counts a request as under way until the result is gone.
  std::shared_ptr<void> Begin();
  /// `scripted`: the answer was put into the double's mouth.
  void Add(std::string_view api, const Request& request, const Reply& reply, bool scripted);

  Counters counters() const;
  std::vector<Entry> entries() const;

 private:
  void Capture(std::string_view api, const Request& request, const Reply& reply, bool scripted);

  mutable std::mutex mutex_;
  // All of the following is guarded by mutex_.
  std::ofstream capture_;
  std::vector<Entry> entries_;
  Counters counters_;
  std::unordered_set<std::uint64_t> seen_;
  std::size_t under_way_ = 0;
};

/// The most of the times, which are in order, that lie in any window of a second.
std::size_t MostInASecond(const std::vector<Time>& times);

/// One JSON object.
std::string ToJson(const Counters& counters);

}  // namespace dsw::doubles
