// SPDX-License-Identifier: Apache-2.0
//
// What each command does, given its options. A command writes its result to stdout and returns why
// it failed; the command line turns that into a message and an exit code.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "host/base/result.h"
#include "host/config/settings.h"
#include "host/domain/job.h"

namespace dsw {

struct RunOptions {
  bool until_idle = false;  ///< Leave once no job is waiting, in flight or delayed.
};
/// The worker: serves jobs until it is told to stop. With `until_idle` it fails when jobs that it
/// ran ended as dead letters.
Status RunWorker(const Settings& settings, const RunOptions& options);

/// Prints the effective settings.
Status CheckConfig(const Settings& settings, bool json);

/// Brings the database up to date.
Status MigrateDatabase(const Settings& settings);

struct PluginsOptions {
  bool json = false;
  bool strict = false;  ///< Fail if any file was refused.
};
/// Prints what the plugin directories hold and what became of each file.
Status ListPlugins(const Settings& settings, const PluginsOptions& options);

/// Asks the worker that runs on this machine with these settings how its plugins' processes are.
Status PluginStatus(const Settings& settings, bool json);
/// Has it bring changes in the plugin directories into effect.
Status ReloadPlugins(const Settings& settings);
/// Has it end the quarantine of plugins whose file's sha256 begins so.
Status ReleasePlugin(const Settings& settings, const std::string& sha256);

struct ImportOptions {
  std::vector<std::string> files;  ///< "-" is stdin.
  std::string dataset;
  std::string owner = "local";
  std::string embedder = "fastembed:sentence-transformers/all-MiniLM-L6-v2";
  std::string base_url;
  std::string api_key;  ///< "env:NAME" or "file:PATH".
  std::string config = "{}";
  std::optional<std::int32_t> batch_size;
  std::string collection;
  bool strict = false;
  bool json = false;
};
/// Reads items from NDJSON into a dataset, with an embedder and a transform for it.
Status Import(const Settings& settings, const ImportOptions& options);

struct SubmitOptions {
  std::int64_t transform = 0;
  std::string mode = "incremental";
  bool watch = false;
  bool json = false;
};
/// Publishes a job and, with `watch`, follows it to its end. kInternal with the job's own reason
/// when it failed.
Status Submit(const Settings& settings, const SubmitOptions& options);

/// Which dead letters a command is about.
struct DeadLetterOptions {
  std::optional<std::uint64_t> sequence;  ///< In the dead-letter stream.
  std::optional<std::int64_t> transform;
  bool all = false;
  bool json = false;
};
/// Prints what is known about each dead letter, oldest first.
Status ListDeadLetters(const Settings& settings, const DeadLetterOptions& options);
/// Prints one with its headers and payload.
Status ShowDeadLetter(const Settings& settings, const DeadLetterOptions& options);
/// Publishes jobs again. kInvalid when some cannot be; the others are.
Status ReplayDeadLetters(const Settings& settings, const DeadLetterOptions& options);
/// Removes them.
Status PurgeDeadLetters(const Settings& settings, const DeadLetterOptions& options);

/// Publishes a job for each transform with something to embed and nobody at it; may be run as often
/// as one likes. Prints those that were published; with `json` one document a line.
Status SubmitDue(const Settings& settings, bool json);

struct VerifyOptions {
  std::int64_t transform = 0;
  bool repair = false;
  bool json = false;
};
/// Compares the sink with the database, and mends the one by the other. kConflict when something is
/// wrong and was not mended.
Status Verify(const Settings& settings, const VerifyOptions& options);

struct SearchOptions {
  std::int64_t transform = 0;
  std::optional<std::int64_t> embedded_dataset;  ///< Absent: the transform's first.
  std::string query;                             ///< Empty: see `queries`.
  std::string queries;                           ///< File with a query a line; "-" is stdin.
  std::uint32_t limit = 10;
  bool json = false;
};
/// Answers queries from what was embedded.
Status Search(const Settings& settings, const SearchOptions& options);

}  // namespace dsw
