// SPDX-License-Identifier: Apache-2.0
//
// A world in which things go wrong: several workers by name, an embedder and a sink that fail as a
// script says while the workers run (tests/plugins/fault/script.h), and an account of what was
// paid for.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "tests/e2e/world.h"
#include "tests/fault/checker.h"

namespace dsw::fault_test {

/// What a check may assume.
struct Expectations {
  std::vector<std::string>
      refused{};  ///< Chunks with one of these texts may be recorded as failed.
  int dead_letters = 0;
  bool events = true;        ///< Every job that was submitted has had its end.
  bool last_job_now = true;  ///< Nothing was edited since the last job began.
};

/// Ack wait of a second, embedder and sink "fault". Belongs to one thread at a time.
class FaultWorld : public World {
 public:
  FaultWorld();

  /// The rules of the plugins from now on, as a JSON array's content; none when empty. Names of
  /// rules that have fired may not be used again.
  void Script(const std::string& rules);
  /// Lets calls go on that the rule holds.
  void Release(const std::string& rule);
  /// How many calls the rule has counted; see script.h.
  int Fired(const std::string& rule) const;
  /// Waits until a rule has counted so many calls.
  bool AwaitFired(const std::string& rule, int calls = 1,
                  std::chrono::milliseconds at_most = std::chrono::seconds(20)) const;

  /// A worker whose plugins know it by `name`, with settings of its own.
  Process Start(const std::string& name = "w", const Variables& more = {},
                std::vector<std::string> arguments = {});
  /// Runs a worker until no job is left; false when that takes longer, or it fails.
  bool Drain(std::chrono::milliseconds at_most = std::chrono::seconds(60),
             const Variables& more = {});
  /// A worker that was to drain the queue did so, whether its jobs succeeded or are dead letters.
  bool Drained(const ExitStatus& ended) const;
  /// Submits a job and drains.
  bool NextJob(std::int64_t transform, const std::string& mode = "incremental");
  /// What the workers logged as warnings and errors, the end of it.
  std::string Trouble() const;
  std::string Logs() const;

  /// `items` of `chunks` chunks "<dataset> item <i> chunk <c>", for an embedder of this dataset's
  /// own, in batches of `batch`; the id of the transform.
  std::int64_t Import(const std::string& dataset, int items, int chunks, int batch = 10);
  /// One more target of the transform, by an embedder of its own.
  void AddEmbedder(std::int64_t transform);
  /// Submits a job and remembers it; its id.
  std::string SubmitJob(std::int64_t transform, const std::string& mode = "incremental");
  /// Publishes a job under an id of the caller's, without de-duplication.
  void PublishJobNamed(const std::string& job, std::int64_t transform,
                       const std::string& mode = "incremental");
  /// Jobs in the queue, those that are being worked on included.
  std::int64_t Queued() const;

  /// Texts that the embedder was given, and those that it embedded, in order, as fingerprints.
  std::vector<std::uint64_t> Sent() const { return Journal("sent"); }
  std::vector<std::uint64_t> Paid() const { return Journal("embedded"); }
  /// How many texts each worker embedded.
  std::map<pid_t, int> PaidBy() const;

  /// Whether sink "fault" keeps points of larger tokens; it does at first.
  void SetFence(bool on) { fence_ = on; }
  StoredPoints Points(const std::string& collection) const;
  /// Points of a transform's first target.
  StoredPoints PointsOf(std::int64_t transform) const;
  /// Drops or empties a collection behind the worker's back.
  void DropCollection(std::int64_t transform);
  void EmptyCollection(std::int64_t transform);

  /// Status events of a job, as JSON texts.
  std::vector<std::string> EventsOf(const std::string& job) const;
  std::vector<std::string> LastEventsOf(const std::string& job) const;

  /// Everything that is wrong with the transforms, a line each. The last job is that of the last.
  std::vector<std::string> Check(const std::vector<std::int64_t>& transforms,
                                 const Expectations& expected = {}) const;
  /// Forgets jobs, events, dead letters and payments so far.
  void NewRound();

 private:
  std::vector<std::uint64_t> Journal(const std::string& file) const;

  std::filesystem::path fault_;
  std::vector<std::string> jobs_;
  std::string started_;
  std::uint64_t first_event_ = 1;
  std::uint64_t first_letter_ = 1;
  bool fence_ = true;
};

}  // namespace dsw::fault_test
