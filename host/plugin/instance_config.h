// SPDX-License-Identifier: Apache-2.0
//
// The configuration that an instance is made from.
#pragma once

#include <string>
#include <string_view>

#include "host/base/result.h"

namespace dsw {

/// A JSON object that is built in layers, each over the one before. Belongs to one thread.
class InstanceConfig {
 public:
  /// Adds the members of a JSON object; empty text adds none. kInvalid, with `what` in front, for
  /// anything else.
  Status Overlay(std::string_view what, std::string_view json_object);
  void Set(std::string_view key, std::string_view value);
  /// Text that is equal for equal configurations.
  const std::string& text() const { return text_; }

 private:
  std::string text_ = "{}";
};

}  // namespace dsw
