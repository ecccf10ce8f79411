// SPDX-License-Identifier: Apache-2.0
// Reads settings from JSON; every mistake names the key it is about.
#include "plugins/embed_fastembed/config.h"

#include <algorithm>
#include <cstdint>
#include <thread>

#include <nlohmann/json.hpp>

#include <dsw/plugin.hpp>

namespace dsw::fastembed {
namespace {

using Json = nlohmann::json;

constexpr std::int64_t kMaxThreads = 1024;
constexpr std::int64_t kMinLength = 3;  // one token between the two special ones
constexpr std::int64_t kMaxLength = 65536;

[[noreturn]] void Mistake(const std::string& key, const std::string& what) {
  throw Failure(DSW_E_INVALID_CONFIG, "fastembed: /" + key + ": " + what);
}

std::string Text(const std::string& key, const Json& value) {
  if (!value.is_string()) Mistake(key, "expected text");
  return value.get<std::string>();
}

std::int64_t Number(const std::string& key, const Json& value, std::int64_t low,
                    std::int64_t high) {
  const std::string range =
      "expected a whole number from " + std::to_string(low) + " to " + std::to_string(high);
  if (!value.is_number_integer()) Mistake(key, range);
  const auto number = value.get<std::int64_t>();
  if (number < low || number > high) Mistake(key, range + ", not " + value.dump());
  return number;
}

Pooling PoolingOf(const std::string& key, const Json& value) {
  const std::string name = Text(key, value);
  if (name == "cls") return Pooling::kCls;
  if (name == "mean") return Pooling::kMean;
  Mistake(key, "expected \"cls\" or \"mean\"");
}

unsigned Cores() {
  return std::max(1u, std::thread::hardware_concurrency());
}

}  // namespace

Config ParseConfig(std::string_view json) {
  const Json root = Json::parse(json, nullptr, /*allow_exceptions=*/false);
  if (!root.is_object()) {
    throw Failure(DSW_E_INVALID_CONFIG, "fastembed: the configuration is not a JSON object");
  }
  Config config;
  config.threads = Cores();
  for (const auto& [key, value] : root.items()) {
    if (value.is_null()) continue;
    if (key == "model") {
      config.model = Text(key, value);
    } else if (key == "model_dir") {
      config.model_dir = Text(key, value);
    } else if (key == "onnxruntime_lib") {
      config.onnxruntime_lib = Text(key, value);
    } else if (key == "threads") {
      const auto threads = static_cast<unsigned>(Number(key, value, 0, kMaxThreads));
      config.threads = threads == 0 ? Cores() : threads;
    } else if (key == "max_length") {
      config.max_length = static_cast<std::size_t>(Number(key, value, kMinLength, kMaxLength));
    } else if (key == "pooling") {
      config.pooling = PoolingOf(key, value);
    } else if (key == "normalize") {
      if (!value.is_boolean()) Mistake(key, "expected true or false");
      config.normalize = value.get<bool>();
    } else {
      Mistake(key,
              "not a setting of this provider; there are model, model_dir, onnxruntime_lib, "
              "threads, max_length, pooling, normalize");
    }
  }
  if (config.model.empty()) Mistake("model", "missing; name a model");
  return config;
}

}  // namespace dsw::fastembed
