// SPDX-License-Identifier: Apache-2.0
//
// How streams and consumers stand.
#pragma once

#include <string>
#include <string_view>

#include "host/base/result.h"
#include "host/nats/connection.h"
#include "host/nats/handles.h"

namespace dsw {

/// Asks the server about a stream. `doing` says what for, as in NatsError().
Result<JsStreamInfoHandle> StreamInfo(const NatsConnection& connection, const std::string& stream,
                                      std::string_view doing);

/// Asks about a consumer of a stream.
Result<JsConsumerInfoHandle> ConsumerInfo(const NatsConnection& connection,
                                          const std::string& stream, const std::string& consumer,
                                          std::string_view doing);

}  // namespace dsw
