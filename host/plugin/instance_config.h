// SPDX-License-Identifier: Apache-2.0
//
// The configuration that an instance is made from.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "host/base/result.h"

namespace dsw {

/// A JSON object that is built in layers, each over the one before. Belongs to one thread.
class InstanceConfig {
 public:
  /// Adds the members of a JSON object; empty text adds none. kInvalid, with `what` in front, for
  /// anything else, and for an object that is nested too deeply.
  Status Overlay(std::string_view what, std::string_view json_object);
  void Set(std::string_view key, std::string_view value);
  void Remove(std::string_view key);
  /// The text of a member that is text, else empty.
  std::string Get(std::string_view key) const;
  /// The texts of the members "url", "base_url" and others whose names end so.
  std::vector<std::string> Urls() const;
  /// Text that is equal for equal configurations.
  const std::string& text() const { return text_; }

 private:
  std::string text_ = "{}";
};

}  // namespace dsw
