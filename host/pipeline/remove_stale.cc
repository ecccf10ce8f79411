// SPDX-License-Identifier: Apache-2.0
#include "host/pipeline/remove_stale.h"

#include <cstdint>
#include <string>
#include <vector>

namespace dsw {
namespace {

constexpr int kItemsPerPage = 256;
constexpr std::size_t kIdsPerCall = 1000;

/// Takes the points out that the items have too many; how many.
Result<std::int64_t> RemoveOf(const std::vector<StaleItem>& stale, TargetRun& run, bool& sent) {
  std::vector<std::string> ids;
  std::int64_t removed = 0;
  for (const StaleItem& item : stale) {
    for (std::int32_t index = item.keep; index < item.stored; ++index) {
      ids.push_back(PointId(run.target().embedded_dataset_id, {item.item_id, index}));
      ++removed;
      if (ids.size() < kIdsPerCall) continue;
      RETURN_IF_ERROR(run.Remove(ids, sent));
      ids.clear();
    }
  }
  if (!ids.empty()) RETURN_IF_ERROR(run.Remove(ids, sent));
  RETURN_IF_ERROR(run.claim().RecordRemoval(stale));
  return removed;
}

}  // namespace

Status RemoveStalePoints(TargetRun& run, ProgressMeter& meter) {
  TargetClaim& claim = run.claim();
  std::int64_t last_item = 0;
  while (true) {
    ASSIGN_OR_RETURN(const std::vector<StaleItem> stale, claim.ListStale(last_item, kItemsPerPage));
    if (stale.empty()) return {};
    bool sent = false;
    const Result<std::int64_t> removed = RemoveOf(stale, run, sent);
    if (!removed) {
      std::vector<std::int64_t> items;
      for (const StaleItem& item : stale) items.push_back(item.item_id);
      if (sent) run.DisownIfLost(removed.error(), items);
      return Fail(removed.error());
    }
    meter.PointsRemoved(*removed);
    last_item = stale.back().item_id;
  }
}

}  // namespace dsw
