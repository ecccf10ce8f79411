// SPDX-License-Identifier: Apache-2.0
//
// What a check found wrong, counted by kind, each kind with a few examples.
#pragma once

#include <map>
#include <string>
#include <vector>

#include <fmt/format.h>

namespace dsw::fault_test {

class Findings {
 public:
  void Add(const std::string& kind, const std::string& example) {
    Kind& found = kinds_[kind];
    ++found.count;
    if (found.examples.size() < kExamples) found.examples.push_back(example);
  }

  /// A line for each kind.
  std::vector<std::string> Lines() const {
    std::vector<std::string> lines;
    for (const auto& [name, kind] : kinds_) {
      std::string line = fmt::format("{} ({}): ", name, kind.count);
      for (const std::string& example : kind.examples) {
        line += (&example == &kind.examples.front() ? "" : "; ") + example;
      }
      lines.push_back(line);
    }
    return lines;
  }

 private:
  static constexpr std::size_t kExamples = 3;
  struct Kind {
    int count = 0;
    std::vector<std::string> examples;
  };
  std::map<std::string, Kind> kinds_;
};

}  // namespace dsw::fault_test
