// SPDX-License-Identifier: Apache-2.0
//
// Each target with its seeds and thousands of inputs made from them, the same in every run.
#include <algorithm>
#include <cstddef>
#include <random>
#include <string>

#include <gtest/gtest.h>

#include "tests/fuzz/targets.h"

namespace dsw {
namespace {

constexpr int kMutants = 3'000;

class Mutator {
 public:
  explicit Mutator(const FuzzTarget& target) : target_(target) {}

  std::string Next() {
    std::string text(Seed());
    for (std::size_t i = 0, changes = 1 + Below(4); i < changes; ++i) Change(text);
    return text;
  }

 private:
  std::size_t Below(std::size_t limit) { return limit == 0 ? 0 : random_() % limit; }

  std::string_view Seed() { return target_.seeds[Below(target_.seeds.size())]; }

  void Change(std::string& text) {
    constexpr std::string_view kTelling = "[]{}\",:\\-+.eE0123456789=/\x00\x7f\x80\xc3\xff \n<";
    const std::size_t at = Below(text.size() + 1);
    switch (Below(6)) {
      case 0:
        text.resize(at);
        return;
      case 1:
        text.insert(at, 1, kTelling[Below(kTelling.size())]);
        return;
      case 2:
        text.erase(at, 1 + Below(8));
        return;
      case 3:
        text.insert(at, text.substr(Below(text.size() + 1), Below(32)));
        return;
      case 4: {
        const std::string_view other = Seed();
        text.insert(at, other.substr(Below(other.size() + 1), Below(64)));
        return;
      }
      default:
        if (at < text.size()) text[at] = kTelling[Below(kTelling.size())];
    }
  }

  const FuzzTarget& target_;
  std::mt19937 random_{1};
};

class MutationTest : public testing::TestWithParam<FuzzTarget> {};

TEST_P(MutationTest, HoldsForSeedsAndWhatIsMadeOfThem) {
  const FuzzTarget& target = GetParam();
  target.run("");
  for (const std::string_view seed : target.seeds) target.run(seed);
  Mutator mutator(target);
  for (int i = 0; i < kMutants; ++i) target.run(mutator.Next());
}

/// Who reads or writes such a value by calling itself runs out of stack.
TEST_P(MutationTest, HoldsForValuesThatAreNestedDeeply) {
  constexpr std::size_t kLevels = 100'000;
  const std::string nested = std::string(kLevels, '[') + std::string(kLevels, ']');
  GetParam().run(nested);
  for (const std::string_view seed : GetParam().seeds) {
    for (std::size_t colon = seed.find(':'); colon != seed.npos;
         colon = seed.find(':', colon + 1)) {
      const std::size_t end = std::min(seed.find_first_of(",}", colon), seed.size());
      GetParam().run(std::string(seed.substr(0, colon + 1)) + nested +
                     std::string(seed.substr(end)));
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Targets, MutationTest, testing::ValuesIn(FuzzTargets()),
                         [](const auto& test) { return std::string(test.param.name); });

}  // namespace
}  // namespace dsw
