// SPDX-License-Identifier: Apache-2.0
//
// What failures of the library mean for the worker.
#include "host/nats/errors.h"

#include "tests/support/matchers.h"

namespace dsw {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

TEST(NatsErrorTest, SaysWhatCanBeDone) {
  EXPECT_EQ(NatsError(NATS_TIMEOUT, "ask").code, Code::kTimeout);
  EXPECT_EQ(NatsError(NATS_NO_SERVER, "ask").code, Code::kUnavailable);
  EXPECT_EQ(NatsError(NATS_CONNECTION_DISCONNECTED, "ask").code, Code::kUnavailable);
  EXPECT_EQ(NatsError(NATS_CONNECTION_AUTH_FAILED, "ask").code, Code::kUnauthenticated);
  EXPECT_EQ(NatsError(NATS_MAX_PAYLOAD, "ask").code, Code::kTooLarge);
  EXPECT_EQ(NatsError(NATS_ERR, "ask", JSStreamNotFoundErr).code, Code::kNotFound);
  EXPECT_EQ(NatsError(NATS_ERR, "ask", JSStreamSubjectOverlapErr).code, Code::kConflict);
}

TEST(NatsErrorTest, BeginsWithWhatWasTried) {
  EXPECT_THAT(NatsError(NATS_TIMEOUT, "fetch from stream JOBS").message,
              StartsWith("fetch from stream JOBS: "));
}

TEST(NatsErrorTest, PointsAtJetStreamWhenNobodyAnswers) {
  EXPECT_THAT(NatsError(NATS_NO_RESPONDERS, "ask").message, HasSubstr("-js"));
  EXPECT_THAT(NatsError(NATS_ERR, "ask", JSNotEnabledErr).message, HasSubstr("-js"));
}

TEST(NatsErrorTest, TellsTheLibrarysReasonWithoutItsSourcePlace) {
  natsOptions* options = nullptr;
  ASSERT_EQ(natsOptions_Create(&options), NATS_OK);
  const natsStatus status = natsOptions_SetURL(options, "nats://host:port-that-is-not-a-number");
  natsConnection* connection = nullptr;
  const natsStatus failed =
      status == NATS_OK ? natsConnection_Connect(&connection, options) : status;
  natsOptions_Destroy(options);
  ASSERT_NE(failed, NATS_OK);
  EXPECT_THAT(NatsError(failed, "connect").message, testing::Not(HasSubstr(".c:")));
}

}  // namespace
}  // namespace dsw
