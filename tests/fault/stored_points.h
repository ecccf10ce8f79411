// SPDX-License-Identifier: Apache-2.0
//
// What a sink holds, read past the product.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace dsw::fault_test {

struct StoredPoint {
  std::vector<float> vector;
  std::string payload;  ///< As it was given.
};

using StoredPoints = std::map<std::string, StoredPoint>;  ///< By id.

/// Points of a collection of sink "fault" as upserts and removals left them. With a fence, as some
/// sinks have one, who comes late with a smaller token changes nothing. Lines that the end of a
/// process cut off count as never written.
StoredPoints ReadPoints(const std::filesystem::path& log, bool fence);

/// The same for a file of sink "sqlite".
StoredPoints ReadSqlitePoints(const std::filesystem::path& file, const std::string& collection);

}  // namespace dsw::fault_test
