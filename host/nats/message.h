// SPDX-License-Identifier: Apache-2.0
//
// A message of nats.c in terms of the standard library.
#pragma once

#include <string>
#include <string_view>

#include "host/base/result.h"
#include "host/nats/handles.h"
#include "host/nats/headers.h"

namespace dsw {

/// A message to be published. Headers may repeat.
Result<NatsMsgHandle> MakeMessage(const std::string& subject, std::string_view payload,
                                  const NatsHeaders& headers);

/// The payload of `message`, valid for as long as it.
std::string_view PayloadOf(natsMsg* message);

NatsHeaders HeadersOf(natsMsg* message);

}  // namespace dsw
