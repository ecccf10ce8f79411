// SPDX-License-Identifier: Apache-2.0
#include "tests/fault/stored_points.h"

#include <cstdint>
#include <cstring>
#include <fstream>
#include <string_view>

namespace dsw::fault_test {
namespace {

std::vector<float> Floats(std::string_view hex) {
  std::vector<float> floats;
  for (std::size_t at = 0; at + 8 <= hex.size(); at += 8) {
    const auto bits =
        static_cast<std::uint32_t>(std::stoul(std::string(hex.substr(at, 8)), nullptr, 16));
    float value = 0;
    std::memcpy(&value, &bits, sizeof value);
    floats.push_back(value);
  }
  return floats;
}

}  // namespace

StoredPoints ReadPoints(const std::filesystem::path& log) {
  StoredPoints points;
  std::ifstream file(log, std::ios::binary);
  constexpr std::size_t kId = 2;
  constexpr std::size_t kIdSize = 36;
  constexpr std::size_t kRest = kId + kIdSize + 1;
  for (std::string line; std::getline(file, line);) {
    if (line.size() <= kRest || !line.ends_with("\t.")) continue;
    const std::string id = line.substr(kId, kIdSize);
    if (line.front() == 'R') {
      points.erase(id);
      continue;
    }
    const std::size_t payload = line.find('\t', kRest) + 1;
    points[id] = {
        .vector = Floats(std::string_view(line).substr(kRest, payload - 1 - kRest)),
        .payload = line.substr(payload, line.size() - 2 - payload),
    };
  }
  return points;
}

}  // namespace dsw::fault_test
