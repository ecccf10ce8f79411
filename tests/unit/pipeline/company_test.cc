// SPDX-License-Identifier: Apache-2.0
#include "host/pipeline/company.h"

#include <future>
#include <optional>
#include <thread>

#include <gtest/gtest.h>

namespace dsw {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;

class CompanyTest : public testing::Test {
 protected:
  /// Whether it begins a step at once.
  static bool Begins(Company::Member& member) {
    std::stop_source stop;
    stop.request_stop();
    return member.Begin(stop.get_token()) != nullptr;
  }
  Company company_;
  Company::Member one_{company_};
  Company::Member two_{company_};
};

TEST_F(CompanyTest, MembersWorkSideBySide) {
  const Company::Step first = one_.Begin({});
  const Company::Step second = two_.Begin({});
  EXPECT_TRUE(first && second);
  EXPECT_TRUE(Begins(one_));
}

TEST_F(CompanyTest, OneThatIsAloneKeepsTheOthersWaitingUntilItAdmitsThem) {
  ASSERT_TRUE(one_.BeAlone(minutes(1), {}));
  EXPECT_FALSE(Begins(two_));
  EXPECT_TRUE(Begins(one_));
  auto other = std::async(std::launch::async, [&] { return two_.Begin({}) != nullptr; });
  EXPECT_EQ(other.wait_for(milliseconds(20)), std::future_status::timeout);
  one_.Admit();
  EXPECT_TRUE(other.get());
}

TEST_F(CompanyTest, ItIsAloneOnceTheStepsOfOthersHaveEnded) {
  Company::Step step = two_.Begin({});
  EXPECT_FALSE(one_.BeAlone(milliseconds(10), {}));
  EXPECT_TRUE(Begins(two_)) << "who gave up waiting holds up nobody";
  auto alone = std::async(std::launch::async, [&] { return one_.BeAlone(minutes(1), {}); });
  while (Begins(two_)) std::this_thread::yield();
  EXPECT_EQ(alone.wait_for(milliseconds(20)), std::future_status::timeout);
  step.reset();
  EXPECT_TRUE(alone.get());
}

TEST_F(CompanyTest, SeveralAreAloneOneAfterTheOther) {
  std::optional<Company::Member> first(company_);
  ASSERT_TRUE(first->BeAlone(minutes(1), {}));
  auto second = std::async(std::launch::async, [&] { return one_.BeAlone(minutes(1), {}); });
  EXPECT_EQ(second.wait_for(milliseconds(20)), std::future_status::timeout);
  first.reset();
  EXPECT_TRUE(second.get());
  EXPECT_FALSE(Begins(two_));
}

TEST_F(CompanyTest, WaitsEndWithTheWorker) {
  std::stop_source stop;
  const Company::Step step = two_.Begin({});
  auto alone =
      std::async(std::launch::async, [&] { return one_.BeAlone(minutes(1), stop.get_token()); });
  stop.request_stop();
  EXPECT_FALSE(alone.get());
  EXPECT_TRUE(Begins(two_));
}

}  // namespace
}  // namespace dsw
