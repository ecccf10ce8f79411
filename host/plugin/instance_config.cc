// SPDX-License-Identifier: Apache-2.0
#include "host/plugin/instance_config.h"

#include <nlohmann/json.hpp>

#include "host/domain/json_depth.h"

namespace dsw {
namespace {

using nlohmann::json;

/// Members are sorted by name, which makes the text a key.
std::string Print(const json& object) {
  return object.dump(-1, ' ', false, json::error_handler_t::replace);
}

}  // namespace

Status InstanceConfig::Overlay(std::string_view what, std::string_view json_object) {
  if (json_object.empty()) return {};
  bool nested_deeply = false;
  const auto keep = [&nested_deeply](int depth, json::parse_event_t, json&) {
    nested_deeply = nested_deeply || depth > kDeepestJson;
    return !nested_deeply;
  };
  const json over = json::parse(json_object, keep, false);
  if (nested_deeply) {
    return Fail(Code::kInvalid, std::string(what) + " is " + kNestedTooDeeply);
  }
  if (!over.is_object()) {
    return Fail(Code::kInvalid, std::string(what) + " is not a JSON object");
  }
  json base = json::parse(text_);
  base.update(over);
  text_ = Print(base);
  return {};
}

void InstanceConfig::Remove(std::string_view key) {
  json base = json::parse(text_);
  base.erase(std::string(key));
  text_ = Print(base);
}

std::string InstanceConfig::Get(std::string_view key) const {
  const json base = json::parse(text_);
  const auto found = base.find(key);
  return found != base.end() && found->is_string() ? found->get<std::string>() : std::string();
}

std::vector<std::string> InstanceConfig::Urls() const {
  std::vector<std::string> urls;
  const json base = json::parse(text_);
  for (const auto& [key, value] : base.items()) {
    const bool named = key == "url" || key.ends_with("_url");
    if (named && value.is_string()) urls.push_back(value.get<std::string>());
  }
  return urls;
}

void InstanceConfig::Set(std::string_view key, std::string_view value) {
  json base = json::parse(text_);
  base[std::string(key)] = value;
  text_ = Print(base);
}

}  // namespace dsw
