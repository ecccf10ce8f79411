// SPDX-License-Identifier: Apache-2.0
//
// Everything around the worker's binary: a private PostgreSQL and nats-server, a plugin directory,
// a SQLite file, and short ways to use and to look at them.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "tests/support/nats_server.h"
#include "tests/support/postgres_server.h"
#include "tests/support/process.h"
#include "tests/support/temp_dir.h"

namespace dsw {

/// What happened to a message that was given up.
struct DeadLetter {
  std::string payload;
  std::string error_type;
  std::string error;
  std::string attempts;
};

/// A world of its own for each test, with a migrated database. Belongs to one thread at a time.
class World {
 public:
  using Variables = std::map<std::string, std::string>;

  World();

  /// Overrides a setting for everything that is started from now on.
  void Set(const std::string& name, const std::string& value) { variables_[name] = value; }
  /// Also loads this plugin.
  void AddPlugin(const std::filesystem::path& plugin);
  /// Under this name, and in one step in the place of a file that has it.
  void AddPlugin(const std::filesystem::path& plugin, const std::string& name);

  /// Runs a command to its end.
  Output Run(std::vector<std::string> arguments, std::string_view input = {});
  /// Starts `run` and what follows; its log goes to log().
  Process StartWorker(std::vector<std::string> arguments = {});
  std::string Log() const { return ReadFile(directory_ / "worker.log"); }

  /// Imports `items` items of `chunks` short chunks each for the test embedder, whose own settings
  /// are `config`; the id of the transform.
  std::int64_t ImportItems(std::string_view dataset, int items, int chunks,
                           const std::string& config = "{}",
                           const std::string& embedder = "test:hash-8");
  /// Imports NDJSON, with further options of `import`.
  std::int64_t ImportLines(std::string_view dataset, const std::string& ndjson,
                           std::vector<std::string> options = {"--embedder", "test:hash-8"});
  /// Submits a job without watching it.
  std::string Submit(std::int64_t transform, const std::string& mode = "incremental");
  /// Publishes a message as it is.
  void Publish(const std::string& payload);
  /// Runs the worker until no job is left; its exit code.
  int RunUntilIdle();

  /// Result of a query in the worker's database.
  std::string Sql(std::string_view sql) const { return postgres_.Sql(database_, sql); }
  /// First column of a query in the sink's file. Throws SQLite's words on failure.
  std::multiset<std::string> SinkSql(const std::string& sql) const;
  /// Name of the collection of the transform's first embedding; empty when there is none.
  std::string CollectionOf(std::int64_t transform) const;
  /// The table there for the transform's first embedding; empty when there is none.
  std::string PointTable(std::int64_t transform) const;
  /// Ids of the points that the sink has for the transform's first embedding.
  std::multiset<std::string> PointIds(std::int64_t transform) const;
  /// Ids that it must have: one for every chunk of the dataset as it is now.
  std::multiset<std::string> ExpectedPointIds(std::int64_t transform) const;
  std::vector<DeadLetter> DeadLetters() const;
  /// Texts that the test embedder embedded, over all processes, for imports with CountConfig().
  std::int64_t TextsEmbedded() const;
  /// Settings of the test embedder that count texts; `more` as in "\"delay_ms\":5".
  std::string CountConfig(const std::string& more = "") const;

  const TempDir& directory() const { return directory_; }
  PostgresServer& postgres() { return postgres_; }
  NatsServer& nats() { return nats_; }
  const NatsServer& nats() const { return nats_; }
  const std::string& database() const { return database_; }

 protected:
  Command WorkerCommand(std::vector<std::string> arguments) const;

 private:
  std::filesystem::path SinkFile() const { return directory_ / "vectors.sqlite"; }

  TempDir directory_;
  PostgresServer postgres_;
  NatsServer nats_;
  std::string database_;
  Variables variables_;
};

}  // namespace dsw
