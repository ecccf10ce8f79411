// SPDX-License-Identifier: Apache-2.0
#include "tests/fault/checker.h"

namespace dsw::fault_test {
namespace {

std::string Show(const ItemRecord& record) {
  std::string text = fmt::format("{} chunks, {} stored, done {{", record.chunks, record.stored);
  for (const auto& [first, end] : record.done) text += fmt::format("[{},{})", first, end);
  return text + "}";
}

void CheckTarget(const TargetTruth& target, Findings& findings) {
  for (const auto& [item, chunks] : target.items) {
    const auto found = target.records.find(item);
    if (found == target.records.end()) {
      findings.Add("record: an item has none", fmt::format("item {}", item));
      continue;
    }
    const ItemRecord& record = found->second;
    const bool whole = record.done.size() == 1 &&
                       record.done[0] == std::pair<std::int64_t, std::int64_t>{0, chunks};
    if (!whole || record.chunks != chunks || record.stored != chunks) {
      findings.Add("record: an item's is not whole",
                   fmt::format("item {} of {} chunks: {}", item, chunks, Show(record)));
    }
  }
  for (const auto& [item, record] : target.records) {
    // An item without chunks may have one: it says that there is nothing to do.
    if (target.items.find(item) == target.items.end() && record.stored > 0) {
      findings.Add("record: of an item that is gone", fmt::format("item {}", item));
    }
  }
}

}  // namespace

void CheckRecords(const Truth& truth, Findings& findings) {
  Statistics wanted;
  for (const TargetTruth& target : truth.targets) {
    CheckTarget(target, findings);
    const auto chunks = static_cast<std::int64_t>(target.chunks.size());
    const auto failed = static_cast<std::int64_t>(target.failed.size());
    wanted.embedded += chunks - failed;
    wanted.failed += failed;
    wanted.to_process += chunks;
  }
  const Statistics& found = truth.statistics;
  if (found.embedded != wanted.embedded || found.failed != wanted.failed ||
      found.to_process != wanted.to_process) {
    findings.Add("statistics", fmt::format("{} embedded, {} failed of {}; right: {}, {} of {}",
                                           found.embedded, found.failed, found.to_process,
                                           wanted.embedded, wanted.failed, wanted.to_process));
  }
}

}  // namespace dsw::fault_test
