// SPDX-License-Identifier: Apache-2.0
#include "host/pipeline/verify_target.h"

#include <algorithm>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "host/domain/point.h"
#include "host/domain/stamp.h"
#include "host/lanes/lane_call.h"
#include "host/pipeline/attempt.h"
#include "host/pipeline/expected_index.h"
#include "host/pipeline/maker.h"

namespace dsw {
namespace {

/// Ids from `first` on whose beginning is at most `last`.
struct KeyRange {
  std::uint64_t first = 0;
  std::uint64_t last = std::numeric_limits<std::uint64_t>::max();

  bool Holds(const PointKey& key) const { return key.high >= first && key.high <= last; }
  /// The last id before the range; empty for the first of all ranges.
  std::string Before() const {
    if (first == 0) return {};
    return PointKey{first - 1, std::numeric_limits<std::uint64_t>::max()}.ToString();
  }
};

class Verifier {
 public:
  Verifier(const Plan& plan, const Target& target, const WorkerContext& worker,
           const JobScope& scope, const Mending* mending, const VerifyLimits& limits)
      : plan_(plan),
        target_(target),
        worker_(worker),
        scope_(scope),
        mending_(mending),
        limits_(limits) {}

  Result<Verification> Run();

 private:
  Status Open();
  Result<std::string> Maker(Embedder& embedder);
  CallContext Attempt(const Lane& lane, const Departure& departure, std::uint32_t number) const;

  /// Compares the points whose ids are in the range.
  Status Pass(ExpectedCursor& cursor, const KeyRange& range);
  Status Load(ExpectedCursor& cursor, const KeyRange& range);
  Status Scan(const KeyRange& range);
  Result<std::vector<PointStamp>> ReadPage(const std::string& after);
  Status Judge(const PointStamp& point, const PointKey& key);
  Status CountUnfound();

  Status TakeBack(const ExpectedChunk& chunk);
  Status FlushWrong();
  Status FlushOrphans();

