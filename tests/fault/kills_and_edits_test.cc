// SPDX-License-Identifier: Apache-2.0
//
// Workers that are killed at named steps and at random, while jobs of one transform overlap and its
// dataset changes.
#include <algorithm>
#include <csignal>
#include <deque>
#include <set>
#include <thread>

#include "tests/fault/fault_test.h"
#include "tests/fault/random_edits.h"
#include "tests/fault/rounds.h"

namespace dsw::fault_test {
namespace {

constexpr int kBatch = 5;
constexpr int kWindow = 3;
constexpr int kMostChunks = 8;

/// One round's workers and jobs.
class Turmoil {
 public:
  Turmoil(FaultWorld& world, Dice& dice, std::int64_t transform, int targets)
      : world_(world),
        dice_(dice),
        transform_(transform),
        targets_(targets),
        edits_(world, transform, kMostChunks, dice) {}

  void Step(int number) {
    switch (dice_.Between(0, 9)) {
      case 0:
      case 1:
        world_.SubmitJob(transform_, dice_.OneIn(3) && ++full_ > 0 ? "full" : "incremental");
        break;
      case 2:
      case 3:
        edits_.Edit();
        break;
      case 4:
      case 5:
        if (workers_.size() < 3) workers_.push_back(world_.Start(fmt::format("k{}", number)));
        break;
      case 6:
      case 7:
        StrikeAtANamedStep(number);
        break;
      case 8:
        KillOne();
        break;
      default:
        if (dice_.OneIn(2)) Go();
        std::this_thread::sleep_for(std::chrono::milliseconds(dice_.Between(100, 500)));
    }
  }

  /// Ends them all; what the workers may have paid twice.
  int End() {
    if (dice_.OneIn(2)) Go();
    while (!workers_.empty()) KillOne();
    world_.Script("");
    const int chunks = std::stoi(
        world_.Sql("SELECT coalesce(sum(jsonb_array_length(chunks)), 0) FROM dataset_items"));
    return deaths_ * kWindow * kBatch + targets_ * (full_ * (chunks + kMostChunks * edits_.made()) +
                                                    edits_.made() * (kMostChunks + edits_.made()));
  }

 private:
  /// Something happens to a worker at a step of its work, and its dataset changes at that moment.
  void StrikeAtANamedStep(int number) {
    constexpr const char* kSteps[] = {"before_embed",  "after_embed",  "before_upsert",
                                      "mid_upsert",    "after_upsert", "after_upsert",
                                      "before_remove", "after_remove"};
    constexpr const char* kStrikes[] = {"die", "die", "die", "stop", "hold"};
    ++deaths_;
    Go();
    rule_ = fmt::format("strike{}", number);
    world_.Script(fmt::format(
        R"({{"id":"slow","at":"before_embed","do":"sleep","ms":{}}},
           {{"id":"slower","at":"before_upsert","do":"sleep","ms":{}}},
           {{"id":"{}","at":"{}","do":"{}","after":{},"times":1}})",
        dice_.Between(0, 60), dice_.Between(0, 60), rule_, kSteps[dice_.Between(0, 7)],
        kStrikes[dice_.Between(0, 4)], dice_.Between(0, 4)));
    if (workers_.empty()) workers_.push_back(world_.Start(fmt::format("k{}", number)));
    world_.AwaitFired(rule_, 1, std::chrono::milliseconds(700));
    for (int edits = dice_.Between(0, 4); edits > 0; --edits) edits_.Edit();
  }
  /// Whoever was stopped or held goes on.
  void Go() {
    if (!rule_.empty()) world_.Release(rule_);
    for (Process& worker : workers_) worker.Signal(SIGCONT);
  }
  void KillOne() {
    if (workers_.empty()) return;
    std::swap(workers_[0], workers_[static_cast<std::size_t>(
                               dice_.Between(0, static_cast<int>(workers_.size()) - 1))]);
    workers_.front().Kill();
    workers_.pop_front();
    ++deaths_;
  }

  FaultWorld& world_;
  Dice& dice_;
  const std::int64_t transform_;
  const int targets_;
  RandomEdits edits_;
  std::deque<Process> workers_;
  std::string rule_;  ///< The last strike.
  int deaths_ = 0;
  int full_ = 0;
};

class KillsAndEditsTest : public FaultTest {};

TEST_F(KillsAndEditsTest, NothingIsLostStaleOrOrphanedAfterTheNextJob) {
  world_.Set("BATCHES_IN_FLIGHT", std::to_string(kWindow));
  ForEachRound([this](int round, Dice& dice) {
    world_.NewRound();
    const std::int64_t transform =
        world_.Import(fmt::format("turmoil {}", round), dice.Between(4, 15),
                      dice.Between(1, kMostChunks), kBatch);
    const int targets = dice.OneIn(3) ? 2 : 1;
    if (targets > 1) world_.AddEmbedder(transform);
    world_.SubmitJob(transform);
    Turmoil turmoil(world_, dice, transform, targets);
    for (int step = 0; step < 30; ++step) turmoil.Step(step);
    const int paid_twice = turmoil.End();
    ASSERT_TRUE(world_.Drain());
    ASSERT_TRUE(world_.NextJob(transform));
    ExpectClean(transform);
    const std::vector<std::uint64_t> paid = world_.Paid();
    const std::set<std::uint64_t> texts(paid.begin(), paid.end());
    EXPECT_LE(paid.size(), texts.size() + static_cast<std::size_t>(paid_twice));
  });
}

}  // namespace
}  // namespace dsw::fault_test
