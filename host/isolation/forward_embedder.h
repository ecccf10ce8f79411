// SPDX-License-Identifier: Apache-2.0
//
// The operations of an embedder whose instance lives in another process.
#pragma once

#include <dsw/plugin.h>

namespace dsw {

/// All operations; an instance is a RemoteInstance.
dsw_embedder_ops RemoteEmbedderOps();

}  // namespace dsw
