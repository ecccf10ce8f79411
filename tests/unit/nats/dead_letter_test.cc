// SPDX-License-Identifier: Apache-2.0
//
// What a dead letter says.
#include "host/nats/dead_letter.h"

#include "host/base/secret.h"
#include "tests/support/matchers.h"

namespace dsw {
namespace {

using testing::Contains;
using testing::Each;
using testing::ElementsAre;
using testing::Key;
using testing::Not;
using testing::Pair;

const MessageOrigin kOrigin{.stream = "JOBS",
                            .subject = "workers.dataset-transform",
                            .sequence = 12,
                            .timestamp_ns = 34,
                            .attempt = 4};

TEST(DeadLetterTest, CarriesTheWholeStory) {
  const NatsHeaders headers = DeadLetterHeaders(
      kOrigin, {},
      {.error_type = "conflict", .error = "another size", .job_id = "j1", .fault = "job"}, "host-1",
      std::chrono::system_clock::time_point(std::chrono::seconds(0)));
  EXPECT_THAT(
      headers,
      ElementsAre(Pair("Dsw-Error-Type", "conflict"), Pair("Dsw-Error", "another size"),
                  Pair("Dsw-Fault", "job"), Pair("Dsw-Attempts", "4"), Pair("Dsw-Job-Id", "j1"),
                  Pair("Dsw-Original-Subject", "workers.dataset-transform"),
                  Pair("Dsw-Original-Sequence", "12"),
                  Pair("Dsw-Failed-At", "1970-01-01T00:00:00.000Z"), Pair("Dsw-Worker", "host-1")));
}

TEST(DeadLetterTest, KeepsHeadersThatDoNotSpeakToTheServer) {
  const NatsHeaders original = {{"traceparent", "00-a-b-01"}, {"X-Owner", "me"},
                                {"Nats-Msg-Id", "dt-1"},      {"Nats-Expected-Stream", "JOBS"},
                                {"Nats-Rollup", "all"},       {"Dsw-Error", "of an earlier death"}};
  const NatsHeaders headers =
      DeadLetterHeaders(kOrigin, original, {.error_type = "invalid", .error = "no", .job_id = ""},
                        "host-1", std::chrono::system_clock::now());
  EXPECT_THAT(headers, Contains(Pair("traceparent", "00-a-b-01")));
  EXPECT_THAT(headers, Contains(Pair("X-Owner", "me")));
  EXPECT_THAT(headers, Contains(Pair("Dsw-Original-Msg-Id", "dt-1")));
  EXPECT_THAT(headers, Not(Contains(Key("Nats-Msg-Id"))));
  EXPECT_THAT(headers, Not(Contains(Key("Nats-Expected-Stream"))));
  EXPECT_THAT(headers, Not(Contains(Key("Nats-Rollup"))));
  EXPECT_THAT(headers, Not(Contains(Pair("Dsw-Error", "of an earlier death"))));
}

TEST(DeadLetterTest, WhatSpeaksToTheServerIsNoForeignHeaderHoweverItIsWritten) {
  EXPECT_TRUE(IsForeignHeader("traceparent"));
  EXPECT_TRUE(IsForeignHeader("X-Nats-Owner"));
  EXPECT_FALSE(IsForeignHeader("Nats-Rollup"));
  EXPECT_FALSE(IsForeignHeader("nats-rollup"));
  EXPECT_FALSE(IsForeignHeader("DSW-Error"));
}

TEST(DeadLetterTest, HasNoHeaderWithoutAValue) {
  const NatsHeaders headers =
      DeadLetterHeaders(kOrigin, {{"X-Empty", ""}, {"X-Blank", " \r\n "}},
                        {.error_type = "invalid", .error = "no", .job_id = ""}, "host-1",
                        std::chrono::system_clock::now());
  EXPECT_THAT(headers, Not(Contains(Key("X-Empty"))));
  EXPECT_THAT(headers, Not(Contains(Key("X-Blank"))));
  EXPECT_THAT(headers, Not(Contains(Key("Dsw-Job-Id"))));
}

TEST(DeadLetterTest, HeadersMakeRoomForThePayload) {
  const NatsHeaders headers =
      DeadLetterHeaders(kOrigin, {{"X-Owner", std::string(500, 'o')}},
                        {.error_type = "conflict", .error = std::string(5000, 'e'), .job_id = "j1"},
                        "host-1", std::chrono::system_clock::now());
  const std::size_t all = HeaderBytes(headers);
  EXPECT_EQ(FitHeaders(headers, all), headers);
  const NatsHeaders shorter = FitHeaders(headers, all - 1);
  EXPECT_THAT(shorter, Contains(Pair("X-Owner", std::string(128, 'o'))));
  EXPECT_THAT(shorter, Contains(Pair("Dsw-Error", std::string(128, 'e'))));
  const NatsHeaders fewer = FitHeaders(headers, HeaderBytes(shorter) - 1);
  EXPECT_THAT(fewer, Not(Contains(Key("X-Owner"))));
  EXPECT_THAT(fewer, Contains(Pair("Dsw-Error-Type", "conflict")));
  EXPECT_THAT(fewer, Contains(Pair("Dsw-Original-Subject", "workers.dataset-transform")));
  EXPECT_THAT(FitHeaders(headers, 20), testing::IsEmpty());
}

TEST(DeadLetterTest, HasAnIdOfItsMessageAlone) {
  MessageOrigin again = kOrigin;
  again.attempt = 5;
  EXPECT_EQ(DeadLetterId(again), DeadLetterId(kOrigin));
  MessageOrigin other = kOrigin;
  other.sequence = 13;
  EXPECT_NE(DeadLetterId(other), DeadLetterId(kOrigin));
  MessageOrigin remade = kOrigin;
  remade.timestamp_ns = 35;
  EXPECT_NE(DeadLetterId(remade), DeadLetterId(kOrigin));
}

TEST(DeadLetterTest, HeaderValuesAreOfOneLineWithoutSecrets) {
  RememberSecret("sk-header-secret");
  EXPECT_EQ(HeaderValue("a\r\nb\tc\x01 sk-header-secret"), "a  b c  ***");
}

TEST(DeadLetterTest, HeaderValuesAreCutBetweenCharacters) {
  std::string text(1023, 'x');
  text += "é and more";
  EXPECT_EQ(HeaderValue(text), std::string(1023, 'x'));
}

}  // namespace
}  // namespace dsw
