// SPDX-License-Identifier: Apache-2.0
#include "host/postgres/deadline_keeper.h"

#include <array>

#include <sys/socket.h>
#include <unistd.h>

#include "tests/support/matchers.h"

namespace dsw {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using Ended = DeadlineKeeper::Ended;

/// Two ends of a connection, of which the other never says anything.
class DeadlineKeeperTest : public testing::Test {
 protected:
  DeadlineKeeperTest() {
    EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, ends_.data()), 0);
    socket_ = std::make_shared<SocketHandle>(ends_[0]);
    auto started = DeadlineKeeper::Start();
    EXPECT_OK(started);
    keeper_ = *std::move(started);
  }
  ~DeadlineKeeperTest() override {
    for (const int end : ends_) close(end);
  }

  static DeadlineKeeper::TimePoint In(milliseconds time) {
    return std::chrono::steady_clock::now() + time;
  }
  /// As libpq does while it waits for an answer.
  ssize_t WaitForAnswer() const {
    char answer = 0;
    return read(ends_[0], &answer, 1);
  }

  std::array<int, 2> ends_{};
  std::shared_ptr<const SocketHandle> socket_;
  std::unique_ptr<DeadlineKeeper> keeper_;
};

TEST_F(DeadlineKeeperTest, EndsTheConnectionOfACallThatIsOverItsTime) {
  const DeadlineKeeper::Call patient(*keeper_, socket_, In(hours(1)));
  const DeadlineKeeper::Call call(*keeper_, socket_, In(milliseconds(20)));
  EXPECT_EQ(call.ended(), Ended::kNot);
  EXPECT_EQ(WaitForAnswer(), 0);
  EXPECT_EQ(call.ended(), Ended::kOverdue);
  EXPECT_EQ(patient.ended(), Ended::kNot);
}

TEST_F(DeadlineKeeperTest, LeavesCallsThatHaveReturnedAlone) {
  { const DeadlineKeeper::Call call(*keeper_, socket_, In(milliseconds(0))); }
  std::array<int, 2> other{};
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, other.data()), 0);
  {
    const DeadlineKeeper::Call quick(*keeper_, std::make_shared<SocketHandle>(other[0]),
                                     In(hours(1)));
    EXPECT_EQ(quick.ended(), Ended::kNot);
  }
  EXPECT_EQ(write(other[0], "x", 1), 1);
  for (const int end : other) close(end);
}

TEST_F(DeadlineKeeperTest, CancellingEndsCallsUnderWayAndThoseToCome) {
  const DeadlineKeeper::Call call(*keeper_, socket_, In(hours(1)));
  keeper_->Cancel();
  EXPECT_EQ(call.ended(), Ended::kCancelled);
  EXPECT_EQ(WaitForAnswer(), 0);
  const DeadlineKeeper::Call later(*keeper_, socket_, In(hours(1)));
  EXPECT_EQ(later.ended(), Ended::kCancelled);
}

TEST_F(DeadlineKeeperTest, KeepsToTheSocketWhenItsNumberIsSomebodyElses) {
  const DeadlineKeeper::Call call(*keeper_, socket_, In(hours(1)));
  std::array<int, 2> other{};
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, other.data()), 0);
  ASSERT_EQ(dup2(other[0], ends_[0]), ends_[0]);
  keeper_->Cancel();
  EXPECT_EQ(write(ends_[0], "x", 1), 1);
  for (const int end : other) close(end);
}

}  // namespace
}  // namespace dsw
