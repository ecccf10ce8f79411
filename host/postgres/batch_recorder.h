// SPDX-License-Identifier: Apache-2.0
//
// Records of batches that are finished at about the same time, in one transaction: whatever queues
// up while one is under way shares the next, and with it what its commit and its planning cost.
// Nobody waits for others to join.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <optional>
#include <vector>

#include "host/base/result.h"
#include "host/domain/chunk.h"
#include "host/domain/record.h"
#include "host/postgres/claimed_target.h"
#include "host/postgres/database.h"
#include "host/postgres/records.h"

namespace dsw {

/// Of one claim. Thread-safe.
class BatchRecorder {
 public:
  /// Borrows both.
  BatchRecorder(Database& database, const ClaimedTarget& target)
      : database_(database), target_(target) {}

  /// As TargetClaim::RecordBatch(): returns once the transaction that holds the batch is durable,
  /// or failed, which is then told to all whose batches it held. The generation is that of the
  /// claim, the same in all calls at a time.
  Status Record(std::int64_t generation, const Batch& batch, const BatchRecord& record);

 private:
  struct Waiting {
    FinishedBatch batch;
    std::optional<Status> recorded;
  };
  Status Write(std::int64_t generation, const std::vector<Waiting*>& group);

  Database& database_;
  const ClaimedTarget& target_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Waiting*> queue_;  // guarded by mutex_
  bool writing_ = false;         // guarded by mutex_
};

}  // namespace dsw
