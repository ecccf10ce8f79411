// SPDX-License-Identifier: Apache-2.0
#include "host/http/prior_knowledge.h"

#include <array>

#include <gmock/gmock.h>

#include "host/http/transfer.h"

namespace dsw {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using Role = PriorKnowledge::Role;

class PriorKnowledgeTest : public testing::Test {
 protected:
  CurlHttpClientOptions options_;
  HttpRequest request_;
  RequestParts parts_;
  EgressRules rules_;
  EgressTarget target_;
  EgressCheck egress_{rules_, target_, false};
  Transfer a_{options_, request_, parts_, egress_};
  Transfer b_{options_, request_, parts_, egress_};
  Transfer c_{options_, request_, parts_, egress_};
  PriorKnowledge knowledge_;
};

TEST_F(PriorKnowledgeTest, OneOpensAndTheOthersWaitForIt) {
  EXPECT_EQ(knowledge_.Enter("o", &a_, false), Role::kOpen);
  EXPECT_EQ(knowledge_.Enter("o", &b_, false), Role::kWait);
  EXPECT_EQ(knowledge_.Enter("o", &c_, true), Role::kWait);
  EXPECT_THAT(knowledge_.Opened("o", &a_), ElementsAre(&b_, &c_));
  EXPECT_EQ(knowledge_.Enter("o", &b_, false), Role::kUse);
  EXPECT_EQ(knowledge_.Enter("o", &c_, false), Role::kUse);
}

TEST_F(PriorKnowledgeTest, OriginsHaveNothingToDoWithEachOther) {
  EXPECT_EQ(knowledge_.Enter("o", &a_, false), Role::kOpen);
  EXPECT_EQ(knowledge_.Enter("other", &b_, false), Role::kOpen);
}

TEST_F(PriorKnowledgeTest, AnotherOpensWhenOneHasFailed) {
  knowledge_.Enter("o", &a_, false);
  knowledge_.Enter("o", &b_, false);
  EXPECT_THAT(knowledge_.Failed("o", &a_), ElementsAre(&b_));
  EXPECT_EQ(knowledge_.Enter("o", &b_, false), Role::kOpen);
}

TEST_F(PriorKnowledgeTest, OpensAnotherForWhomTheOpenOnesWillNotDo) {
  knowledge_.Enter("o", &a_, false);
  knowledge_.Opened("o", &a_);
  EXPECT_EQ(knowledge_.Enter("o", &b_, true), Role::kOpen);
}

TEST_F(PriorKnowledgeTest, OnlyTheOpenerSettlesTheMatter) {
  knowledge_.Enter("o", &a_, false);
  knowledge_.Enter("o", &b_, false);
  EXPECT_THAT(knowledge_.Failed("o", &c_), IsEmpty());
  EXPECT_THAT(knowledge_.Opened("o", &a_), ElementsAre(&b_));
}

TEST_F(PriorKnowledgeTest, ForgetsWhoLeaves) {
  knowledge_.Enter("o", &a_, false);
  knowledge_.Enter("o", &b_, false);
  knowledge_.Leave("o", &b_);
  EXPECT_THAT(knowledge_.Opened("o", &a_), IsEmpty());
}

}  // namespace
}  // namespace dsw
