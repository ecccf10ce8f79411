// SPDX-License-Identifier: Apache-2.0
//
// From what nats.c reports to an Error.
#pragma once

#include <string_view>

#include <nats/nats.h>

#include "host/base/result.h"

namespace dsw {

/// The Error for `status`, which is not NATS_OK, of the last call of this thread. `doing` says what
/// was tried, as "fetch from stream JOBS"; `code` is what JetStream added, if anything.
Error NatsError(natsStatus status, std::string_view doing, jsErrCode code = jsErrCode{});

}  // namespace dsw
