// SPDX-License-Identifier: Apache-2.0
//
// The part of the settings that is about NATS, in the adapter's terms.
#pragma once

#include <string>

#include "host/config/settings.h"
#include "host/nats/connection.h"
#include "host/nats/topology.h"

namespace dsw {

inline NatsConnectionOptions NatsConnectionOptionsFrom(const Settings& settings, std::string name) {
  return {.url = settings.nats_url, .creds = settings.nats_creds, .name = std::move(name)};
}

inline NatsTopology NatsTopologyFrom(const Settings& settings) {
  return {.stream = settings.nats_stream,
          .consumer = settings.nats_consumer,
          .dlq_stream = settings.nats_dlq_stream,
          .dlq_consumer = settings.nats_dlq_consumer,
          .status_stream = settings.nats_status_stream,
          .create = settings.nats_create_streams,
          .replicas = settings.nats_replicas,
          .ack_wait = settings.nats_ack_wait};
}

}  // namespace dsw
