// SPDX-License-Identifier: Apache-2.0
#include "host/pipeline/remove_stale.h"

#include <string>
#include <vector>

#include "host/pipeline/call_retries.h"

namespace dsw {
namespace {

constexpr int kItemsPerPage = 256;
constexpr std::size_t kIdsPerCall = 1000;

Status Remove(const std::vector<std::string>& ids, const OpenedTarget& opened,
              const WorkerContext& worker, const JobScope& scope) {
  return CallWithRetries<void>(worker, scope, [&](std::uint32_t attempt) {
    return opened.sink->Remove(
        JobCall(opened.plan, scope, worker.clock.Now() + worker.options.sink_timeout, ids.front(),
                attempt),
        opened.target.collection, ids);
  });
}

}  // namespace

Status RemoveStalePoints(const OpenedTarget& opened, const WorkerContext& worker,
                         const JobScope& scope, ProgressMeter& meter) {
  std::int64_t last_item = 0;
  while (true) {
    ASSIGN_OR_RETURN(const std::vector<StaleItem> stale,
                     worker.datasets.ListStale(opened.target, last_item, kItemsPerPage));
    if (stale.empty()) return {};
    std::vector<std::string> ids;
    std::int64_t removed = 0;
    for (const StaleItem& item : stale) {
      for (std::int32_t index = item.keep; index < item.stored; ++index) {
        ids.push_back(PointId(opened.target.embedded_dataset_id, {item.item_id, index}));
        ++removed;
        if (ids.size() < kIdsPerCall) continue;
        RETURN_IF_ERROR(Remove(ids, opened, worker, scope));
        ids.clear();
      }
    }
    if (!ids.empty()) RETURN_IF_ERROR(Remove(ids, opened, worker, scope));
    RETURN_IF_ERROR(worker.datasets.RecordRemoval(opened.target, stale));
    meter.PointsRemoved(removed);
    last_item = stale.back().item_id;
  }
}

}  // namespace dsw
