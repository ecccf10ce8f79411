// SPDX-License-Identifier: Apache-2.0
#include "tests/e2e/world.h"

#include <cstdlib>
#include <memory>
#include <sstream>
#include <stdexcept>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <sqlite3.h>

#include "host/base/short_name.h"
#include "host/domain/point.h"
#include "host/nats/connection.h"
#include "host/nats/job_publisher.h"
#include "host/nats/topology.h"
#include "tests/e2e/stream_reader.h"

namespace dsw {
namespace {

std::unique_ptr<NatsConnection> Connect(const NatsServer& server) {
  auto connection = NatsConnection::Open({.url = server.Url(), .creds = "", .name = "e2e"});
  if (!connection) throw std::runtime_error(connection.error().message);
  return *std::move(connection);
}

/// For tests that are run once for each mode.
bool Isolated() {
  return std::getenv("DSW_TEST_ISOLATED") != nullptr;
}

}  // namespace

World::World() : database_(postgres_.CreateDatabase()) {
  std::filesystem::create_directory(directory_ / "plugins");
  AddPlugin(DSW_SINK_SQLITE);
  AddPlugin(DSW_EMBED_TEST);
  variables_ = {{"DATABASE_URL", postgres_.Url(database_)},
                {"NATS_URL", nats_.Url()},
                {"PLUGIN_DIR", directory_ / "plugins"},
                {"PLUGIN_ISOLATION", Isolated() ? "all" : "none"},
                {"PLUGIN_GRANTS",
                 "io.dsw.sink-sqlite:files,io.dsw.embed-test:files,io.dsw.embed-fastembed:files"},
                {"VECTOR_SINK", "sqlite"},
                {"SQLITE_PATH", SinkFile()},
                {"METRICS_PORT", "0"},
                {"METRICS_ADDRESS", "127.0.0.1"},
                {"NATS_ACK_WAIT_SECS", "2"},
                {"RETRY_SCHEDULE", "100ms"},
                {"EMBEDDER_RETRY_DELAY_MS", "10"},
                {"LOG_LEVEL", "debug"},
                {"LOG_FORMAT", "text"}};
  const Output migrated = Run({"migrate"});
  if (!migrated.status.ok()) throw std::runtime_error("migrate: " + migrated.err);
}

void World::AddPlugin(const std::filesystem::path& plugin) {
  AddPlugin(plugin, plugin.filename());
}

void World::AddPlugin(const std::filesystem::path& plugin, const std::string& name) {
  const std::filesystem::path copy = directory_ / "plugins" / ".new";
  std::filesystem::copy_file(plugin, copy);
  // Plugins that others may write to are refused.
  std::filesystem::permissions(copy, std::filesystem::perms(0755));
  std::filesystem::rename(copy, directory_ / "plugins" / name);
}

Command World::WorkerCommand(std::vector<std::string> arguments) const {
  arguments.insert(arguments.begin(), DSW_WORKER);
  Command command;
  command.argv = std::move(arguments);
  command.env = variables_;
  return command;
}

Output World::Run(std::vector<std::string> arguments, std::string_view input) {
  return RunCommand(WorkerCommand(std::move(arguments)), input, std::chrono::minutes(3));
}

Process World::StartWorker(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), "run");
  Command command = WorkerCommand(std::move(arguments));
  command.stdout_file = directory_ / "worker.log";
  return Process(command);
}

std::int64_t World::ImportItems(std::string_view dataset, int items, int chunks,
                                const std::string& config, const std::string& embedder) {
  std::ostringstream lines;
  for (int i = 0; i < items; ++i) {
    nlohmann::json item = {{"title", fmt::format("item {}", i)},
                           {"metadata", {{"source_file", fmt::format("{}.txt", i)}}},
                           {"chunks", nlohmann::json::array()}};
    for (int c = 0; c < chunks; ++c) {
      item["chunks"].push_back(fmt::format("{} item {} chunk {}", dataset, i, c));
    }
    lines << item.dump() << '\n';
  }
  return ImportLines(dataset, lines.str(), {"--embedder", embedder, "--config", config});
}

std::int64_t World::ImportLines(std::string_view dataset, const std::string& ndjson,
                                std::vector<std::string> options) {
  std::vector<std::string> arguments = {"import", "-", "--json", "--dataset", std::string(dataset)};
  arguments.insert(arguments.end(), options.begin(), options.end());
  const Output output = Run(std::move(arguments), ndjson);
  if (!output.status.ok()) throw std::runtime_error("import: " + output.err);
  return nlohmann::json::parse(output.out).at("dataset_transform_id");
}

std::string World::Submit(std::int64_t transform, const std::string& mode) {
  const Output output =
      Run({"submit", "--json", "--transform", std::to_string(transform), "--mode", mode});
  if (!output.status.ok()) throw std::runtime_error("submit: " + output.err);
  return nlohmann::json::parse(output.out).at("job_id");
}

