// SPDX-License-Identifier: Apache-2.0
#include "plugins/embed_common/config_schema.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <string>

#include <nlohmann/json.hpp>

#include <dsw/plugin.hpp>

namespace dsw {
namespace {

using Json = nlohmann::json;

bool IsWhole(const Json& value) {
  return value.is_number_integer() ||
         (value.is_number_float() && std::trunc(value.get<double>()) == value.get<double>());
}

std::string KindOf(const Json& value) {
  switch (value.type()) {
    case Json::value_t::null:
      return "null";
    case Json::value_t::boolean:
      return "true or false";
    case Json::value_t::string:
      return "text";
    case Json::value_t::array:
      return "a list";
    case Json::value_t::object:
      return "an object";
    default:
      return "the number " + value.dump();
  }
}

std::string NameOfType(const std::string& type) {
  if (type == "string") return "text";
  if (type == "integer") return "a whole number";
  if (type == "number") return "a number";
  if (type == "boolean") return "true or false";
  if (type == "array") return "a list";
  if (type == "object") return "an object";
  return type;
}

bool HasType(const Json& value, const std::string& type) {
  if (type == "string") return value.is_string();
  if (type == "integer") return IsWhole(value);
  if (type == "number") return value.is_number();
  if (type == "boolean") return value.is_boolean();
  if (type == "array") return value.is_array();
  if (type == "object") return value.is_object();
  return type == "null" && value.is_null();
}

std::size_t Characters(const std::string& text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xc0) != 0x80;
  }));
}

/// As a step of a JSON pointer (RFC 6901), short enough for a message.
std::string Step(const std::string& key) {
  std::string step = "/";
  for (const char c : key.substr(0, 64)) {
    if (c == '~') {
      step += "~0";
    } else if (c == '/') {
      step += "~1";
    } else {
      step += c;
    }
  }
  return step;
}

class Checker {
 public:
  explicit Checker(std::string_view provider) : provider_(provider) {}

  void Check(const Json& value, const Json& schema, const std::string& pointer) const {
    if (schema.is_boolean()) {
      if (!schema.get<bool>()) Refuse(pointer, "not allowed");
      return;
    }
    // Before the rest, whatever the order of the keywords: the others presume it.
    if (const auto type = schema.find("type"); type != schema.end()) {
      CheckType(value, *type, pointer);
    }
    for (const auto& [keyword, limit] : schema.items()) {
      if (!CheckKeyword(value, schema, keyword, limit, pointer)) {
        throw Failure(DSW_E_INTERNAL,
                      "the schema of " + provider_ + " has an unknown keyword: " + keyword);
      }
    }
  }

 private:
  [[noreturn]] void Refuse(const std::string& pointer, const std::string& what) const {
    throw Failure(
        DSW_E_INVALID_CONFIG,
        provider_ + ": " + (pointer.empty() ? "the configuration" : pointer) + ": " + what);
  }

  /// False for a keyword that is not known.
  bool CheckKeyword(const Json& value, const Json& schema, const std::string& keyword,
                    const Json& limit, const std::string& pointer) const {
    if (keyword == "enum") {
      CheckEnum(value, limit, pointer);
    } else if (keyword == "minimum" || keyword == "maximum") {
      CheckRange(value, schema, keyword == "minimum", limit, pointer);
    } else if (keyword == "minLength" || keyword == "maxLength") {
      CheckLength(value, keyword == "minLength", limit, pointer);
    } else if (keyword == "minItems" || keyword == "maxItems") {
      CheckCount(value, keyword == "minItems", limit, pointer);
    } else if (keyword == "required") {
      CheckRequired(value, limit, pointer);
    } else if (keyword == "properties") {
      CheckMembers(value, schema, limit, pointer);
    } else if (keyword == "additionalProperties") {
      // Without "properties" nobody else looks at the members.
      if (!schema.contains("properties")) CheckMembers(value, schema, Json::object(), pointer);
    } else if (keyword == "items") {
      for (std::size_t i = 0; value.is_array() && i < value.size(); ++i) {
        Check(value[i], limit, pointer + "/" + std::to_string(i));
      }
    } else {
      return keyword == "type" || keyword == "description" || keyword == "title" ||
             keyword == "default" || keyword == "$schema" || keyword == "x-dsw-vectors";
    }
    return true;
  }

