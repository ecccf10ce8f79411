// SPDX-License-Identifier: Apache-2.0
//
// What tests of faults share.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/fault/fault_world.h"

namespace dsw::fault_test {

class FaultTest : public testing::Test {
 protected:
  ~FaultTest() override {
    if (HasFailure()) std::cout << "what the workers complained of:\n" << world_.Trouble();
  }

  /// A failure for each thing that is wrong.
  void ExpectClean(const std::vector<std::int64_t>& transforms, const Expectations& expected = {}) {
    for (const std::string& finding : world_.Check(transforms, expected)) {
      ADD_FAILURE() << finding;
    }
  }
  void ExpectClean(std::int64_t transform, const Expectations& expected = {}) {
    ExpectClean(std::vector<std::int64_t>{transform}, expected);
  }

  /// Runs SQL in which DATASET is the transform's.
  void Edit(std::int64_t transform, std::string sql) {
    constexpr std::string_view kName = "DATASET";
    sql.replace(sql.find(kName), kName.size(),
                fmt::format("(SELECT source_dataset_id FROM dataset_transforms WHERE "
                            "dataset_transform_id = {})",
                            transform));
    world_.Sql(sql);
  }

  /// Whether the database takes writes, from the workers' next connections on, which are at once.
  void SetReadOnly(bool on) {
    world_.postgres().Sql("postgres", fmt::format("ALTER DATABASE {} SET "
                                                  "default_transaction_read_only = {}",
                                                  world_.database(), on ? "on" : "off"));
    world_.postgres().TerminateBackends(world_.database());
  }

  FaultWorld world_;
};

}  // namespace dsw::fault_test
