// SPDX-License-Identifier: Apache-2.0
//
// The vectors of embedder "fault": for the plugin that makes them and for those who check them.
#pragma once

#include <charconv>
#include <cstdint>
#include <string_view>
#include <vector>

namespace fault {

/// FNV-1a, going on from `hash`.
inline std::uint64_t Hash(std::string_view text, std::uint64_t hash = 14695981039346656037u) {
  for (const char c : text) {
    hash ^= static_cast<unsigned char>(c);
    hash *= 1099511628211u;
  }
  return hash;
}

/// Stands for a text as one maker embeds it: `maker` and `model` are the embedder's settings.
inline std::uint64_t Fingerprint(std::string_view maker, std::string_view model,
                                 std::string_view text) {
  const std::string_view end("\0", 1);
  return Hash(text, Hash(end, Hash(model, Hash(end, Hash(maker)))));
}

/// Floats of a model, whose name ends in "-<number>"; 0 for other names.
inline std::uint32_t Dimensions(std::string_view model) {
  const std::string_view digits = model.substr(model.rfind('-') + 1);
  std::uint32_t dimensions = 0;
  const auto [end, error] =
      std::from_chars(digits.data(), digits.data() + digits.size(), dimensions);
  const bool whole = error == std::errc() && end == digits.data() + digits.size();
  return whole && dimensions <= 4096 ? dimensions : 0;
}

/// Row of a text: multiples of 2^-20 from -1 to 1, which every sink keeps exactly.
inline void FillRow(std::uint64_t fingerprint, float* row, std::uint32_t dimensions) {
  std::uint64_t state = fingerprint;
  for (std::uint32_t i = 0; i < dimensions; ++i) {
    state += 0x9E3779B97F4A7C15u;  // splitmix64
    std::uint64_t bits = state;
    bits = (bits ^ (bits >> 30)) * 0xBF58476D1CE4E5B9u;
    bits = (bits ^ (bits >> 27)) * 0x94D049BB133111EBu;
    row[i] = static_cast<float>(bits >> 43) / (1u << 20) - 1.0F;
  }
}

inline std::vector<float> VectorOf(std::uint64_t fingerprint, std::uint32_t dimensions) {
  std::vector<float> row(dimensions);
  FillRow(fingerprint, row.data(), dimensions);
  return row;
}

}  // namespace fault
