// SPDX-License-Identifier: Apache-2.0
//
// Consumers of one reader, which nobody has to remove.
#pragma once

#include <cstdint>
#include <string>

#include "host/nats/connection.h"
#include "host/nats/handles.h"

namespace dsw {

/// Subscribes to a subject of a stream, from sequence number `first` on (0: from the beginning), to
/// fetch and acknowledge one by one. The server forgets the consumer a minute after its reader is
/// gone. `code` may be null.
natsStatus SubscribeShortly(const NatsConnection& connection, const std::string& stream,
                            const std::string& subject, std::uint64_t first,
                            NatsSubscriptionHandle& subscription, jsErrCode* code);

}  // namespace dsw
