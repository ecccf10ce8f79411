// SPDX-License-Identifier: Apache-2.0
#include "plugins/sink_qdrant/write_watch.h"

#include <algorithm>

#include "plugins/sink_qdrant/bodies.h"
#include "plugins/sink_qdrant/call_time.h"
#include "plugins/sink_qdrant/names.h"

namespace dsw::qdrant {
namespace {

using Json = nlohmann::ordered_json;

std::uint64_t NumberIn(const Json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_number_unsigned() ? found->get<std::uint64_t>() : 0;
}

}  // namespace

UpdateQueue QueueOf(const Json& description) {
  if (!description.is_object() || !description.contains("update_queue")) return {};
  const Json& queue = description["update_queue"];
  if (!queue.is_object()) return {};
  return {true, NumberIn(queue, "length"), NumberIn(queue, "deferred_points")};
}

bool HidesPoints(const Json& description) {
  const Json::json_pointer setting("/config/optimizer_config/prevent_unoptimized");
  return description.is_object() && description.contains(setting) && description[setting] == true;
}

void WriteWatch::Learn(std::string_view collection, const Json& description) {
  const bool hides = HidesPoints(description);
  const std::lock_guard lock(mutex_);
  const auto known = hiding_.find(collection);
  if (hides && known == hiding_.end()) hiding_.emplace(collection);
  if (!hides && known != hiding_.end()) hiding_.erase(known);
}

bool WriteWatch::WaitsFor(std::string_view collection) const {
  const std::lock_guard lock(mutex_);
  return hiding_.find(collection) == hiding_.end();
}

std::string WriteWatch::Query(const dsw_call& call, std::string_view collection) const {
  return std::string("?wait=") + (WaitsFor(collection) ? "true" : "false") +
         "&timeout=" + std::to_string(ServerTimeoutSeconds(host_, call));
}

void WriteWatch::AwaitApplied(const dsw_call& call, std::string_view collection,
                              const std::vector<std::string>& ids, bool stored) {
  constexpr std::uint64_t kLongestPauseMs = 1000;
  const std::string path = CollectionPath(collection);
  for (std::uint64_t pause_ms = 10;; pause_ms = std::min(2 * pause_ms, kLongestPauseMs)) {
    const Json description = rest_.Get(call, path);
    Learn(collection, description);
    const UpdateQueue queue = QueueOf(description);
    if (queue.hidden > 0) TellHidden(call, collection, queue.hidden);
    // Updates are applied in their order: with none left, this one is.
    if (queue.known && queue.length == 0) return;
    // Servers before 1.17 have no queue to show, and others may fill it all the time.
    const bool look = !queue.known || pause_ms == kLongestPauseMs;
    if (look && !HidesPoints(description) && ShowsEffect(call, path, ids, stored)) return;
    Wait(host_, call, pause_ms);
    if (RemainingMs(host_, call, 1) == 0) {
      throw Failure(DSW_E_TIMEOUT,
                    "Qdrant has noted a change of points and not made it in the time of the call");
    }
    CheckCall(host_, call);
  }
}

void WriteWatch::TellHidden(const dsw_call& call, std::string_view collection,
                            std::uint64_t count) {
  {
    const std::lock_guard lock(mutex_);
    if (!told_.emplace(collection).second) return;
  }
  Log(host_, &call, DSW_LOG_INFO,
      "collection \"" + std::string(collection) +
          "\" has prevent_unoptimized: " + std::to_string(count) +
          " points are stored, and searches find them once Qdrant has indexed them");
}

bool WriteWatch::ShowsEffect(const dsw_call& call, const std::string& path,
                             const std::vector<std::string>& ids, bool stored) const {
  const Json found =
      rest_.Post(call, path + "/points",
                 R"({"ids":)" + IdList(ids) + R"(,"with_payload":false,"with_vector":false})");
  if (!found.is_array()) {
    throw Failure(DSW_E_BAD_RESPONSE, "Qdrant's answer has no list of points");
  }
  return found.size() == (stored ? ids.size() : 0);
}

}  // namespace dsw::qdrant
