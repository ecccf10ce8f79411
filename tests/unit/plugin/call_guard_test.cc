// SPDX-License-Identifier: Apache-2.0
#include "host/plugin/call_guard.h"

#include <chrono>
#include <future>
#include <stdexcept>
#include <thread>

#include <poll.h>

#include "host/plugin/text.h"
#include "tests/support/matchers.h"

namespace dsw {
namespace {

using std::chrono::steady_clock;

bool Readable(int fd) {
  pollfd poller{fd, POLLIN, 0};
  return poll(&poller, 1, 0) == 1;
}

TEST(CallGuardTest, PassesTheCircumstancesOfTheCall) {
  CallGuard guard("acme", 0);
  std::stop_source stop;
  CallContext context;
  context.attempt = 3;
  context.idempotency_key = "batch-9";
  context.traceparent = "00-abc";
  context.deadline = steady_clock::time_point(std::chrono::nanoseconds(12345));
  context.cancel = stop.get_token();
  EXPECT_OK(guard.Call("embed", context, [&](const dsw_call* call, dsw_error* error) {
    EXPECT_EQ(call->struct_size, sizeof(dsw_call));
    EXPECT_EQ(call->attempt, 3u);
    EXPECT_EQ(call->deadline_mono_ns, 12345u);
    EXPECT_EQ(ViewOf(call->idempotency_key), "batch-9");
    EXPECT_EQ(ViewOf(call->traceparent), "00-abc");
    EXPECT_EQ(call->cancelled(call), 0u);
    EXPECT_FALSE(Readable(call->cancel_fd));
    EXPECT_EQ(error->struct_size, sizeof(dsw_error));
    EXPECT_EQ(error->retry_after_ms, -1);
    return dsw_status{DSW_OK};
  }));
}

TEST(CallGuardTest, GivesNoDeadlineAndNoDescriptorWhereThereIsNone) {
  CallGuard guard("acme", 0);
  EXPECT_OK(guard.Call("embed", CallContext{}, [](const dsw_call* call, dsw_error*) {
    EXPECT_EQ(call->deadline_mono_ns, 0u);
    EXPECT_EQ(call->cancel_fd, -1);
    EXPECT_EQ(call->cancelled(call), 0u);
    return dsw_status{DSW_OK};
  }));
}

TEST(CallGuardTest, TellsTheRunningCallThatItIsCancelled) {
  CallGuard guard("acme", 0);
  std::stop_source stop;
  CallContext context;
  context.cancel = stop.get_token();
  const Status status = guard.Call("embed", context, [&](const dsw_call* call, dsw_error*) {
    stop.request_stop();
    EXPECT_TRUE(Readable(call->cancel_fd));
    EXPECT_NE(call->cancelled(call), 0u);
    return dsw_status{DSW_E_UNAVAILABLE};
  });
  EXPECT_FAIL(status, Code::kCancelled);
}

TEST(CallGuardTest, KeepsTheResultOfACallThatSucceededAllTheSame) {
  CallGuard guard("acme", 0);
  std::stop_source stop;
  CallContext context;
  context.cancel = stop.get_token();
  EXPECT_OK(guard.Call("embed", context, [&](const dsw_call*, dsw_error*) {
    stop.request_stop();
    return dsw_status{DSW_OK};
  }));
}

TEST(CallGuardTest, DoesNotStartACancelledCall) {
  CallGuard guard("acme", 0);
  std::stop_source stop;
  stop.request_stop();
  CallContext context;
  context.cancel = stop.get_token();
  EXPECT_FAIL(guard.Call("embed", context,
                         [](const dsw_call*, dsw_error*) {
                           ADD_FAILURE() << "was called";
                           return dsw_status{DSW_OK};
                         }),
              Code::kCancelled);
}

TEST(CallGuardTest, DoesNotBelieveACancellationThatNobodyAskedFor) {
  CallGuard guard("acme", 0);
  EXPECT_FAIL(guard.Call("embed", CallContext{},
                         [](const dsw_call*, dsw_error*) { return dsw_status{DSW_E_CANCELLED}; }),
              Code::kInternal, "plugin misbehaved: acme");
}

TEST(CallGuardTest, ReportsExceptionsAsMisbehaviour) {
  CallGuard guard("acme", 1);
  EXPECT_FAIL(guard.Call("embed", CallContext{},
                         [](const dsw_call*, dsw_error*) -> dsw_status {
                           throw std::runtime_error("oops");
                         }),
              Code::kInternal, "plugin misbehaved: acme threw an exception: oops");
  EXPECT_FAIL(guard.Call("embed", CallContext{},
                         [](const dsw_call*, dsw_error*) -> dsw_status { throw 7; }),
              Code::kInternal, "unknown type");
  // Both have given up their turn.
  EXPECT_OK(guard.Call("embed", CallContext{},
                       [](const dsw_call*, dsw_error*) { return dsw_status{DSW_OK}; }));
}

/// A guard for one call at a time, and a call that holds it until it is let go.
class BusyCallGuardTest : public testing::Test {
 protected:
  BusyCallGuardTest()
      : holder_([this] {
          EXPECT_OK(guard_.Call("embed", CallContext{}, [this](const dsw_call*, dsw_error*) {
            entered_.set_value();
            release_.get_future().wait();
            return dsw_status{DSW_OK};
          }));
        }) {
    entered_.get_future().wait();
  }

  static dsw_status Succeed(const dsw_call*, dsw_error*) { return DSW_OK; }

  CallGuard guard_{"acme", 1};
  std::promise<void> entered_;
  std::promise<void> release_;
  std::jthread holder_;
};

TEST_F(BusyCallGuardTest, LetsOneCallInAfterTheOther) {
  auto waiting = std::async(std::launch::async, [this] {
    return guard_.Call("embed", CallContext{}, &Succeed).has_value();
  });
  release_.set_value();
  EXPECT_TRUE(waiting.get());
}

TEST_F(BusyCallGuardTest, StopsWaitingWhenCancelled) {
  std::stop_source stop;
  CallContext context;
  context.cancel = stop.get_token();
  auto waiting = std::async(std::launch::async,
                            [&] { return guard_.Call("embed", context, &Succeed).error().code; });
  stop.request_stop();
  EXPECT_EQ(waiting.get(), Code::kCancelled);
  release_.set_value();
}

TEST_F(BusyCallGuardTest, StopsWaitingAtTheDeadline) {
  CallContext context;
  context.deadline = steady_clock::now();
  EXPECT_FAIL(guard_.Call("embed", context, &Succeed), Code::kTimeout, "this call's turn");
  release_.set_value();
}

}  // namespace
}  // namespace dsw
