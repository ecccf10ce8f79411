// SPDX-License-Identifier: Apache-2.0
#include "tests/fault/fault_world.h"

#include <ctime>
#include <deque>
#include <sstream>
#include <stdexcept>

#include <fmt/chrono.h>
#include <nlohmann/json.hpp>

namespace dsw::fault_test {
namespace {

using Json = nlohmann::json;
namespace fs = std::filesystem;

constexpr char kJobs[] = "DATASET_TRANSFORMS";
constexpr char kEvents[] = "TRANSFORM_STATUS";
constexpr char kLetters[] = "DLQ_DATASET_TRANSFORMS";
constexpr std::size_t kTroubleLines = 25;

std::uint64_t After(const std::vector<StreamMessage>& messages, std::uint64_t otherwise) {
  return messages.empty() ? otherwise : messages.back().sequence + 1;
}

}  // namespace

FaultWorld::FaultWorld() : fault_(directory() / "fault") {
  for (const char* name : {"", "fired", "points"}) fs::create_directory(fault_ / name);
  AddPlugin(DSW_EMBED_FAULT);
  AddPlugin(DSW_SINK_FAULT);
  Set("DSW_FAULT_DIR", fault_);
  Set("VECTOR_SINK", "fault");
  Set("NATS_ACK_WAIT_SECS", "1");
  Set("WORKER_SHUTDOWN_TIMEOUT_SECS", "3");
  NewRound();
}

void FaultWorld::Script(const std::string& rules) {
  const fs::path next = fault_ / "next.json";
  WriteFile(next, "{\"rules\": [" + rules + "]}");
  fs::rename(next, fault_ / "script.json");
}

void FaultWorld::Release(const std::string& rule) {
  WriteFile(fault_ / ("release-" + rule), "");
}

int FaultWorld::Fired(const std::string& rule) const {
  int calls = 0;
  while (fs::exists(fault_ / "fired" / fmt::format("{}.{}", rule, calls))) ++calls;
  return calls;
}

bool FaultWorld::AwaitFired(const std::string& rule, int calls,
                            std::chrono::milliseconds at_most) const {
  return Eventually([&] { return Fired(rule) >= calls; }, at_most);
}

Process FaultWorld::Start(const std::string& name, const Variables& more,
                          std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), "run");
  Command command = WorkerCommand(std::move(arguments));
  for (const auto& [key, value] : more) command.env[key] = value;
  command.env["DSW_FAULT_WORKER"] = name;
  command.stdout_file = directory() / ("worker-" + name + ".log");
  return Process(command);
}

bool FaultWorld::Drain(std::chrono::milliseconds at_most, const Variables& more) {
  Process worker = Start("drain", more, {"--until-idle"});
  const auto ended = worker.Wait(at_most);
  return ended && Drained(*ended);
}

bool FaultWorld::Drained(const ExitStatus& ended) const {
  return ended.ok() || (ended.code == 1 && Queued() == 0);
}

bool FaultWorld::NextJob(std::int64_t transform, const std::string& mode) {
  SubmitJob(transform, mode);
  return Drain();
}

std::string FaultWorld::Logs() const {
  std::string logs;
  for (const auto& entry : fs::directory_iterator(directory().path())) {
    if (entry.path().extension() == ".log") logs += ReadFile(entry.path());
  }
  return logs;
}

std::string FaultWorld::Trouble() const {
  std::deque<std::string> lines;
  std::istringstream all(Logs());
  for (std::string line; std::getline(all, line);) {
    const bool trouble =
        line.find(" WARN ") != std::string::npos || line.find(" ERROR ") != std::string::npos;
    if (!trouble) continue;
    lines.push_back(line);
    if (lines.size() > kTroubleLines) lines.pop_front();
  }
  std::string text;
  for (const std::string& line : lines) text += line + "\n";
  return text;
}

std::int64_t FaultWorld::Import(const std::string& dataset, int items, int chunks, int batch) {
  std::string lines;
  for (int i = 0; i < items; ++i) {
    Json item = {{"title", fmt::format("item {}", i)}, {"chunks", Json::array()}};
    for (int c = 0; c < chunks; ++c) {
      item["chunks"].push_back(fmt::format("{} item {} chunk {}", dataset, i, c));
    }
    lines += item.dump() + "\n";
  }
  return ImportLines(dataset, lines,
                     {"--embedder", "fault:hash-8", "--batch-size", std::to_string(batch),
                      "--config", Json{{"maker", dataset}}.dump()});
}

void FaultWorld::AddEmbedder(std::int64_t transform) {
  Sql(fmt::format(
      "WITH one AS ("
      "  INSERT INTO embedders (name, owner_id, owner_display_name, provider, base_url, config, "
      "                         batch_size) "
      "  SELECT name || ' 2', owner_id, owner_display_name, provider, base_url, "
      "         config || '{{\"maker\":\"second\"}}', batch_size "
      "  FROM embedders WHERE embedder_id = (SELECT embedder_ids[1] FROM dataset_transforms "
      "                                      WHERE dataset_transform_id = {0}) "
      "  RETURNING embedder_id) "
      "UPDATE dataset_transforms SET embedder_ids = embedder_ids || (SELECT embedder_id FROM one) "
      "WHERE dataset_transform_id = {0}",
      transform));
}

