// SPDX-License-Identifier: Apache-2.0
//
// Reads what a stored point tells about itself; PayloadWriter writes it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace dsw {

/// The members of kStampKey. Without `embedded_dataset_id` a point tells nothing: it was written by
/// an earlier version, or by somebody else.
struct Stamp {
  std::optional<std::int64_t> embedded_dataset_id{};
  std::string hash{};
  std::string maker{};
  std::int64_t token = 0;
};

/// Takes any text; members that are not what they should be are left out.
Stamp ReadStamp(std::string_view text);

}  // namespace dsw