void World::Publish(const std::string& payload) {
  const auto connection = Connect(nats_);
  const auto ready = EnsureTopology(*connection, {.stream = "DATASET_TRANSFORMS",
                                                  .consumer = "worker-datasets",
                                                  .dlq_stream = "DLQ_DATASET_TRANSFORMS",
                                                  .dlq_consumer = "worker-datasets-dlq",
                                                  .status_stream = "TRANSFORM_STATUS",
                                                  .ack_wait = std::chrono::seconds(2)});
  if (!ready) throw std::runtime_error(ready.error().message);
  const auto published =
      PublishJob(*connection, "DATASET_TRANSFORMS", payload, ShortName("raw-" + payload, 64));
  if (!published) throw std::runtime_error(published.error().message);
}

int World::RunUntilIdle() {
  Process worker = StartWorker({"--until-idle"});
  const auto status = worker.Wait(std::chrono::minutes(3));
  return status ? status->code : -1;
}

std::multiset<std::string> World::SinkSql(const std::string& sql) const {
  std::multiset<std::string> values;
  sqlite3* opened = nullptr;
  const int open = sqlite3_open_v2(SinkFile().c_str(), &opened, SQLITE_OPEN_READWRITE, nullptr);
  const std::unique_ptr<sqlite3, decltype(&sqlite3_close)> file(opened, &sqlite3_close);
  sqlite3_busy_timeout(opened, 5000);
  const auto keep = [](void* into, int, char** columns, char**) {
    static_cast<std::multiset<std::string>*>(into)->insert(columns[0]);
    return 0;
  };
  if (open != SQLITE_OK || sqlite3_exec(opened, sql.c_str(), keep, &values, nullptr) != SQLITE_OK) {
    throw std::runtime_error(fmt::format("{}: {}", sql, sqlite3_errmsg(opened)));
  }
  return values;
}

std::string World::CollectionOf(std::int64_t transform) const {
  return Sql(
      fmt::format("SELECT collection_name FROM embedded_datasets WHERE dataset_transform_id = {} "
                  "ORDER BY embedded_dataset_id LIMIT 1",
                  transform));
}

std::string World::PointTable(std::int64_t transform) const {
  if (!std::filesystem::exists(SinkFile())) return {};
  const auto id =
      SinkSql(fmt::format("SELECT id FROM collections WHERE name = '{}'", CollectionOf(transform)));
  return id.empty() ? std::string() : fmt::format("points_{}", *id.begin());
}

std::multiset<std::string> World::PointIds(std::int64_t transform) const {
  const std::string table = PointTable(transform);
  if (table.empty()) return {};
  return SinkSql(fmt::format("SELECT id FROM {}", table));
}

std::multiset<std::string> World::ExpectedPointIds(std::int64_t transform) const {
  std::istringstream rows(Sql(fmt::format(
      "SELECT e.embedded_dataset_id, i.item_id, c.n - 1 FROM embedded_datasets e JOIN "
      "dataset_items i ON i.dataset_id = e.source_dataset_id CROSS JOIN LATERAL "
      "generate_series(1, jsonb_array_length(i.chunks)) AS c(n) WHERE e.dataset_transform_id = {} "
      "AND e.embedded_dataset_id = (SELECT min(embedded_dataset_id) FROM embedded_datasets WHERE "
      "dataset_transform_id = {})",
      transform, transform)));
  std::multiset<std::string> ids;
  for (std::string row; std::getline(rows, row);) {
    std::istringstream columns(row);
    std::int64_t embedded_dataset = 0;
    ChunkPosition position;
    char bar = 0;
    columns >> embedded_dataset >> bar >> position.item_id >> bar >> position.index;
    ids.insert(PointId(embedded_dataset, position));
  }
  return ids;
}

std::vector<DeadLetter> World::DeadLetters() const {
  std::vector<DeadLetter> letters;
  for (const StreamMessage& message : ReadStream(nats_.Url(), "DLQ_DATASET_TRANSFORMS")) {
    letters.push_back({.payload = message.data,
                       .error_type = HeaderOf(message.headers, "Dsw-Error-Type"),
                       .error = HeaderOf(message.headers, "Dsw-Error"),
                       .attempts = HeaderOf(message.headers, "Dsw-Attempts")});
  }
  return letters;
}

std::int64_t World::TextsEmbedded() const {
  std::istringstream counts(ReadFile(directory_ / "embedded"));
  std::int64_t sum = 0;
  for (std::int64_t count = 0; counts >> count;) sum += count;
  return sum;
}

std::string World::CountConfig(const std::string& more) const {
  return fmt::format(R"({{"count_file":"{}"{}{}}})", (directory_ / "embedded").string(),
                     more.empty() ? "" : ",", more);
}

}  // namespace dsw
