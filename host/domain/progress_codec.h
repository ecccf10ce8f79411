// SPDX-License-Identifier: Apache-2.0
//
// The only place that knows a status event's JSON and subject.
#pragma once

#include <string>
#include <string_view>

#include "host/base/result.h"
#include "host/domain/progress.h"

namespace dsw {

/// The event as JSON: Semantic Explorer's keys (job_id, dataset_transform_id, embedded_dataset_id,
/// owner_id, batch_file_key, chunk_count, status, error, processing_duration_ms) and total_chunks,
/// failed_chunks, batches_done, percent, tokens, final, timestamp. The error is redacted; it and
/// the owner are cut after 4096 bytes.
std::string ProgressJson(const Progress& progress);

/// Reads what ProgressJson wrote. kInvalid for anything else.
Result<Progress> ParseProgress(std::string_view json);

/// "transforms.dataset.status.{owner_id}.{dataset_id}.{dataset_transform_id}", with characters that
/// a subject token cannot hold replaced by "_", and an owner of more than 64 bytes by a short name.
std::string ProgressSubject(const Progress& progress);

}  // namespace dsw
