// SPDX-License-Identifier: Apache-2.0
//
// Storing items as a dataset that is ready to be embedded: the `import` command's way in.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "host/base/result.h"
#include "host/domain/import_codec.h"
#include "host/postgres/database.h"

namespace dsw {

/// Where to, and what is to embed it.
struct ImportTarget {
  std::string dataset_title;
  std::string owner;
  std::string provider;
  std::string model;                       ///< Empty: the provider's default.
  std::string base_url;                    ///< Empty: the provider's default.
  std::string api_key;                     ///< A reference, as env:NAME or file:/path; maybe empty.
  std::string config_json = "{}";          ///< JSON object; a "model" in it gives way to `model`.
  std::optional<std::int32_t> batch_size;  ///< Absent: the worker's default.
  std::optional<std::string> collection;   ///< Absent: made from the row's id.
};

struct RejectedLine {
  std::int64_t line = 0;
  std::string reason;
};

struct ImportReport {
  std::int64_t dataset_id = 0;
  std::int64_t dataset_transform_id = 0;
  std::vector<std::int64_t> embedded_dataset_ids;
  std::int64_t items = 0;   ///< Stored.
  std::int64_t chunks = 0;  ///< Of the stored items.
  std::vector<RejectedLine> rejected;
};

class LongTransaction;

/// Memory is that of one batch of items. Belongs to one thread at a time.
class Importer {
 public:
  /// Makes what is missing of dataset (by title and owner), embedder (by owner, provider, model,
  /// base URL and config), transform and embedded dataset. A batch size or API key that is given is
  /// written to the embedder. kConflict when the embedded dataset exists in another collection.
  /// `strict`: all in one transaction, so that nothing is stored unless Finish() succeeds; else
  /// every batch is committed by itself.
  static Result<std::unique_ptr<Importer>> Begin(Database& database, const ImportTarget& target,
                                                 bool strict);
  ~Importer();

  /// Appends an item; `line` is for the report. Items that the database refuses, as one whose title
  /// the dataset has already (Semantic Explorer's tables allow it once), are rejected; in strict
  /// mode that is the end, with kInvalid.
  Status Add(std::int64_t line, ImportItem item);
  /// Stores what is left, and commits.
  Result<ImportReport> Finish();

 private:
  struct Pending {
    std::int64_t line = 0;
    std::int64_t chunks = 0;
    std::string title;
    std::string json;  ///< Object of title, metadata and chunks, as the tables have them.
  };

  Importer(Database& database, bool strict);

  Status Flush();
  /// Stores items [first, first + count) of the batch; divides it to find what is refused.
  Status Store(std::size_t first, std::size_t count);
  Status Reject(const Pending& item, std::string reason);

  Database& database_;
  const std::unique_ptr<LongTransaction> strict_;  ///< Null unless all is one transaction.
  ImportReport report_;
  std::vector<Pending> batch_;
  std::size_t batch_bytes_ = 0;
};

}  // namespace dsw