  void CheckType(const Json& value, const Json& type, const std::string& pointer) const {
    const Json types = type.is_array() ? type : Json::array({type});
    std::string wanted;
    for (const Json& each : types) {
      const auto name = each.get<std::string>();
      if (HasType(value, name)) return;
      if (!wanted.empty()) wanted += " or ";
      wanted += NameOfType(name);
    }
    Refuse(pointer, "expected " + wanted + ", not " + KindOf(value));
  }

  void CheckEnum(const Json& value, const Json& allowed, const std::string& pointer) const {
    std::string names;
    for (const Json& each : allowed) {
      if (each == value) return;
      if (!names.empty()) names += ", ";
      names += each.dump();
    }
    Refuse(pointer,
           "expected one of " + names + (value.is_string() ? "" : ", not " + KindOf(value)));
  }

  void CheckRange(const Json& value, const Json& schema, bool low, const Json& limit,
                  const std::string& pointer) const {
    if (!value.is_number() || (low ? value >= limit : value <= limit)) return;
    std::string range = low ? "at least " + limit.dump() : "at most " + limit.dump();
    if (schema.contains("minimum") && schema.contains("maximum")) {
      range = "from " + schema["minimum"].dump() + " to " + schema["maximum"].dump();
    }
    Refuse(pointer, "expected a number " + range + ", not " + value.dump());
  }

  void CheckLength(const Json& value, bool low, const Json& limit,
                   const std::string& pointer) const {
    if (!value.is_string()) return;
    const std::size_t length = Characters(value.get_ref<const std::string&>());
    if (low ? length >= limit.get<std::size_t>() : length <= limit.get<std::size_t>()) return;
    if (length == 0) Refuse(pointer, "must not be empty");
    Refuse(pointer, std::string("expected text of ") + (low ? "at least " : "at most ") +
                        limit.dump() + " characters, not of " + std::to_string(length));
  }

  void CheckCount(const Json& value, bool low, const Json& limit,
                  const std::string& pointer) const {
    if (!value.is_array()) return;
    if (low ? value.size() >= limit.get<std::size_t>() : value.size() <= limit.get<std::size_t>()) {
      return;
    }
    Refuse(pointer, std::string("expected a list of ") + (low ? "at least " : "at most ") +
                        limit.dump() + ", not of " + std::to_string(value.size()));
  }

  void CheckRequired(const Json& value, const Json& names, const std::string& pointer) const {
    if (!value.is_object()) return;
    for (const Json& name : names) {
      if (!value.contains(name.get<std::string>())) {
        Refuse(pointer + Step(name.get<std::string>()), "missing");
      }
    }
  }

  void CheckMembers(const Json& value, const Json& schema, const Json& properties,
                    const std::string& pointer) const {
    if (!value.is_object()) return;
    const auto others = schema.find("additionalProperties");
    for (const auto& [key, member] : value.items()) {
      const auto known = properties.find(key);
      if (known != properties.end()) {
        Check(member, *known, pointer + Step(key));
      } else if (others != schema.end() && others->is_object()) {
        Check(member, *others, pointer + Step(key));
      } else if (others != schema.end() && *others == false) {
        std::string names;
        for (const auto& property : properties.items()) {
          names += (names.empty() ? "" : ", ") + property.key();
        }
        Refuse(pointer + Step(key), "not a setting; there are: " + names);
      }
    }
  }

  const std::string provider_;
};

}  // namespace

Json ParseConfig(std::string_view provider, std::string_view schema, std::string_view config_json) {
  // To copy and to print JSON takes stack for every level.
  constexpr int kDeepest = 64;
  bool nested_deeply = false;
  const auto keep = [&](int depth, Json::parse_event_t, Json&) {
    nested_deeply = nested_deeply || depth > kDeepest;
    return !nested_deeply;
  };
  Json config = Json::parse(config_json, keep, /*allow_exceptions=*/false);
  if (nested_deeply) {
    throw Failure(DSW_E_INVALID_CONFIG, std::string(provider) +
                                            ": the configuration is nested more than 64 levels "
                                            "deep");
  }
  if (!config.is_object()) {
    throw Failure(DSW_E_INVALID_CONFIG,
                  std::string(provider) + ": the configuration is not a JSON object");
  }
  const Json rules = Json::parse(schema, nullptr, /*allow_exceptions=*/false);
  if (!rules.is_object()) {
    throw Failure(DSW_E_INTERNAL, "the schema of " + std::string(provider) + " is not JSON");
  }
  try {
    Checker(provider).Check(config, rules, "");
  } catch (const Json::exception& error) {
    throw Failure(DSW_E_INTERNAL,
                  "the schema of " + std::string(provider) + " is not one: " + error.what());
  }
  return config;
}

}  // namespace dsw
