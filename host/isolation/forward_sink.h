// SPDX-License-Identifier: Apache-2.0
//
// The operations and services of a sink whose instance lives in another process.
#pragma once

#include <cstddef>

#include <dsw/plugin.h>

namespace dsw {

/// All operations; an instance is a RemoteInstance.
dsw_sink_ops RemoteSinkOps();
/// dsw_provider.get_extension: what the instance's plugin has.
const void* RemoteExtension(void* instance, const char* id, std::size_t id_len);

}  // namespace dsw
