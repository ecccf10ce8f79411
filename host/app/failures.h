// SPDX-License-Identifier: Apache-2.0
//
// For commands that go on after a failure.
#pragma once

#include <optional>

#include "host/base/result.h"

namespace dsw {

/// Keeps the last failure for whoever prints why the command failed, and prints those before it.
class Failures {
 public:
  void Add(Error error);
  /// The last one, or success when there was none.
  Status Last() const;

 private:
  std::optional<Error> last_;
};

}  // namespace dsw
