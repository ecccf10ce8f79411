// SPDX-License-Identifier: Apache-2.0
//
// Rows of the tables that say what the answers of embedding services mean.
#pragma once

#include <cstdint>
#include <string>

#include <gtest/gtest.h>

#include <dsw/plugin.h>

namespace dsw {

struct ErrorRow {
  int status;
  const char* body;
  dsw_status category;
  std::uint32_t unit = DSW_LIMIT_NONE;
  std::int64_t limit = 0;
  std::int64_t asked = 0;
  std::uint32_t item = 0;  ///< From 1; 0 for none.
  std::int64_t retry_after_ms = -1;
};

inline void ExpectRow(const dsw_error& error, const ErrorRow& row) {
  const std::string where = std::to_string(row.status) + " " + row.body;
  EXPECT_EQ(error.category, row.category) << where;
  EXPECT_EQ(error.http_status, row.status) << where;
  EXPECT_EQ(error.limit_unit, row.unit) << where;
  EXPECT_EQ(error.limit, row.limit) << where;
  EXPECT_EQ(error.asked, row.asked) << where;
  EXPECT_EQ(error.item, row.item) << where;
  EXPECT_EQ(error.retry_after_ms, row.retry_after_ms) << where;
}

}  // namespace dsw
