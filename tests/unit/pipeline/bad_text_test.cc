// SPDX-License-Identifier: Apache-2.0
//
// Texts that make their upstream fail, each in another way, and upstreams that fail by themselves.
#include <algorithm>
#include <cmath>
#include <mutex>
#include <string>
#include <vector>

#include <gmock/gmock.h>

#include "tests/unit/pipeline/job_fixture.h"

namespace dsw {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;
using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

using Texts = std::span<const std::string_view>;

constexpr Code kWays[] = {Code::kInvalid, Code::kUnavailable, Code::kTimeout, Code::kBadResponse,
                          Code::kInternal};

bool IsBad(std::string_view text) {
  return text.find("bad") != std::string_view::npos;
}

class BadTextTest : public JobFixture {
 protected:
  BadTextTest() {
    embedder().is_remote = true;
    options_.job_timeout = std::chrono::hours(50);
    options_.embedder_calls.requests_per_second = 0;
  }
  FakeEmbedder& embedder() { return *plugins_.embedder; }
  EmbedderConfig& config() { return store_.plan.targets[0].embedder; }
  void AddItem(std::size_t chunks, const std::vector<std::size_t>& bad) {
    std::vector<std::string> texts(chunks, "some text");
    for (const std::size_t place : bad) texts[place] = "bad text";
    store_.AddItem(texts);
  }
  void FailWith(Code code) {
    embedder().fail = [this, code](Texts texts) -> std::optional<Error> {
      clock_.Advance(milliseconds(30));
      if (std::none_of(texts.begin(), texts.end(), IsBad)) return std::nullopt;
      if (code == Code::kTimeout) clock_.Advance(options_.embedder_calls.timeout);
      return Error{code, "unsupported value: NaN"};
    };
  }
  void Run() {
    store_.recorded.clear();
    store_.failed_chunks.clear();
    plugins_.sink->points.clear();
    embedder().calls.clear();
    // Nothing of what an earlier run taught.
    embedder().lane_value += '+';
    FakeDelivery delivery(kJob);
    Handle(delivery);
    acks_ = delivery.acks;
  }
  int acks_ = 0;
};

TEST_F(BadTextTest, OneOfABatchIsFoundWithFewCallsHoweverTheUpstreamFails) {
  for (const Code code : kWays) {
    for (const std::size_t size : {1U, 2U, 4U, 20U, 100U}) {
      for (std::size_t place = 0; place < size; place += std::max<std::size_t>(1, size / 13)) {
        config().batch_size = static_cast<std::int32_t>(size);
        store_.items.clear();
        AddItem(size, {place});
        FailWith(code);
        Run();
        SCOPED_TRACE(testing::Message() << CodeName(code) << ", " << place << " of " << size);
        EXPECT_EQ(acks_, 1);
        EXPECT_EQ(plugins_.sink->points.size(), size - 1);
        ASSERT_THAT(store_.failed_chunks, SizeIs(1));
        EXPECT_EQ(store_.failed_chunks[0].position.index, static_cast<std::int32_t>(place));
        EXPECT_THAT(store_.failed_chunks[0].reason, HasSubstr("unsupported value: NaN"));
        EXPECT_LE(static_cast<double>(embedder().calls.size()),
                  1 + 2 * std::log2(static_cast<double>(size)) + 3);
        EXPECT_THAT(telemetry_.circuits, IsEmpty());
      }
    }
  }
}

TEST_F(BadTextTest, EachInAnotherWayAreFoundInOneBatch) {
  config().batch_size = 60;
  AddItem(60, {});
  for (std::size_t i = 0; i < std::size(kWays); ++i) {
    store_.items[1].chunks[11 * i + 3] = "bad " + std::to_string(i);
  }
  embedder().fail = [&](Texts texts) -> std::optional<Error> {
    clock_.Advance(milliseconds(30));
    for (const std::string_view text : texts) {
      if (!IsBad(text)) continue;
      const Code code = kWays[static_cast<std::size_t>(text.back() - '0')];
      if (code == Code::kTimeout) clock_.Advance(options_.embedder_calls.timeout);
      return Error{code, "why"};
    }
    return std::nullopt;
  };
  Run();
  EXPECT_EQ(acks_, 1);
  EXPECT_EQ(store_.failed_chunks.size(), std::size(kWays));
  EXPECT_EQ(plugins_.sink->points.size(), 60 - std::size(kWays));
}

TEST_F(BadTextTest, AlmostAllOfABatchAreFound) {
  for (const Code code : kWays) {
    config().batch_size = 10;
    store_.items.clear();
    AddItem(10, {0, 1, 2, 4, 5, 6, 7, 8, 9});
    FailWith(code);
    Run();
    EXPECT_EQ(acks_, 1) << CodeName(code);
    EXPECT_EQ(store_.failed_chunks.size(), 9U) << CodeName(code);
    EXPECT_EQ(plugins_.sink->points.size(), 1U) << CodeName(code);
    EXPECT_THAT(telemetry_.circuits, IsEmpty());
  }
}

TEST_F(BadTextTest, ManyInSeveralBatchesAtATimeCostNothingElse) {
  options_.batches_in_flight = 4;
  config().batch_size = 20;
  for (const Code code : kWays) {
    store_.items.clear();
    for (std::size_t item = 0; item < 20; ++item) AddItem(20, {item, (item * 7) % 20});
    FailWith(code);
    Run();
    SCOPED_TRACE(CodeName(code));
    EXPECT_EQ(acks_, 1);
    const std::size_t bad = store_.failed_chunks.size();
    EXPECT_LE(bad, 40U);
    EXPECT_EQ(plugins_.sink->points.size(), 400 - bad);
    for (const auto& [id, point] : plugins_.sink->points)
      EXPECT_THAT(point.second, Not(HasSubstr("bad")));
    EXPECT_THAT(telemetry_.circuits, IsEmpty());
  }
}

TEST_F(BadTextTest, ATextThatAlwaysOverloadsIsFoundAtTheLastAttempt) {
  config().batch_size = 20;
  options_.batches_in_flight = 4;
  AddItem(200, {57});
  FailWith(Code::kOverloaded);
  store_.failures = options_.max_retries - 1;
  Run();
  EXPECT_EQ(acks_, 0);
  EXPECT_THAT(store_.failed_chunks, IsEmpty()) << "it is not the last attempt";
  store_.failures = options_.max_retries;
  Run();
  EXPECT_EQ(acks_, 1);
  ASSERT_THAT(store_.failed_chunks, SizeIs(1));
  EXPECT_EQ(store_.failed_chunks[0].position.index, 57U);
}

TEST_F(BadTextTest, AnOverloadedUpstreamCostsNoChunkAtTheLastAttempt) {
  config().batch_size = 20;
  AddItem(400, {});
  int calls = 0;
  embedder().fail = [&](Texts) -> std::optional<Error> {
    clock_.Advance(milliseconds(30));
    if (++calls % 4 == 0) return std::nullopt;
    return Error{Code::kOverloaded, "busy"};
  };
  store_.failures = options_.max_retries;
  Run();
  EXPECT_EQ(acks_, 1);
  EXPECT_THAT(store_.failed_chunks, IsEmpty());
}

TEST_F(BadTextTest, AnOutageCostsNoChunkAndNoStorm) {
  for (const Code code : {Code::kUnavailable, Code::kOverloaded, Code::kTimeout}) {
    config().batch_size = 20;
    store_.items.clear();
    AddItem(200, {});
    const Clock::TimePoint up = clock_.Now() + minutes(4);
    embedder().fail = [&](Texts) -> std::optional<Error> {
      if (clock_.Now() >= up) return std::nullopt;
      if (code == Code::kTimeout) clock_.Advance(options_.embedder_calls.timeout);
      return Error{code, "connection refused"};
    };
    Run();
    EXPECT_EQ(acks_, 1) << CodeName(code);
    EXPECT_EQ(store_.failed_chunks.size(), 0U) << CodeName(code);
    EXPECT_LE(embedder().calls.size(), 10U + 4 * 60 / 4 + 15) << CodeName(code);
  }
}

TEST_F(BadTextTest, AnOutageWithManyCallsUnderWayIsNoReasonToSplitThem) {
  config().batch_size = 20;
  options_.batches_in_flight = 16;
  AddItem(2000, {});
  const Clock::TimePoint down = clock_.Now() + seconds(1);
  const Clock::TimePoint up = down + minutes(2);
  std::size_t failed = 0;
  embedder().fail = [&](Texts) -> std::optional<Error> {
    clock_.Advance(milliseconds(20));
    if (clock_.Now() < down || clock_.Now() >= up) return std::nullopt;
    ++failed;
    return Error{Code::kUnavailable, "connection refused"};
  };
  Run();
  EXPECT_EQ(acks_, 1);
  EXPECT_EQ(store_.failed_chunks.size(), 0U);
  EXPECT_EQ(plugins_.sink->points.size(), 2000U);
  EXPECT_LE(failed, 16U * 2 + 120 / 4 + 30);
}

TEST_F(BadTextTest, AnUpstreamThatComesAndGoesCostsNoChunk) {
  config().batch_size = 20;
  for (const seconds period : {seconds(2), seconds(5), seconds(30)}) {
    for (const int in_flight : {1, 4}) {
      options_.batches_in_flight = in_flight;
      store_.items.clear();
      AddItem(400, {});
      embedder().fail = [&](Texts) -> std::optional<Error> {
        clock_.Advance(milliseconds(130));
        if (clock_.Now().time_since_epoch() / period % 2 == 0) return std::nullopt;
        return Error{Code::kUnavailable, "connection refused"};
      };
      Run();
      EXPECT_EQ(acks_, 1);
      EXPECT_EQ(store_.failed_chunks.size(), 0U) << period.count() << " s, " << in_flight;
      EXPECT_EQ(plugins_.sink->points.size(), 400U);
    }
  }
}

TEST_F(BadTextTest, AFaultThatOneTextCausesEveryTimeIsToldFromOneThatPasses) {
  config().batch_size = 20;
  AddItem(400, {7, 211});
  int calls = 0;
  embedder().fail = [&](Texts texts) -> std::optional<Error> {
    clock_.Advance(milliseconds(30));
    // Every eighth call fails for no reason.
    if (++calls % 8 == 0) return Error{Code::kUnavailable, "try again"};
    if (std::any_of(texts.begin(), texts.end(), IsBad)) return Error{Code::kUnavailable, "NaN"};
    return std::nullopt;
  };
  Run();
  EXPECT_EQ(acks_, 1);
  EXPECT_THAT(store_.failed_chunks, SizeIs(2));
  EXPECT_EQ(plugins_.sink->points.size(), 398U);
}

TEST_F(BadTextTest, AServiceOnTwoTextsASecondWorksWithDefaultSettings) {
  config().batch_size = 100;
  for (const double per_text : {0.3, 0.5, 1.0, 3.0}) {
    for (const std::size_t count : {200U, 1000U}) {
      store_.items.clear();
      AddItem(count, {});
      std::size_t sent = 0;
      embedder().fail = [&](Texts texts) -> std::optional<Error> {
        sent += texts.size();
        const milliseconds took(
            static_cast<int>(1000 * per_text * static_cast<double>(texts.size())));
        clock_.Advance(std::min(took, options_.embedder_calls.timeout));
        if (took <= options_.embedder_calls.timeout) return std::nullopt;
        return Error{Code::kTimeout, "no answer within 60 s"};
      };
      Run();
      SCOPED_TRACE(testing::Message() << count << " texts, " << per_text << " s each");
      EXPECT_EQ(acks_, 1);
      EXPECT_EQ(plugins_.sink->points.size(), count);
      EXPECT_EQ(store_.failed_chunks.size(), 0U);
      EXPECT_LE(sent, 2 * count);
      EXPECT_THAT(telemetry_.circuits, IsEmpty());
    }
  }
}

}  // namespace
}  // namespace dsw
