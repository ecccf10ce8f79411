// SPDX-License-Identifier: Apache-2.0
#include "host/plugin/errors.h"

#include <chrono>
#include <cstring>

#include <gtest/gtest.h>

#include "host/base/secret.h"
#include "host/domain/failure.h"

namespace dsw {
namespace {

dsw_error WithMessage(std::int32_t category, const char* message) {
  dsw_error error = EmptyError();
  error.category = category;
  std::strncpy(error.message, message, sizeof error.message - 1);
  return error;
}

TEST(PluginErrorsTest, MapsEveryCategory) {
  EXPECT_EQ(CodeOf(DSW_E_INTERNAL), Code::kInternal);
  EXPECT_EQ(CodeOf(DSW_E_INVALID_CONFIG), Code::kInvalid);
  EXPECT_EQ(CodeOf(DSW_E_INVALID_REQUEST), Code::kInvalid);
  EXPECT_EQ(CodeOf(DSW_E_TOO_LARGE), Code::kTooLarge);
  EXPECT_EQ(CodeOf(DSW_E_AUTH), Code::kUnauthenticated);
  EXPECT_EQ(CodeOf(DSW_E_NOT_FOUND), Code::kNotFound);
  EXPECT_EQ(CodeOf(DSW_E_RATE_LIMITED), Code::kRateLimited);
  EXPECT_EQ(CodeOf(DSW_E_QUOTA), Code::kQuota);
  EXPECT_EQ(CodeOf(DSW_E_TIMEOUT), Code::kTimeout);
  EXPECT_EQ(CodeOf(DSW_E_UNAVAILABLE), Code::kUnavailable);
  EXPECT_EQ(CodeOf(DSW_E_CANCELLED), Code::kCancelled);
  EXPECT_EQ(CodeOf(DSW_E_CONFLICT), Code::kConflict);
  EXPECT_EQ(CodeOf(DSW_E_UNSUPPORTED), Code::kInvalid);
  EXPECT_EQ(CodeOf(DSW_E_NO_MEMORY), Code::kInternal);
  EXPECT_EQ(CodeOf(4711), Code::kInternal);
}

TEST(PluginErrorsTest, CarriesWhatTheUpstreamSaid) {
  dsw_error error = WithMessage(DSW_E_RATE_LIMITED, "slow down");
  error.http_status = 429;
  error.retry_after_ms = 1500;
  error.vendor_code = 20;
  std::strcpy(error.code, "rate_limit");
  std::strcpy(error.request_id, "req-1");
  const Error result = ErrorFrom("acme", DSW_E_RATE_LIMITED, error);
  EXPECT_EQ(result.code, Code::kRateLimited);
  EXPECT_EQ(result.message, "acme: slow down (HTTP 429, rate_limit, code 20, request req-1)");
  EXPECT_EQ(result.retry_after, std::chrono::milliseconds(1500));
}

TEST(PluginErrorsTest, KnowsThatNoWaitWasAskedFor) {
  EXPECT_FALSE(ErrorFrom("acme", DSW_E_QUOTA, WithMessage(DSW_E_QUOTA, "x")).retry_after);
}

TEST(PluginErrorsTest, WhatIsLocalIsTheWorkersWhateverItsCategory) {
  for (const std::int32_t category : {DSW_E_INVALID_CONFIG, DSW_E_UNAVAILABLE, DSW_E_AUTH}) {
    dsw_error error = WithMessage(category, "no folder");
    error.flags = DSW_ERR_LOCAL;
    const Error result = ErrorFrom("acme", category, error);
    EXPECT_EQ(result.code, Code::kInvalid);
    EXPECT_EQ(result.origin, Origin::kWorker);
  }
}

TEST(PluginErrorsTest, WhatIsNotFoundHereMayBeWithAnotherWorker) {
  dsw_error error = WithMessage(DSW_E_NOT_FOUND, "no such model");
  error.flags = DSW_ERR_LOCAL;
  const Error result = ErrorFrom("acme", DSW_E_NOT_FOUND, error);
  EXPECT_EQ(ClassOf(result).delivery, OnDelivery::kLeave);
  error.flags = 0;
  EXPECT_EQ(ErrorFrom("acme", DSW_E_NOT_FOUND, error).origin, Origin::kJob);
}

TEST(PluginErrorsTest, BoundsTheWait) {
  dsw_error error = WithMessage(DSW_E_RATE_LIMITED, "x");
  error.retry_after_ms = INT64_MAX;
  EXPECT_EQ(ErrorFrom("acme", DSW_E_RATE_LIMITED, error).retry_after, std::chrono::hours(24));
}

TEST(PluginErrorsTest, TakesTheStatusWhenTheErrorWasNotFilled) {
  const Error result = ErrorFrom("acme", DSW_E_TIMEOUT, EmptyError());
  EXPECT_EQ(result.code, Code::kTimeout);
  EXPECT_EQ(result.message, "acme: failed without saying why");
}

TEST(PluginErrorsTest, CallsAnUnknownStatusMisbehaviour) {
  for (const dsw_status status : {-1, 18, 77, INT32_MAX}) {
    const Error result = ErrorFrom("acme", status, EmptyError());
    EXPECT_EQ(result.code, Code::kInternal);
    EXPECT_NE(result.message.find("plugin misbehaved: acme"), std::string::npos) << result.message;
    EXPECT_NE(result.message.find(std::to_string(status)), std::string::npos) << result.message;
  }
}

TEST(PluginErrorsTest, CallsAContradictionMisbehaviour) {
  const Error result = ErrorFrom("acme", DSW_E_RATE_LIMITED, WithMessage(DSW_E_AUTH, "no key"));
  EXPECT_EQ(result.code, Code::kInternal);
  EXPECT_NE(result.message.find("misbehaved"), std::string::npos);
  EXPECT_NE(result.message.find("no key"), std::string::npos);
}

TEST(PluginErrorsTest, SurvivesTextWithoutAnEndAndWithoutEncoding) {
  dsw_error error = EmptyError();
  std::memset(error.message, 0xFF, sizeof error.message);
  std::memset(error.code, 'x', sizeof error.code);
  const Error result = ErrorFrom("acme", DSW_E_INTERNAL, error);
  EXPECT_NE(result.message.find(std::string(64, 'x') + ")"), std::string::npos);
  EXPECT_EQ(result.message.find('\xFF'), std::string::npos);
}

TEST(PluginErrorsTest, HidesSecrets) {
  RememberSecret("sk-very-secret");
  const Error result =
      ErrorFrom("acme", DSW_E_AUTH, WithMessage(DSW_E_AUTH, "key sk-very-secret is unknown"));
  EXPECT_EQ(result.message, "acme: key *** is unknown");
}

}  // namespace
}  // namespace dsw
