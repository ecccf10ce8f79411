// SPDX-License-Identifier: Apache-2.0
//
// The checker finds each thing that may be wrong, and nothing in a state that is right.
#include "tests/fault/checker.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/fault/point_id.h"
#include "tests/plugins/fault/vectors.h"

namespace dsw::fault_test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class CheckerTest : public testing::Test {
 protected:
  CheckerTest() {
    TargetTruth target;
    target.embedded_dataset = 3;
    target.collection = "c";
    target.model = "hash-4";
    target.chunks = {{{1, 0}, {"a", "t"}}, {{1, 1}, {"b", "t"}}, {{2, 0}, {"", "u"}}};
    target.items = {{1, 2}, {2, 1}};
    target.records[1] = {.chunks = 2, .stored = 2, .done = {{0, 2}}};
    target.records[2] = {.chunks = 1, .stored = 1, .done = {{0, 1}}};
    target.failed = {{{2, 0}, "no text"}};
    truth_.targets.push_back(target);
    truth_.statistics = {.embedded = 2, .failed = 1, .to_process = 3};
    for (const auto& [key, chunk] : target.chunks) {
      if (!chunk.text.empty()) points_[Id(key)] = PointOf(key, chunk);
    }
    Say(R"("status":"processing","final":false,"chunk_count":1,"percent":33.3)");
    Say(R"("status":"success","final":true,"chunk_count":2,"failed_chunks":1,"percent":100.0)");
  }

  static std::string Id(const ChunkKey& key) { return ExpectedId(3, key.first, key.second); }
  static StoredPoint PointOf(const ChunkKey& key, const WantedChunk& chunk) {
    return {.vector = fault::VectorOf(fault::Fingerprint("", "hash-4", chunk.text), 4),
            .payload =
                fmt::format(R"({{"dataset_item_id":{},"chunk_index":{},"text":"{}","title":"{}"}})",
                            key.first, key.second, chunk.text, chunk.title)};
  }
  void Say(const std::string& members, const std::string& time = "2026-01-01T00:00:00.001Z") {
    events_.push_back({.data = fmt::format(
                           R"({{"job_id":"j","embedded_dataset_id":3,"total_chunks":3,{},
                                "processing_duration_ms":1,"error":null,"timestamp":"{}"}})",
                           members, time)});
  }
  TargetTruth& target() { return truth_.targets[0]; }

  std::vector<std::string> Check(const std::vector<std::string>& refused = {}) {
    Findings findings;
    CheckPoints(
        truth_, [this](const std::string&) { return points_; }, refused, findings);
    CheckRecords(truth_, findings);
    CheckEvents(truth_, events_, {"j"}, "2026-01-01T00:00:00", true, findings);
    return findings.Lines();
  }

  Truth truth_;
  StoredPoints points_;
  std::vector<StreamMessage> events_;
};

TEST(PointIdTest, IsTheOneThatOthersCompute) {
  // uuid.uuid5(uuid.NAMESPACE_DNS, "ed-1-item-2-chunk-3")
  EXPECT_EQ(ExpectedId(1, 2, 3), "582ec9fd-c01a-52e0-9455-de31bd9bf025");
}

TEST_F(CheckerTest, FindsNothingWhereNothingIsWrong) {
  EXPECT_THAT(Check(), IsEmpty());
}

TEST_F(CheckerTest, FindsLostPoints) {
  points_.erase(Id({1, 1}));
  EXPECT_THAT(Check(), ElementsAre(HasSubstr("lost")));
}

TEST_F(CheckerTest, FindsOrphans) {
  points_[Id({9, 0})] = PointOf({9, 0}, {"z", "t"});
  EXPECT_THAT(Check(), ElementsAre(HasSubstr("orphan")));
}

TEST_F(CheckerTest, FindsOldTexts) {
  points_[Id({1, 0})] = PointOf({1, 0}, {"old", "t"});
  EXPECT_THAT(Check(), ElementsAre(HasSubstr("another text"), HasSubstr("vector")));
}

TEST_F(CheckerTest, FindsVectorsOfAnotherModel) {
  target().model = "other-4";
  EXPECT_THAT(Check(), ElementsAre(HasSubstr("vector")));
}

TEST_F(CheckerTest, FindsPointsOfFailedChunks) {
  points_[Id({2, 0})] = PointOf({2, 0}, {"what it was", "u"});
  EXPECT_THAT(Check(), ElementsAre(HasSubstr("failed has a point")));
}

TEST_F(CheckerTest, FindsGoodChunksThatAreRecordedAsFailed) {
  target().failed[{1, 1}] = "for no reason";
  points_.erase(Id({1, 1}));
  EXPECT_THAT(Check(), testing::Contains(HasSubstr("good chunk")));
  EXPECT_THAT(Check({"b"}), testing::Not(testing::Contains(HasSubstr("good chunk"))));
}

TEST_F(CheckerTest, FindsRecordsThatAreNotWhole) {
  target().records[1].done = {{0, 1}};
  target().records[7] = {.chunks = 1, .stored = 1, .done = {{0, 1}}};
  EXPECT_THAT(Check(), ElementsAre(HasSubstr("not whole"), HasSubstr("gone")));
}

TEST_F(CheckerTest, FindsWrongStatistics) {
  truth_.statistics.embedded = 3;
  EXPECT_THAT(Check(), ElementsAre(HasSubstr("statistics")));
}

TEST_F(CheckerTest, FindsSecondEnds) {
  events_.push_back(events_.back());
  EXPECT_THAT(Check(), ElementsAre(HasSubstr("more than one"), HasSubstr("follows")));
}

TEST_F(CheckerTest, FindsMissingEnds) {
  events_.pop_back();
  EXPECT_THAT(Check(), ElementsAre(HasSubstr("no last one")));
}

TEST_F(CheckerTest, FindsNumbersThatRunBackwards) {
  events_.pop_back();
  Say(R"("status":"processing","final":false,"chunk_count":0,"percent":0.0)");
  Say(R"("status":"success","final":true,"chunk_count":2,"failed_chunks":1,"percent":100.0)",
      "2025-01-01T00:00:00.000Z");
  EXPECT_THAT(Check(), ElementsAre(HasSubstr("progress runs"), HasSubstr("time runs")));
}

TEST_F(CheckerTest, FindsSuccessesThatAreNone) {
  events_.pop_back();
  Say(R"("status":"success","final":true,"chunk_count":1,"failed_chunks":1,"percent":66.7)");
  EXPECT_THAT(Check(), ElementsAre(HasSubstr("not whole")));
}

}  // namespace
}  // namespace dsw::fault_test
