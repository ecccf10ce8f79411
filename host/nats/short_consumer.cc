// SPDX-License-Identifier: Apache-2.0
#include "host/nats/short_consumer.h"

#include <chrono>

namespace dsw {

natsStatus SubscribeShortly(const NatsConnection& connection, const std::string& stream,
                            const std::string& subject, std::uint64_t first,
                            NatsSubscriptionHandle& subscription, jsErrCode* code) {
  constexpr std::chrono::nanoseconds kForgetAfter = std::chrono::minutes(1);
  jsSubOptions options{};
  jsSubOptions_Init(&options);
  options.Stream = stream.c_str();
  options.Config.OptStartSeq = first;
  options.Config.AckPolicy = js_AckExplicit;
  options.Config.InactiveThreshold = kForgetAfter.count();
  return js_PullSubscribe(Out(subscription), connection.jetstream(), subject.c_str(), nullptr,
                          nullptr, &options, code);
}

}  // namespace dsw
