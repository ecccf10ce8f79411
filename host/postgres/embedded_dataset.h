// SPDX-License-Identifier: Apache-2.0
//
// The row that ties a transform to one of its embedders and to a collection.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "host/postgres/session.h"

namespace dsw {

struct EmbeddedDataset {
  std::int64_t embedded_dataset_id = 0;
  std::string collection;
};

/// The row of a transform and one of its embedders, made if missing. A new row gets `collection`,
/// else the embedder's collection_name, else "embedded-dataset-{id}-{owner}". An existing row stays
/// as it is. REQUIRES: both exist.
EmbeddedDataset EnsureEmbeddedDataset(pqxx::transaction_base& transaction,
                                      std::int64_t dataset_transform_id, std::int64_t embedder_id,
                                      const std::optional<std::string>& collection);

}  // namespace dsw
