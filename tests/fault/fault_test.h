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
  void ExpectClean(std::int64_t transform, const Expectations& expected = {}) {
    for (const std::string& finding : world_.Check(transform, expected)) {
      ADD_FAILURE() << finding;
    }
  }

  /// Runs SQL in which "{}" is the transform's dataset.
  void Edit(std::int64_t transform, const std::string& sql) {
    world_.Sql(fmt::format(
        fmt::runtime(sql),
        fmt::format("(SELECT source_dataset_id FROM dataset_transforms WHERE dataset_transform_id "
                    "= {})",
                    transform)));
  }

  FaultWorld world_;
};

}  // namespace dsw::fault_test
