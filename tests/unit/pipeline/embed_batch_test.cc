// SPDX-License-Identifier: Apache-2.0
//
// What becomes of the chunks of a batch when calls fail, by kind of failure.
#include "host/pipeline/embed_batch.h"

#include <algorithm>
#include <map>

#include <gmock/gmock.h>

#include "tests/unit/pipeline/job_fixture.h"

namespace dsw {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::Each;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Le;
using testing::SizeIs;
using testing::UnorderedElementsAre;

using Texts = std::span<const std::string_view>;
using Unit = SizeLimit::Unit;

Error Limited(Code code, Unit unit, std::int64_t allowed, std::int64_t asked) {
  Error error{code, "too much"};
  error.limit = SizeLimit{unit, allowed, asked};
  return error;
}

class EmbedBatchTest : public JobFixture {
 protected:
  EmbedBatchTest() { config().batch_size = 100; }

  EmbedderConfig& config() { return store_.plan.targets[0].embedder; }
  FakeEmbedder& embedder() { return *plugins_.embedder; }
  void AddChunks(std::size_t count, const std::string& text = "text") {
    store_.AddItem(std::vector<std::string>(count, text));
  }
  std::vector<std::size_t> CallSizes() {
    std::vector<std::size_t> sizes;
    for (const auto& call : embedder().calls) sizes.push_back(call.size());
    return sizes;
  }
  /// Refuses every call with one of these texts, without saying which.
  void Refuse(Code code, std::vector<std::string> bad) {
    embedder().fail = [code, bad = std::move(bad)](Texts texts) -> std::optional<Error> {
      for (const std::string_view text : texts) {
        if (std::find(bad.begin(), bad.end(), text) != bad.end()) return Error{code, "refused"};
      }
      return std::nullopt;
    };
  }
};

TEST_F(EmbedBatchTest, CutsByTheModelsTokensAndBytes) {
  embedder().facts.max_request_tokens = 100;
  embedder().facts.bytes_per_token = 4;
  AddChunks(10, std::string(120, 'x'));
  Handle(delivery_);
  EXPECT_THAT(CallSizes(), ElementsAre(3, 3, 3, 1));

  embedder().calls.clear();
  store_.recorded.clear();
  embedder().facts.max_request_bytes = 250;
  Handle(delivery_);
  EXPECT_THAT(CallSizes(), ElementsAre(2, 2, 2, 2, 2));
}

TEST_F(EmbedBatchTest, NoCallHasMoreTextThanTheWorkerAllowsWhateverTheProviderTakes) {
  options_.batch_bytes = 250;
  store_.AddItem({std::string(100, 'x'), std::string(100, 'x'), std::string(100, 'x'),
                  std::string(1000, 'x'), std::string(100, 'x')});
  Handle(delivery_);
  EXPECT_THAT(CallSizes(), ElementsAre(2, 1, 1, 1));
  EXPECT_EQ(store_.batches, 4);
}

TEST_F(EmbedBatchTest, InputsAMinuteAreSharedOutEvenly) {
  embedder().facts.max_batch = 96;
  embedder().facts.inputs_per_minute = 2000;
  AddChunks(200);
  Handle(delivery_);
  EXPECT_THAT(CallSizes(), ElementsAre(95, 95, 10));
}

TEST_F(EmbedBatchTest, ALimitThatWasNamedIsKeptFromThenOn) {
  embedder().fail = [](Texts texts) -> std::optional<Error> {
    if (texts.size() <= 32) return std::nullopt;
    return Limited(Code::kTooLarge, Unit::kItems, 32, static_cast<std::int64_t>(texts.size()));
  };
  AddChunks(300);
  Handle(delivery_);
  EXPECT_EQ(delivery_.acks, 1);
  EXPECT_THAT(store_.recorded[7], SizeIs(300));
  std::size_t refused = 0;
  for (const std::size_t size : CallSizes()) refused += size > 32 ? 1 : 0;
  // The batches that were cut before the first answer are cut again, unsent.
  EXPECT_EQ(refused, 1U);
  EXPECT_LE(CallSizes().size(), 1U + 4 + 4 + 4);

  // Another job of the same lane and model knows it, too.
  embedder().calls.clear();
  store_.recorded.clear();
  FakeDelivery next(kJob);
  Handle(next);
  EXPECT_THAT(CallSizes(), Each(Le(32U)));
}

TEST_F(EmbedBatchTest, WhatIsTooLargeByNumbersIsCutInProportion) {
  // The upstream counts two tokens where the estimate is one.
  embedder().fail = [](Texts texts) -> std::optional<Error> {
    std::int64_t tokens = 0;
    for (const std::string_view text : texts) tokens += static_cast<std::int64_t>(text.size()) / 2;
    if (tokens <= 1000) return std::nullopt;
    return Limited(Code::kTooLarge, Unit::kTokens, 1000, tokens);
  };
  AddChunks(100, std::string(40, 'x'));
  Handle(delivery_);
  EXPECT_THAT(CallSizes(), ElementsAre(100, 50, 50));
}

TEST_F(EmbedBatchTest, WhatIsTooLargeWithoutNumbersIsHalved) {
  embedder().fail = [](Texts texts) -> std::optional<Error> {
    if (texts.size() <= 30) return std::nullopt;
    return Error{Code::kTooLarge, "413"};
  };
  AddChunks(1000);
  Handle(delivery_);
  EXPECT_EQ(delivery_.acks, 1);
  EXPECT_THAT(store_.recorded[7], SizeIs(1000));
  EXPECT_THAT(store_.failed_chunks, IsEmpty());
  std::size_t refused = 0;
  for (const std::size_t size : CallSizes()) refused += size > 30 ? 1 : 0;
  EXPECT_LE(refused, 5U);
  EXPECT_LE(CallSizes().size(), 60U);
}

TEST_F(EmbedBatchTest, APoisonChunkIsFoundWithFewCallsWhereverItStands) {
  for (std::size_t place = 0; place < 100; ++place) {
    store_.items.clear();
    store_.recorded.clear();
    store_.failed_chunks.clear();
    std::vector<std::string> texts(100, "text");
    texts[place] = "bad";
    store_.AddItem(texts);
    embedder().calls.clear();
    Refuse(Code::kInvalid, {"bad"});
    FakeDelivery delivery(kJob);
    Handle(delivery);
    EXPECT_EQ(delivery.acks, 1);
    ASSERT_THAT(store_.failed_chunks, SizeIs(1)) << place;
    EXPECT_EQ(store_.failed_chunks[0].position.index, static_cast<std::int32_t>(place));
    EXPECT_EQ(store_.failed_chunks[0].reason, "refused");
    EXPECT_LE(embedder().calls.size(), 1U + 12) << place;
  }
}

TEST_F(EmbedBatchTest, OnePoisonChunkInAThousandCostsTwelveCallsAtMost) {
  constexpr std::size_t kItems = 200;
  std::size_t poison = 0;
  for (std::size_t item = 0; item < kItems; ++item) {
    std::vector<std::string> texts(100, "text");
    if (item % 10 == 3) {
      texts[(item * 37) % 100] = "bad";
      ++poison;
    }
    store_.AddItem(texts);
  }
  options_.batches_in_flight = 4;
  Refuse(Code::kInvalid, {"bad"});
  Handle(delivery_);
  EXPECT_EQ(delivery_.acks, 1);
  EXPECT_EQ(poison, 20U);
  EXPECT_THAT(store_.recorded[7], SizeIs(20'000));
  EXPECT_THAT(store_.failed_chunks, SizeIs(poison));
  EXPECT_THAT(plugins_.sink->points, SizeIs(20'000 - poison));
  EXPECT_LE(embedder().calls.size(), 200 + 12 * poison);
}

TEST_F(EmbedBatchTest, SeveralPoisonChunksOfABatchAreAllFound) {
  store_.AddItem({"a", "bad", "c", "d", "bad", "bad", "g", "h"});
  Refuse(Code::kInvalid, {"bad"});
  Handle(delivery_);
  EXPECT_EQ(delivery_.acks, 1);
  EXPECT_THAT(store_.failed_chunks, SizeIs(3));
  EXPECT_THAT(plugins_.sink->points, SizeIs(5));
}

TEST_F(EmbedBatchTest, AChunkThatTheProviderNamesIsTakenOutAtOnce) {
  store_.AddItem({"a", "b", "bad", "d"});
  embedder().fail = [](Texts texts) -> std::optional<Error> {
    for (std::uint32_t i = 0; i < texts.size(); ++i) {
      if (texts[i] != "bad") continue;
      Error error{Code::kInvalid, "input 2 is bad"};
      error.item = i;
      return error;
    }
    return std::nullopt;
  };
  Handle(delivery_);
  EXPECT_THAT(embedder().calls,
              ElementsAre(ElementsAre("a", "b", "bad", "d"), ElementsAre("a", "b", "d")));
  EXPECT_THAT(store_.failed_chunks, SizeIs(1));
}

TEST_F(EmbedBatchTest, ARefusalOfEveryTextIsAWrongConfigurationAndFailsTheJob) {
  AddChunks(500);
  embedder().fail = [](Texts) { return Error{Code::kInvalid, "unknown field `task`"}; };
  Handle(delivery_);
  EXPECT_THAT(store_.failed_chunks, IsEmpty());
  ASSERT_THAT(delivery_.dead_letters, SizeIs(1));
  EXPECT_THAT(delivery_.dead_letters[0].error, HasSubstr("unknown field `task`"));
  EXPECT_LE(embedder().calls.size(), 6U);
}

TEST_F(EmbedBatchTest, AConfigurationThatBreaksWhileTheJobRunsFailsItToo) {
  AddChunks(500);
  embedder().fail = [&](Texts) -> std::optional<Error> {
    if (embedder().calls.size() <= 2) return std::nullopt;
    return Error{Code::kInvalid, "this model was retired"};
  };
  Handle(delivery_);
  EXPECT_THAT(store_.failed_chunks, IsEmpty());
  EXPECT_THAT(delivery_.dead_letters, SizeIs(1));
  EXPECT_LE(embedder().calls.size(), 2U + 20);
}

TEST_F(EmbedBatchTest, ASingleChunkThatIsRefusedIsRecordedWhenOthersWouldNotBe) {
  store_.AddItem({"bad"});
  Refuse(Code::kInvalid, {"bad"});
  Handle(delivery_);
  EXPECT_EQ(delivery_.acks, 1);
  EXPECT_THAT(store_.failed_chunks, SizeIs(1));
}

TEST_F(EmbedBatchTest, ByPolicyAFailedChunkFailsTheJobAndIsNamed) {
  options_.failed_chunks = FailedChunkPolicy::kFail;
  store_.AddItem({"a", "bad", "c"});
  Refuse(Code::kInvalid, {"bad"});
  Handle(delivery_);
  EXPECT_THAT(store_.recorded[7], IsEmpty());
  EXPECT_THAT(store_.failed_chunks, IsEmpty());
  ASSERT_THAT(delivery_.dead_letters, SizeIs(1));
  EXPECT_THAT(delivery_.dead_letters[0].error, HasSubstr("chunk 1 of item 1: refused"));
}

TEST_F(EmbedBatchTest, ByPolicyAnEmptyChunkFailsTheJobToo) {
  options_.failed_chunks = FailedChunkPolicy::kFail;
  store_.AddItem({"a", " "});
  Handle(delivery_);
  EXPECT_THAT(embedder().calls, IsEmpty());
  EXPECT_THAT(delivery_.dead_letters, SizeIs(1));
}

/// Refuses texts over so many bytes.
FakeEmbedder::Answer AtMost(std::size_t bytes, bool named) {
  return [bytes, named](Texts texts) -> std::optional<Error> {
    for (std::uint32_t i = 0; i < texts.size(); ++i) {
      if (texts[i].size() <= bytes) continue;
      Error error{Code::kInputTooLong, "maximum context length"};
      if (named) error.item = i;
      return error;
    }
    return std::nullopt;
  };
}

TEST_F(EmbedBatchTest, ATextThatIsTooLongIsRecordedUnlessItMayBeCut) {
  for (const bool named : {true, false}) {
    store_.items.clear();
    store_.recorded.clear();
    store_.failed_chunks.clear();
    store_.AddItem({"short", std::string(5000, 'x'), "brief"});
    embedder().fail = AtMost(1000, named);
    FakeDelivery delivery(kJob);
    Handle(delivery);
    EXPECT_EQ(delivery.acks, 1);
    ASSERT_THAT(store_.failed_chunks, SizeIs(1));
    EXPECT_EQ(store_.failed_chunks[0].position.index, 1);
    EXPECT_THAT(store_.failed_chunks[0].reason, HasSubstr("maximum context length"));
  }
}

TEST_F(EmbedBatchTest, ATextThatIsTooLongIsCutWhereTheEmbedderSaysSo) {
  const std::string head(2000, 'h');
  const std::string tail(2000, 't');
  for (const Truncate truncate : {Truncate::kStart, Truncate::kEnd}) {
    for (const bool named : {true, false}) {
      store_.items.clear();
      store_.recorded.clear();
      plugins_.sink->points.clear();
      embedder().calls.clear();
      config().truncate = truncate;
      store_.AddItem({"short", head + tail, "brief"});
      embedder().fail = AtMost(1500, named);
      FakeDelivery delivery(kJob);
      Handle(delivery);
      EXPECT_EQ(delivery.acks, 1);
      EXPECT_THAT(store_.failed_chunks, IsEmpty());
      ASSERT_THAT(plugins_.sink->points, SizeIs(3));
      const auto& [length, payload] = plugins_.sink->points.at(PointId(7, {1, 1}));
      EXPECT_GE(length, 1500.0F * 3 / 4);
      EXPECT_THAT(payload, HasSubstr("\"truncated\":true"));
      EXPECT_THAT(plugins_.sink->points.at(PointId(7, {1, 0})).second,
                  testing::Not(HasSubstr("truncated")));
      const char kept = truncate == Truncate::kStart ? 't' : 'h';
      const auto accepted =
          std::find_if(embedder().calls.begin(), embedder().calls.end(), [](const auto& call) {
            return call.size() == 1 && call[0].size() > 100 && call[0].size() <= 1500;
          });
      ASSERT_NE(accepted, embedder().calls.end());
      EXPECT_EQ((*accepted)[0].find_first_not_of(kept), std::string::npos);
    }
  }
}

TEST_F(EmbedBatchTest, AConfiguredLimitIsKeptByEstimateBeforeAnythingIsSent) {
  config().max_input_tokens = 100;
  store_.AddItem({std::string(400, 'x'), std::string(401, 'y')});
  Handle(delivery_);
  ASSERT_THAT(store_.failed_chunks, SizeIs(1));
  EXPECT_THAT(store_.failed_chunks[0].reason, HasSubstr("max_input_tokens 100"));
  EXPECT_THAT(CallSizes(), ElementsAre(1));

  store_.recorded.clear();
  embedder().calls.clear();
  config().truncate = Truncate::kEnd;
  FakeDelivery next(kJob);
  Handle(next);
  EXPECT_THAT(embedder().calls,
              ElementsAre(ElementsAre(std::string(400, 'x'), std::string(400, 'y'))));
}

TEST_F(EmbedBatchTest, ABatchThatTimedOutIsHalvedAtOnceAndWhatFitsIsLearned) {
  embedder().fail = [&](Texts texts) -> std::optional<Error> {
    clock_.Advance(seconds(std::min<std::size_t>(60, 2 * texts.size())));
    if (texts.size() <= 30) return std::nullopt;
    return Error{Code::kTimeout, "slow"};
  };
  AddChunks(65);
  Handle(delivery_);
  EXPECT_EQ(delivery_.acks, 1);
  EXPECT_THAT(CallSizes(), ElementsAre(65, 32, 16, 15, 15, 15, 4));
}

TEST_F(EmbedBatchTest, WhereNothingIsAnsweredInTimeNoTextIsToBlame) {
  AddChunks(1);
  embedder().fail = [](Texts) { return Error{Code::kTimeout, "slow"}; };
  Handle(delivery_);
  EXPECT_THAT(store_.failed_chunks, IsEmpty());
  EXPECT_THAT(delivery_.retries, SizeIs(1));
}

TEST_F(EmbedBatchTest, ABadResponseIsRetriedOnceAndThenAProbeTellsWhoseItIs) {
  AddChunks(3);
  embedder().fail = [](Texts) { return Error{Code::kBadResponse, "no data"}; };
  Handle(delivery_);
  EXPECT_THAT(CallSizes(), ElementsAre(3, 3, 1));
  EXPECT_THAT(store_.failed_chunks, IsEmpty());
  EXPECT_THAT(delivery_.retries, SizeIs(1));
}

TEST_F(EmbedBatchTest, QuotaAndKeysAreNotRetriedInPlace) {
  for (const Code code : {Code::kQuota, Code::kUnauthenticated, Code::kNotFound}) {
    store_.items.clear();
    embedder().calls.clear();
    AddChunks(3);
    embedder().fail = [code](Texts) { return Error{code, "no"}; };
    FakeDelivery delivery(kJob);
    Handle(delivery);
    EXPECT_THAT(CallSizes(), ElementsAre(3)) << CodeName(code);
  }
}

TEST_F(EmbedBatchTest, RateLimitsAreWaitedForWithoutUsingUpRetries) {
  embedder().is_remote = true;
  AddChunks(1);
  int limited = 8;
  embedder().fail = [&](Texts) -> std::optional<Error> {
    if (--limited < 0) return std::nullopt;
    Error error{Code::kRateLimited, "429"};
    error.retry_after = seconds(20);
    return error;
  };
  const Clock::TimePoint started = clock_.Now();
  Handle(delivery_);
  EXPECT_EQ(delivery_.acks, 1);
  EXPECT_GE(clock_.Now() - started, seconds(160));
  EXPECT_THAT(telemetry_.waits, testing::Contains(WaitReason::kCoolDown));
}

TEST_F(EmbedBatchTest, TheTimeOfACallBeginsWhenItDeparts) {
  embedder().is_remote = true;
  options_.embedder_calls.requests_per_second = 1;
  AddChunks(300);
  Handle(delivery_);
  ASSERT_THAT(embedder().contexts, SizeIs(3));
  for (std::size_t i = 1; i < 3; ++i) {
    EXPECT_GE(embedder().contexts[i].deadline - embedder().contexts[i - 1].deadline, seconds(1));
  }
  EXPECT_EQ(embedder().contexts[2].deadline, clock_.Now() + options_.embedder_calls.timeout);
}

}  // namespace
}  // namespace dsw
