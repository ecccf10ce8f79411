// SPDX-License-Identifier: Apache-2.0
//
// The address of an endpoint from the base that users write.
#pragma once

#include <string>
#include <string_view>

namespace dsw {

/// `base` and `endpoint`, as "/embeddings"; a trailing slash of the base is dropped, a base that
/// already ends in the endpoint is taken as it is, a query ("?api-version=…") stays behind the
/// path. Throws a Failure with DSW_E_INVALID_CONFIG that names /base_url, and `provider`, for
/// anything but http and https with a host, and for a user, a password or a fragment in it. Pure.
std::string EndpointUrl(std::string_view provider, std::string_view base,
                        std::string_view endpoint);

/// Whether both have the same host: names without regard to case.
bool SameHost(std::string_view url, std::string_view other);

}  // namespace dsw
