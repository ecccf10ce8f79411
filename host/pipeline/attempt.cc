// SPDX-License-Identifier: Apache-2.0
#include "host/pipeline/attempt.h"

namespace dsw {

CallContext AttemptOf(const Plan& plan, const std::string& key, const JobScope& scope,
                      const Lane& lane, const Departure& departure, std::uint32_t number) {
  return {.job_id = plan.job_id,
          .idempotency_key = key,
          .traceparent = scope.traceparent,
          .attempt = number,
          .deadline = departure.at + lane.policy().timeout,
          .cancel = scope.stops.cancel};
}

Result<ModelFacts> DescribeModel(Embedder& embedder, Lane& lane, const Plan& plan,
                                 const JobScope& scope) {
  Trouble trouble;
  return CallInLane<ModelFacts>(
      lane, Demand{}, scope, trouble, [&](const Departure& departure, std::uint32_t number) {
        return embedder.Describe(AttemptOf(plan, plan.job_id, scope, lane, departure, number));
      });
}

}  // namespace dsw
