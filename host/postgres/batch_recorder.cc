// SPDX-License-Identifier: Apache-2.0
#include "host/postgres/batch_recorder.h"

#include <exception>
#include <utility>

namespace dsw {

Status BatchRecorder::Record(std::int64_t generation, const Batch& batch,
                             const BatchRecord& record) {
  Waiting own{.batch = {.batch = &batch, .record = &record}, .recorded = std::nullopt};
  std::unique_lock lock(mutex_);
  queue_.push_back(&own);
  changed_.wait(lock, [&] { return own.recorded || !writing_; });
  if (own.recorded) return *std::move(own.recorded);
  writing_ = true;
  const std::vector<Waiting*> group = std::exchange(queue_, {});
  lock.unlock();
  Status recorded = Write(generation, group);
  lock.lock();
  for (Waiting* waiting : group) waiting->recorded = recorded;
  writing_ = false;
  changed_.notify_all();
  return recorded;
}

Status BatchRecorder::Write(std::int64_t generation, const std::vector<Waiting*>& group) {
  try {
    std::vector<FinishedBatch> batches;
    for (const Waiting* waiting : group) batches.push_back(waiting->batch);
    return RecordBatches(database_, target_, generation, batches);
  } catch (const std::exception& exception) {
    return Fail(Code::kInternal, exception.what());
  }
}

}  // namespace dsw
