// SPDX-License-Identifier: Apache-2.0
//
// Whole deliveries over fakes, in simulated time.
#pragma once

#include <gtest/gtest.h>

#include "host/pipeline/run_job.h"
#include "tests/support/fakes.h"
#include "tests/support/manual_clock.h"

namespace dsw {

inline constexpr char kJob[] = R"({"job_id":"j1","dataset_transform_id":1})";

class JobFixture : public testing::Test {
 protected:
  std::optional<std::string> Handle(FakeDelivery& delivery) {
    return HandleDelivery(delivery, worker_, {drain_.get_token(), cancel_.get_token()});
  }

  FakeStore store_;
  FakePlugins plugins_;
  FakeBus bus_;
  FakeTelemetry telemetry_;
  ManualClock clock_;
  PipelineOptions options_{.batches_in_flight = 1};
  Lanes lanes_{options_.embedder_calls, options_.sink_calls, clock_, telemetry_};
  FakeQueue queue_;
  FakeHealth health_;
  RangeSlots ranges_{4};
  MemoryBudget memory_{64 << 20};
  Company company_;
  WorkerContext worker_{"worker", queue_,   store_, plugins_, bus_,    health_, telemetry_,
                        clock_,   options_, lanes_, ranges_,  memory_, company_};
  std::stop_source drain_;
  std::stop_source cancel_;
  FakeDelivery delivery_{kJob};
};

}  // namespace dsw
