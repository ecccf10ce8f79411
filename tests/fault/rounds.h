// SPDX-License-Identifier: Apache-2.0
//
// How often random scenarios run, and from which seeds: DSW_FAULT_ROUNDS (2) rounds, round i with
// the seed DSW_FAULT_SEED + i, which is a random number where it is not set. Each round prints its
// seed. The first that fails is the last, unless DSW_FAULT_ALL is set.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <random>
#include <string>

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace dsw::fault_test {

inline std::int64_t NumberFrom(const char* variable, std::int64_t otherwise) {
  const char* const text = std::getenv(variable);
  return text != nullptr ? std::stoll(text) : otherwise;
}

/// Random choices of one round.
class Dice {
 public:
  explicit Dice(std::uint64_t seed) : random_(seed) {}

  /// From `least` to `most`, both included.
  int Between(int least, int most) {
    return static_cast<int>(random_() % static_cast<std::uint64_t>(most - least + 1)) + least;
  }
  bool OneIn(int times) { return Between(1, times) == 1; }
  std::uint64_t Seed() { return random_(); }

 private:
  std::mt19937_64 random_;
};

/// Runs `round(number, dice)` for every round; none after an assertion that ends a test.
template <class Round>
void ForEachRound(Round round) {
  const std::int64_t rounds = NumberFrom("DSW_FAULT_ROUNDS", 2);
  const std::int64_t first = NumberFrom("DSW_FAULT_SEED", std::random_device{}() % 1'000'000);
  const bool all = std::getenv("DSW_FAULT_ALL") != nullptr;
  for (std::int64_t i = 0; i < rounds && !testing::Test::HasFatalFailure(); ++i) {
    if (testing::Test::HasFailure() && !all) return;
    std::cout << fmt::format("round {}: DSW_FAULT_SEED={}", i, first + i) << std::endl;
    SCOPED_TRACE(fmt::format("DSW_FAULT_SEED={} DSW_FAULT_ROUNDS=1", first + i));
    Dice dice(static_cast<std::uint64_t>(first + i));
    round(static_cast<int>(i), dice);
  }
}

}  // namespace dsw::fault_test
