// SPDX-License-Identifier: Apache-2.0
//
// What Qdrant refuses with, over either of its interfaces.
#pragma once

#include <string>

namespace dsw::doubles {

/// Thrown. `status` is that of REST; gRPC's follows from it.
struct Refusal {
  int status = 400;
  std::string text;         ///< With the prefix that Qdrant puts in front, as "Wrong input: ".
  int retry_after_s = -1;   ///< -1: not said.
  bool plain_text = false;  ///< REST sends the text without the envelope.
};

}  // namespace dsw::doubles
