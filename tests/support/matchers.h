// SPDX-License-Identifier: Apache-2.0
//
// Assertions on Result and Status that print the error.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "host/base/result.h"

namespace dsw {

/// Success as a gtest assertion.
template <typename T>
testing::AssertionResult IsOk(const Result<T>& result) {
  if (result) return testing::AssertionSuccess();
  return testing::AssertionFailure()
         << CodeName(result.error().code) << ": " << result.error().message;
}

/// Failure with `code`, and a message that contains `part`.
template <typename T>
testing::AssertionResult FailsWith(const Result<T>& result, Code code, std::string_view part = "") {
  if (result) return testing::AssertionFailure() << "succeeded, expected " << CodeName(code);
  if (result.error().code == code && result.error().message.find(part) != std::string::npos) {
    return testing::AssertionSuccess();
  }
  return testing::AssertionFailure()
         << CodeName(result.error().code) << ": " << result.error().message << "; expected "
         << CodeName(code) << " with \"" << part << '"';
}

}  // namespace dsw

#define EXPECT_OK(expr) EXPECT_TRUE(::dsw::IsOk(expr))
#define ASSERT_OK(expr) ASSERT_TRUE(::dsw::IsOk(expr))
#define EXPECT_FAIL(expr, ...) EXPECT_TRUE(::dsw::FailsWith(expr, __VA_ARGS__))

#define ASSERT_OK_AND_ASSIGN(decl, expr)                        \
  auto DSW_CONCAT(test_result_, __LINE__) = (expr);             \
  ASSERT_TRUE(::dsw::IsOk(DSW_CONCAT(test_result_, __LINE__))); \
  decl = *std::move(DSW_CONCAT(test_result_, __LINE__))
