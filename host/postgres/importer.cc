// SPDX-License-Identifier: Apache-2.0
#include "host/postgres/importer.h"

#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "host/postgres/import_rows.h"
#include "host/postgres/long_transaction.h"
#include "host/postgres/session.h"

namespace dsw {
namespace {

constexpr std::size_t kItemsPerBatch = 300;
constexpr std::size_t kBytesPerBatch = 4 << 20;

std::string Quoted(const std::string& text) {
  return nlohmann::json(text).dump();
}

std::string ItemJson(const ImportItem& item) {
  std::string json = fmt::format(R"({{"title":{},"metadata":{},"chunks":[)", Quoted(item.title),
                                 item.metadata_json);
  const char* separator = "";
  for (const ImportChunk& chunk : item.chunks) {
    json += fmt::format(R"({}{{"content":{},"metadata":{}}})", separator, Quoted(chunk.text),
                        chunk.metadata_json.empty() ? "{}" : chunk.metadata_json);
    separator = ",";
  }
  return json + "]}";
}

/// Stores the items of a JSON array; the positions (from 1) of those that were not, as another of
/// their title exists and the dataset has each title once.
std::vector<std::size_t> Insert(pqxx::transaction_base& transaction, std::int64_t dataset_id,
                                const std::string& items) {
  const pqxx::result rows =
      Exec(transaction,
           "WITH input AS ("
           "  SELECT title, chunks, metadata, position, "
           "    row_number() OVER (PARTITION BY title ORDER BY position) AS nth "
           "  FROM ROWS FROM (jsonb_to_recordset($2::jsonb) "
           "      AS (title text, chunks jsonb, metadata jsonb)) "
           "    WITH ORDINALITY AS t(title, chunks, metadata, position)"
           "), inserted AS ("
           "  INSERT INTO dataset_items (dataset_id, title, chunks, metadata) "
           "  SELECT $1::bigint, title, chunks, metadata FROM input ORDER BY position "
           "  ON CONFLICT DO NOTHING RETURNING title"
           "), stored AS (SELECT title, count(*) AS number FROM inserted GROUP BY title) "
           "SELECT i.position FROM input i LEFT JOIN stored s USING (title) "
           "WHERE i.nth > coalesce(s.number, 0) ORDER BY i.position",
           dataset_id, items);
  std::vector<std::size_t> refused;
  for (const auto& row : rows) refused.push_back(static_cast<std::size_t>(Int64(row[0])));
  return refused;
}

}  // namespace

Importer::Importer(Database& database, bool strict)
    : database_(database),
      strict_(strict ? std::make_unique<LongTransaction>(database) : nullptr) {}
Importer::~Importer() = default;

Result<std::unique_ptr<Importer>> Importer::Begin(Database& database, const ImportTarget& target,
                                                  bool strict) {
  std::unique_ptr<Importer> importer(new Importer(database, strict));
  const auto begin_strict = [&](pqxx::work& transaction) -> Status {
    return EnsureImportRows(transaction, target, importer->report_);
  };
  const auto begin = [&](Session& session) -> Status {
    pqxx::work transaction(session.connection);
    RETURN_IF_ERROR(EnsureImportRows(transaction, target, importer->report_));
    transaction.commit();
    return {};
  };
  const Status begun = strict ? importer->strict_->Run({}, begin_strict) : database.Run(begin);
  if (!begun) return Fail(begun.error());
  return importer;
}

Status Importer::Add(std::int64_t line, ImportItem item) {
  Pending pending{.line = line,
                  .chunks = static_cast<std::int64_t>(item.chunks.size()),
                  .title = item.title,
                  .json = ItemJson(item)};
  batch_bytes_ += pending.json.size();
  batch_.push_back(std::move(pending));
  if (batch_.size() < kItemsPerBatch && batch_bytes_ < kBytesPerBatch) return {};
  return Flush();
}

Status Importer::Flush() {
  if (!batch_.empty()) RETURN_IF_ERROR(Store(0, batch_.size()));
  batch_.clear();
  batch_bytes_ = 0;
  return {};
}

Status Importer::Reject(const Pending& item, std::string reason) {
  if (strict_) return Fail(Code::kInvalid, fmt::format("line {}: {}", item.line, reason));
  report_.rejected.push_back({.line = item.line, .reason = std::move(reason)});
  return {};
}

Status Importer::Store(std::size_t first, std::size_t count) {
  std::string items = "[";
  for (std::size_t i = first; i < first + count; ++i) {
    items += (i == first ? "" : ",") + batch_[i].json;
  }
  items += "]";

  std::vector<std::size_t> refused;
  Status stored;
  if (strict_) {
    // A transaction that is lost has lost what was stored before: no second attempt.
    const Database::Effort once(Database::Retries::kNone, Database::Patience::kLong);
    stored = strict_->Run(once, [&](pqxx::work& transaction) -> Status {
      refused = Insert(transaction, report_.dataset_id, items);
      return {};
    });
  } else {
    const Database::Effort effort(Database::Retries::kUnlessInDoubt, Database::Patience::kLong);
    stored = database_.Run(effort, [&](Session& session) -> Status {
      pqxx::work transaction(session.connection);
      refused = Insert(transaction, report_.dataset_id, items);
      transaction.commit();
      return {};
    });
  }
  if (!stored) {
    // Some item does not fit, as one beyond the size of a JSON value.
    if (stored.error().code != Code::kInvalid || strict_) return stored;
    if (count == 1) return Reject(batch_[first], stored.error().message);
    RETURN_IF_ERROR(Store(first, count / 2));
    return Store(first + count / 2, count - count / 2);
  }

  auto next = refused.begin();
  for (std::size_t i = 0; i < count; ++i) {
    const Pending& item = batch_[first + i];
    if (next != refused.end() && *next == i + 1) {
      ++next;
      RETURN_IF_ERROR(
          Reject(item, fmt::format("the dataset has an item \"{}\" already", item.title)));
      continue;
    }
    ++report_.items;
    report_.chunks += item.chunks;
  }
  return {};
}

Result<ImportReport> Importer::Finish() {
  RETURN_IF_ERROR(Flush());
  if (strict_) RETURN_IF_ERROR(strict_->Commit(Database::Patience::kLong));
  return std::move(report_);
}

}  // namespace dsw
