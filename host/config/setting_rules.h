// SPDX-License-Identifier: Apache-2.0
//
// What the members of Settings accept, and how that is read from text. Each rule writes one member.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "host/config/settings_table.h"

namespace dsw::rules {

/// How to read what a member accepts, and the same in words.
struct Rule {
  std::string allowed;
  SettingReader read;
};

Rule Integer(std::int64_t Settings::*member, std::int64_t least, std::int64_t most);
/// 0 stands for "auto".
Rule IntegerOrAuto(std::int64_t Settings::*member, std::int64_t least, std::int64_t most);
Rule Flag(bool Settings::*member);
Rule Duration(std::chrono::milliseconds Settings::*member, std::chrono::milliseconds unit,
              std::chrono::milliseconds least, std::chrono::milliseconds most);
Rule Durations(std::vector<std::chrono::milliseconds> Settings::*member,
               std::chrono::milliseconds least, std::chrono::milliseconds most);
Rule Text(std::string Settings::*member, std::string_view what);
/// "id:right" pairs, as in "org.example.acme:net,org.example.acme:files".
Rule Grants();
/// Text of which every character is among `characters`.
Rule Name(std::string Settings::*member, std::string_view characters, std::string_view what);
Rule Address(std::string Settings::*member, std::vector<std::string_view> schemes);
/// libpq takes a URL or a list of key=value pairs.
Rule Database(std::string Settings::*member);
Rule ProviderKey(const char* provider);
Rule HexKey(Secret Settings::*member);
Rule Egress(EgressList EgressRules::*member);
Rule LogLevels();

/// The same letters, whatever their case.
bool SameWord(std::string_view a, std::string_view b);

/// One of some words, in any case; `values[i]` is what `words[i]` means.
template <typename T>
Rule Choice(T Settings::*member, std::vector<std::string_view> words, std::vector<T> values) {
  return {fmt::format("{}", fmt::join(words, ", ")),
          [=](Settings& settings, std::string_view text) -> Result<std::string> {
            for (std::size_t i = 0; i < words.size(); ++i) {
              if (!SameWord(text, words[i])) continue;
              settings.*member = values[i];
              return std::string(words[i]);
            }
            return Fail(Code::kInvalid, fmt::format("expected one of {}", fmt::join(words, ", ")));
          }};
}

}  // namespace dsw::rules
