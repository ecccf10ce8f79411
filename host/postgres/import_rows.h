// SPDX-License-Identifier: Apache-2.0
//
// The rows that an import needs before its items: dataset, embedder, transform, embedded dataset.
#pragma once

#include "host/base/result.h"
#include "host/postgres/importer.h"
#include "host/postgres/session.h"

namespace dsw {

/// Finds or makes them and fills the ids of `report`. Holds a lock to the end of the transaction,
/// so that two imports at once do not make the same row twice.
Status EnsureImportRows(pqxx::transaction_base& transaction, const ImportTarget& target,
                        ImportReport& report);

}  // namespace dsw
