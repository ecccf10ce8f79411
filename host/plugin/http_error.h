// SPDX-License-Identifier: Apache-2.0
//
// What an HTTP response that is not a success means, as far as all services agree.
#pragma once

#include <chrono>

#include <dsw/plugin.h>

#include "host/ports/http_client.h"

namespace dsw {

/// The failure that `response` describes: category by status, the wait that its headers ask for,
/// whether `x-should-retry` says that another try is worth it, the request's id, and the message
/// and code that the body holds in one of the usual JSON forms; an HTML page is named as one. Keys
/// that a server repeats are masked. `now` is what dates are relative to.
dsw_error ClassifyHttp(const HttpResponse& response, std::chrono::system_clock::time_point now);

}  // namespace dsw