  const Plan& plan_;
  const Target& target_;
  const WorkerContext& worker_;
  const JobScope& scope_;
  const Mending* const mending_;
  const VerifyLimits limits_;
  std::shared_ptr<VectorSink> sink_;
  std::shared_ptr<Lane> lane_;
  std::string maker_;
  bool shared_ = false;
  ExpectedIndex expected_;
  std::vector<ChunkPosition> wrong_;
  std::vector<std::string> orphans_;
  std::int64_t token_ = 0;  ///< The largest seen.
  Verification result_;
};

Result<Verification> Verifier::Run() {
  RETURN_IF_ERROR(Open());
  ASSIGN_OR_RETURN(ExpectedPoints points, worker_.datasets.OpenExpected(plan_, target_));
  shared_ = points.shared;
  const auto passes = static_cast<std::uint64_t>(std::max<std::int64_t>(
      1, (points.chunks + limits_.chunks_per_pass - 1) / limits_.chunks_per_pass));
  constexpr std::uint64_t kLast = std::numeric_limits<std::uint64_t>::max();
  const std::uint64_t step = kLast / passes;
  for (std::uint64_t pass = 0; pass < passes; ++pass) {
    const std::uint64_t first = pass * step;
    const bool last_pass = pass + 1 == passes;
    if (pass > 0) {
      ASSIGN_OR_RETURN(points, worker_.datasets.OpenExpected(plan_, target_));
    }
    RETURN_IF_ERROR(Pass(*points.cursor, {first, last_pass ? kLast : first + step - 1}));
  }
  ASSIGN_OR_RETURN(const std::int64_t last_token, worker_.datasets.LastToken());
  if (token_ > last_token) result_.future_token = token_;
  return result_;
}

Status Verifier::Open() {
  ASSIGN_OR_RETURN(const std::shared_ptr<Embedder> embedder,
                   worker_.plugins.OpenEmbedder(target_.embedder));
  ASSIGN_OR_RETURN(sink_, worker_.plugins.OpenSink({}));
  lane_ = worker_.lanes.Of(*sink_);
  ASSIGN_OR_RETURN(maker_, Maker(*embedder));
  return {};
}

Result<std::string> Verifier::Maker(Embedder& embedder) {
  const std::shared_ptr<Lane> lane = worker_.lanes.Of(embedder);
  ASSIGN_OR_RETURN(ModelFacts facts, DescribeModel(embedder, *lane, plan_, scope_));
  if (facts.dimensions == 0) {
    // Only a vector tells.
    Trouble trouble;
    ASSIGN_OR_RETURN(const Vectors probe,
                     CallInLane<Vectors>(*lane, Demand{.inputs = 1}, scope_, trouble,
                                         [&](const Departure& departure, std::uint32_t number) {
                                           return embedder.Embed(Attempt(*lane, departure, number),
                                                                 kProbeText, InputType::kDocument);
                                         }));
    facts.dimensions = static_cast<std::uint32_t>(probe.matrix.dimensions());
  }
  return ShortMaker(MakerOf(embedder, target_.embedder, facts.dimensions));
}

CallContext Verifier::Attempt(const Lane& lane, const Departure& departure,
                              std::uint32_t number) const {
  return AttemptOf(plan_, plan_.job_id, scope_, lane, departure, number);
}

Status Verifier::Pass(ExpectedCursor& cursor, const KeyRange& range) {
  RETURN_IF_ERROR(Load(cursor, range));
  RETURN_IF_ERROR(Scan(range));
  RETURN_IF_ERROR(CountUnfound());
  RETURN_IF_ERROR(FlushWrong());
  return FlushOrphans();
}

Status Verifier::Load(ExpectedCursor& cursor, const KeyRange& range) {
  expected_.Clear();
  while (true) {
    RETURN_IF_ERROR(MayGoOn(scope_, worker_.clock.Now()));
    ASSIGN_OR_RETURN(const std::vector<ExpectedChunk> page, cursor.NextPage());
    if (page.empty()) break;
    for (const ExpectedChunk& chunk : page) {
      const std::optional<PointKey> key =
          PointKey::Parse(PointId(target_.embedded_dataset_id, chunk.position));
      if (range.Holds(*key)) expected_.Add(*key, chunk);
    }
  }
  expected_.Sort();
  return {};
}

Status Verifier::Scan(const KeyRange& range) {
  std::string after = range.Before();
  while (true) {
    RETURN_IF_ERROR(MayGoOn(scope_, worker_.clock.Now()));
    ASSIGN_OR_RETURN(const std::vector<PointStamp> page, ReadPage(after));
    bool beyond = page.size() < limits_.points_per_page;
    for (const PointStamp& point : page) {
      // Ids of another kind are none of this worker's.
      const std::optional<PointKey> key = PointKey::Parse(point.id);
      if (!key) continue;
      beyond = beyond || key->high > range.last;
      if (range.Holds(*key)) RETURN_IF_ERROR(Judge(point, *key));
    }
    if (beyond) return {};
    after = page.back().id;
  }
}

Result<std::vector<PointStamp>> Verifier::ReadPage(const std::string& after) {
  std::vector<PointStamp> page;
  Trouble trouble;
  const Status read =
      CallInLane<void>(*lane_, Demand{.inputs = 1}, scope_, trouble,
                       [&](const Departure& departure, std::uint32_t number) -> Status {
                         return sink_->Scan(Attempt(*lane_, departure, number), target_.collection,
                                            after, limits_.points_per_page, page);
                       });
  if (read) return page;
  // A collection that is gone holds nothing.
  if (read.error().code == Code::kNotFound) return std::vector<PointStamp>();
  if (read.error().code != Code::kInvalid) return Fail(read.error());
  Error error = read.error();
  return Fail(std::move(error).Context(
      fmt::format("collection {} cannot be verified", target_.collection)));
}

Status Verifier::Judge(const PointStamp& point, const PointKey& key) {
  constexpr int kOwnVersion = 5;
  const Stamp stamp = ReadStamp(point.stamp);
  const bool stamped = stamp.embedded_dataset_id.has_value();
  if (stamped && *stamp.embedded_dataset_id != target_.embedded_dataset_id) return {};
  ExpectedPoint* const expected = expected_.Find(key);
  if (expected == nullptr && !stamped && (shared_ || key.version() != kOwnVersion)) return {};
  ++result_.points;
  token_ = std::max(token_, stamp.token);
  if (expected == nullptr || expected->chunk.state == ChunkState::kFailed) {
    ++result_.orphaned;
    if (mending_ == nullptr) return {};
    orphans_.push_back(point.id);
    return orphans_.size() < limits_.changes_per_call ? Status() : FlushOrphans();
  }
  expected->found = true;
  if (!stamped) return {};
  if (stamp.hash != fmt::format("{:016x}", expected->chunk.text_hash)) {
    ++result_.stale;
    return TakeBack(expected->chunk);
  }
  if (expected->chunk.state == ChunkState::kEmbedded && stamp.maker != maker_) {
    ++result_.other_model;
    return TakeBack(expected->chunk);
  }
  return {};
}

Status Verifier::CountUnfound() {
  for (const ExpectedPoint& point : expected_.points()) {
    ++result_.chunks;
    if (point.chunk.state == ChunkState::kPending) ++result_.pending;
    if (point.chunk.state != ChunkState::kEmbedded || point.found) continue;
    ++result_.missing;
    RETURN_IF_ERROR(TakeBack(point.chunk));
  }
  return {};
}

Status Verifier::TakeBack(const ExpectedChunk& chunk) {
  if (mending_ == nullptr || chunk.state != ChunkState::kEmbedded) return {};
  wrong_.push_back(chunk.position);
  return wrong_.size() < limits_.changes_per_call ? Status() : FlushWrong();
}

Status Verifier::FlushWrong() {
  if (wrong_.empty()) return {};
  RETURN_IF_ERROR(mending_->lease.Held());
  std::sort(wrong_.begin(), wrong_.end());
  RETURN_IF_ERROR(mending_->claim.Forget(wrong_));
  wrong_.clear();
  return {};
}

Status Verifier::FlushOrphans() {
  if (orphans_.empty()) return {};
  // The claim is the older one where the database's clock was put back.
  const std::int64_t token = std::max(mending_->claim.token(), token_);
  Trouble trouble;
  Status removed =
      CallInLane<void>(*lane_, Demand{.inputs = orphans_.size()}, scope_, trouble,
                       [&](const Departure& departure, std::uint32_t number) -> Status {
                         RETURN_IF_ERROR(mending_->lease.Held());
                         return sink_->Remove(Attempt(*lane_, departure, number),
                                              target_.collection, orphans_, token);
                       });
  orphans_.clear();
  return removed;
}

}  // namespace

Result<Verification> VerifyTarget(const Plan& plan, const Target& target,
                                  const WorkerContext& worker, const JobScope& scope,
                                  const Mending* mending, const VerifyLimits& limits) {
  return Verifier(plan, target, worker, scope, mending, limits).Run();
}

}  // namespace dsw
