// SPDX-License-Identifier: Apache-2.0
//
// Services of all speeds, seen from their lane: how many calls at a time, and how large.
#include <algorithm>
#include <cstddef>
#include <vector>

#include <gtest/gtest.h>

#include "host/lanes/governor.h"
#include "host/lanes/learned_limits.h"

namespace dsw {
namespace {

using std::chrono::duration_cast;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;
using TimePoint = Clock::TimePoint;
using Duration = TimePoint::duration;

constexpr TimePoint kStart{std::chrono::hours(1)};
constexpr Duration kTimeout = seconds(60);
constexpr std::uint64_t kTextBytes = 400;

/// A service that takes a fixed time per call, and shares its speed among the texts that it has.
struct Service {
  Duration per_call;
  double texts_per_second;  ///< 0: any number.
  bool goes_on = false;     ///< With calls whose caller is gone.
};

/// Callers that send what is left of the texts in calls of up to a hundred.
class Job {
 public:
  Job(const Service& service, int callers, std::size_t texts)
      : service_(service), idle_(callers), left_(texts) {}

  /// Until all is done or `end`.
  void RunUntil(TimePoint end) {
    while (now_ < end && (left_ > 0 || !calls_.empty())) {
      while (idle_ > 0 && left_ > 0 && !governor_.Ask({.inputs = 1, .tokens = 1}, now_).held)
        Send();
      Work(milliseconds(50));
      most_ = std::max(most_, calls_.size());
    }
  }

  std::size_t sent() const { return sent_; }
  std::size_t done() const { return done_; }
  std::size_t most_at_a_time() const { return most_; }
  bool ever_open() const { return ever_open_; }
  Duration took() const { return now_ - kStart; }

 private:
  struct Call {
    Departure departure;
    std::size_t texts;
    double work;  ///< Texts that are still to be embedded.
  };

  void Send() {
    BatchMeter meter(learned_.Tighten({.chunks = 100}));
    while (meter.chunks() < left_ && meter.Add(kTextBytes)) {
    }
    const Departure departure = governor_.Depart(
        {.inputs = meter.chunks(), .tokens = meter.chunks() * kTextBytes / 4}, now_);
    const std::size_t texts = departure.probe ? 1 : meter.chunks();
    if (!departure.probe) left_ -= texts;
    sent_ += texts;
    --idle_;
    calls_.push_back({departure, texts, static_cast<double>(texts)});
  }

  void Work(Duration step) {
    now_ += step;
    const std::size_t sharing = calls_.size() + abandoned_.size();
    const double capacity = std::chrono::duration<double>(step).count() *
                            service_.texts_per_second / static_cast<double>(sharing);
    for (double& work : abandoned_) work -= capacity;
    std::erase_if(abandoned_, [](double work) { return work <= 0; });
    std::vector<Call> going;
    for (Call& call : calls_) {
      if (service_.texts_per_second > 0) call.work -= capacity;
      const Duration age = now_ - call.departure.at;
      const bool done =
          age >= service_.per_call && (service_.texts_per_second == 0 || call.work <= 0);
      if (done || age >= kTimeout) {
        Return(call, done);
      } else {
        going.push_back(call);
      }
    }
    calls_ = std::move(going);
  }

  void Return(const Call& call, bool done) {
    const Error late{Code::kTimeout, "late", Origin::kEmbedder};
    governor_.Return(call.departure, done ? nullptr : &late, now_, 0.5);
    ever_open_ = ever_open_ || governor_.circuit().open();
    ++idle_;
    if (call.departure.probe) return;
    if (!done && service_.goes_on) abandoned_.push_back(call.work);
    if (done) {
      done_ += call.texts;
      learned_.Took(call.texts * kTextBytes, now_ - call.departure.at, kTimeout);
    } else {
      left_ += call.texts;
      learned_.TimedOut(call.texts * kTextBytes);
    }
  }

  const Service service_;
  Governor governor_{{.requests_per_second = 0,
                      .max_calls = 64,
                      .timeout = kTimeout,
                      .backoff = seconds(1),
                      .remote = true}};
  LearnedLimits learned_;
  int idle_;
  std::size_t left_;
  std::size_t sent_ = 0;
  std::size_t done_ = 0;
  std::size_t most_ = 0;
  bool ever_open_ = false;
  TimePoint now_ = kStart;
  std::vector<Call> calls_;
  std::vector<double> abandoned_;  ///< Texts that are still to be embedded for nobody.
};

TEST(SlowServiceTest, AFewTextsASecondSufficeWhateverTheNumberOfCallers) {
  for (const double texts_per_second : {0.3, 1.0, 2.0, 3.0, 10.0, 50.0}) {
    for (const int callers : {1, 4, 64}) {
      for (const std::size_t texts : {200U, 2000U}) {
        for (const bool goes_on : {false, true}) {
          Job job({milliseconds(20), texts_per_second, goes_on}, callers, texts);
          job.RunUntil(kStart + std::chrono::hours(10));
          SCOPED_TRACE(testing::Message() << texts << " texts, " << texts_per_second
                                          << " a second, " << callers << ", " << goes_on);
          EXPECT_EQ(job.done(), texts);
          EXPECT_LE(job.sent(), 3 * texts);
          EXPECT_FALSE(job.ever_open());
          // Calls that time out cost time; what is done at a time costs none.
          const double least = static_cast<double>(texts) / texts_per_second;
          EXPECT_LE(std::chrono::duration<double>(job.took()).count(), 2 * least + 60);
        }
      }
    }
  }
}

TEST(SlowServiceTest, LatencyAloneIsMadeUpForByMoreCallsWithinSeconds) {
  Job job({.per_call = milliseconds(500), .texts_per_second = 0}, 100, 1'000'000);
  job.RunUntil(kStart + seconds(5));
  EXPECT_EQ(job.most_at_a_time(), 64U);
  const std::size_t before = job.done();
  job.RunUntil(kStart + seconds(15));
  EXPECT_GE(job.done() - before, 64U * 100 * 10 * 2 * 9 / 10);
}

}  // namespace
}  // namespace dsw
