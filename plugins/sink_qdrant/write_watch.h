// SPDX-License-Identifier: Apache-2.0
//
// Whether writes are waited for, and how one that the server has only noted is seen to be applied.
//
// A write is durable once Qdrant has noted it in its log, and its effects can be relied upon once
// it is applied. A collection with "prevent_unoptimized" hides applied points until an optimizer
// has indexed them, minutes later perhaps: a server that is asked to wait there waits for the
// optimizer. Points that are applied count as stored, hidden or not.
#pragma once

#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include <dsw/plugin.hpp>

#include "plugins/sink_qdrant/rest_client.h"
#include "plugins/sink_qdrant/upsert_message.h"

namespace dsw::qdrant {

/// "update_queue" of a collection's description, as far as the server tells it.
struct UpdateQueue {
  bool known = false;        ///< Since Qdrant 1.17.
  std::uint64_t length = 0;  ///< Updates that are noted and not applied.
  std::uint64_t hidden = 0;  ///< Points that are applied and wait for the optimizer.
};

/// `description` is the "result" of GET /collections/NAME. Pure.
UpdateQueue QueueOf(const nlohmann::ordered_json& description);
bool HidesPoints(const nlohmann::ordered_json& description);

/// Thread-safe.
class WriteWatch {
 public:
  /// Both outlive it.
  WriteWatch(const dsw_host& host, const RestClient& rest) : host_(host), rest_(rest) {}

  /// Takes from a description whether the collection hides points.
  void Learn(std::string_view collection, const nlohmann::ordered_json& description);
  /// Whether the server is to answer a write when it is applied.
  bool WaitsFor(std::string_view collection) const;
  /// "?wait=…&timeout=…" of a write.
  std::string Query(const dsw_call& call, std::string_view collection) const;
  /// Returns once a write that the server has only noted is applied. `ids`, in JSON and each once,
  /// are the points that it stores (`stored`) or removes. Throws DSW_E_TIMEOUT at the call's
  /// deadline.
  void AwaitApplied(const dsw_call& call, std::string_view collection,
                    const std::vector<std::string>& ids, bool stored);

 private:
  void TellHidden(const dsw_call& call, std::string_view collection, std::uint64_t count);
  bool ShowsEffect(const dsw_call& call, const std::string& path,
                   const std::vector<std::string>& ids, bool stored) const;

  const dsw_host& host_;
  const RestClient& rest_;
  mutable std::mutex mutex_;
  std::set<std::string, std::less<>> hiding_;  // Collections. Guarded by mutex_.
  std::set<std::string, std::less<>> told_;    // Of hiding_, those logged. Guarded by mutex_.
};

}  // namespace dsw::qdrant
