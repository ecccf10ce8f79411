// SPDX-License-Identifier: Apache-2.0
#include "config.h"

#include <charconv>
#include <map>

#include <nlohmann/json.hpp>

#include <dsw/plugin.hpp>

namespace embed_test {
namespace {

using nlohmann::json;

constexpr std::uint32_t kMostDimensions = 65536;

std::uint32_t DimensionsOf(std::string_view model) {
  constexpr std::string_view kPrefix = "hash-";
  if (model.substr(0, kPrefix.size()) != kPrefix) return 0;
  const std::string_view digits = model.substr(kPrefix.size());
  std::uint32_t dimensions = 0;
  const auto [end, error] =
      std::from_chars(digits.data(), digits.data() + digits.size(), dimensions);
  const bool whole = error == std::errc() && end == digits.data() + digits.size();
  return whole && dimensions <= kMostDimensions ? dimensions : 0;
}

dsw_status CategoryOf(const std::string& name) {
  static const std::map<std::string, dsw_status> kCategories = {
      {"internal", DSW_E_INTERNAL},
      {"invalid_config", DSW_E_INVALID_CONFIG},
      {"invalid_request", DSW_E_INVALID_REQUEST},
      {"too_large", DSW_E_TOO_LARGE},
      {"auth", DSW_E_AUTH},
      {"not_found", DSW_E_NOT_FOUND},
      {"rate_limited", DSW_E_RATE_LIMITED},
      {"quota", DSW_E_QUOTA},
      {"timeout", DSW_E_TIMEOUT},
      {"unavailable", DSW_E_UNAVAILABLE},
      {"cancelled", DSW_E_CANCELLED},
      {"conflict", DSW_E_CONFLICT},
      {"unsupported", DSW_E_UNSUPPORTED},
  };
  const auto found = kCategories.find(name);
  if (found == kCategories.end()) {
    throw dsw::Failure(DSW_E_INVALID_CONFIG, "/fail_category: unknown category \"" + name + '"');
  }
  return found->second;
}

void ReadMember(const std::string& key, const json& value, Config& config) {
  if (key == "model") {
    config.model = value.get<std::string>();
    config.dimensions = DimensionsOf(config.model);
  } else if (key == "base_url") {
    value.get<std::string>();
  } else if (key == "delay_ms") {
    config.delay_ms = value.get<std::uint32_t>();
  } else if (key == "count_file") {
    config.count_file = value.get<std::string>();
  } else if (key == "max_batch") {
    config.max_batch = value.get<std::uint32_t>();
  } else if (key == "max_tokens") {
    config.max_tokens = value.get<std::uint32_t>();
  } else if (key == "fail_every") {
    config.fail_every = value.get<std::uint32_t>();
  } else if (key == "fail_first") {
    config.fail_first = value.get<std::uint32_t>();
  } else if (key == "fail_category") {
    config.fail_category = CategoryOf(value.get<std::string>());
  } else if (key == "retry_after_ms") {
    config.retry_after_ms = value.get<std::int64_t>();
  } else if (key == "deaf") {
    config.deaf = value.get<bool>();
  } else if (key == "fail_texts_containing") {
    config.fail_texts_containing = value.get<std::string>();
  } else {
    throw dsw::Failure(DSW_E_INVALID_CONFIG, "/" + key + ": unknown key");
  }
}

}  // namespace

Config ParseConfig(std::string_view text) {
  const json document = json::parse(text, nullptr, false);
  if (!document.is_object()) {
    throw dsw::Failure(DSW_E_INVALID_CONFIG, "the configuration is not a JSON object");
  }
  Config config;
  for (const auto& [key, value] : document.items()) {
    try {
      ReadMember(key, value, config);
    } catch (const json::exception&) {
      throw dsw::Failure(DSW_E_INVALID_CONFIG, "/" + key + ": wrong type");
    }
  }
  return config;
}

}  // namespace embed_test