std::string FaultWorld::SubmitJob(std::int64_t transform, const std::string& mode) {
  jobs_.push_back(Submit(transform, mode));
  return jobs_.back();
}

void FaultWorld::PublishJobNamed(const std::string& job, std::int64_t transform,
                                 const std::string& mode) {
  PublishTo(nats().Url(), "workers.dataset-transform",
            Json{{"job_id", job}, {"dataset_transform_id", transform}, {"mode", mode}}.dump());
  if (jobs_.empty() || jobs_.back() != job) jobs_.push_back(job);
}

std::int64_t FaultWorld::Queued() const {
  return CountMessages(nats().Url(), kJobs);
}

std::vector<std::uint64_t> FaultWorld::Journal(const std::string& file) const {
  std::vector<std::uint64_t> prints;
  std::istringstream lines(ReadFile(fault_ / file));
  std::uint64_t pid = 0;
  for (std::uint64_t print = 0; lines >> print >> pid;) prints.push_back(print);
  return prints;
}

std::map<pid_t, int> FaultWorld::PaidBy() const {
  std::map<pid_t, int> paid;
  std::istringstream lines(ReadFile(fault_ / "embedded"));
  pid_t pid = 0;
  for (std::uint64_t print = 0; lines >> print >> pid;) ++paid[pid];
  return paid;
}

StoredPoints FaultWorld::Points(const std::string& collection) const {
  const fs::path log = fault_ / "points" / collection;
  const fs::path sqlite = directory() / "vectors.sqlite";
  return fs::exists(log) || !fs::exists(sqlite) ? ReadPoints(log, fence_)
                                                : ReadSqlitePoints(sqlite, collection);
}

StoredPoints FaultWorld::PointsOf(std::int64_t transform) const {
  return Points(CollectionOf(transform));
}

void FaultWorld::DropCollection(std::int64_t transform) {
  const std::string collection = CollectionOf(transform);
  fs::remove(fault_ / "points" / collection);
  fs::remove(fault_ / "points" / (collection + ".meta"));
}

void FaultWorld::EmptyCollection(std::int64_t transform) {
  WriteFile(fault_ / "points" / CollectionOf(transform), "");
}

std::vector<std::string> FaultWorld::EventsOf(const std::string& job) const {
  std::vector<std::string> events;
  for (const StreamMessage& message : ReadStream(nats().Url(), kEvents, first_event_)) {
    const Json event = Json::parse(message.data, nullptr, false);
    if (event.is_object() && event.value("job_id", "") == job) events.push_back(message.data);
  }
  return events;
}

std::vector<std::string> FaultWorld::LastEventsOf(const std::string& job) const {
  std::vector<std::string> last;
  for (const std::string& event : EventsOf(job)) {
    if (Json::parse(event).value("final", false)) last.push_back(event);
  }
  return last;
}

std::vector<std::string> FaultWorld::Check(const std::vector<std::int64_t>& transforms,
                                           const Expectations& expected) const {
  Findings findings;
  Truth truth;
  for (const std::int64_t transform : transforms) {
    truth = ReadTruth([this](const std::string& statement) { return Sql(statement); }, transform);
    CheckPoints(
        truth, [this](const std::string& collection) { return Points(collection); },
        expected.refused, findings);
    CheckRecords(truth, findings);
  }
  if (expected.events) {
    CheckEvents(truth, ReadStream(nats().Url(), kEvents, first_event_), jobs_, started_,
                expected.last_job_now, findings);
  }
  const auto letters = ReadStream(nats().Url(), kLetters, first_letter_);
  if (static_cast<int>(letters.size()) != expected.dead_letters) {
    findings.Add("dead letters",
                 fmt::format("{} instead of {}: {}", letters.size(), expected.dead_letters,
                             letters.empty() ? "" : HeaderOf(letters[0].headers, "Dsw-Error")));
  }
  if (const std::int64_t left = Queued(); left != 0) {
    findings.Add("queue", fmt::format("{} jobs are left", left));
  }
  return findings.Lines();
}

void FaultWorld::NewRound() {
  jobs_.clear();
  started_ = fmt::format("{:%Y-%m-%dT%H:%M:%S}", fmt::gmtime(std::time(nullptr)));
  first_event_ = After(ReadStream(nats().Url(), kEvents, first_event_), first_event_);
  first_letter_ = After(ReadStream(nats().Url(), kLetters, first_letter_), first_letter_);
  for (const char* file : {"sent", "embedded", "script.json"}) fs::remove(fault_ / file);
  fs::remove_all(fault_ / "fired");
  fs::create_directory(fault_ / "fired");
  for (const auto& entry : fs::directory_iterator(fault_)) {
    if (entry.path().filename().string().starts_with("release-")) fs::remove(entry.path());
  }
}

}  // namespace dsw::fault_test
