// SPDX-License-Identifier: Apache-2.0
//
// The parts of the settings that the pipeline and its store follow, in their terms.
#pragma once

#include <cstdint>

#include "host/config/settings.h"
#include "host/pipeline/options.h"
#include "host/postgres/dataset_store.h"

namespace dsw {

/// What the pipeline follows.
PipelineOptions PipelineOptionsFrom(const Settings& settings);
/// What the store follows.
PostgresStoreOptions StoreOptionsFrom(const Settings& settings);
/// Bytes that batches in flight may take together.
std::uint64_t BatchMemoryFrom(const Settings& settings);

}  // namespace dsw
