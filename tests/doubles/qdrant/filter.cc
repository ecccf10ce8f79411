// SPDX-License-Identifier: Apache-2.0
#include "tests/doubles/qdrant/filter.h"

#include <algorithm>

#include "tests/doubles/qdrant/refusal.h"
#include "tests/doubles/qdrant/store.h"

namespace dsw::doubles {
namespace {

using Json = nlohmann::json;

constexpr const char* kClauses[] = {"must", "must_not"};

[[noreturn]] void Malformed() {
  throw Refusal{.status = 400,
                .text =
                    "Format error in JSON body: data did not match any variant of untagged "
                    "enum Condition"};
}

Json Conditions(const Json& filter, const char* clause) {
  const Json found = filter.value(clause, Json::array());
  return found.is_array() ? found : Json::array({found});
}

bool HasId(const Json& condition) {
  return condition.is_object() && condition.contains("has_id") && condition["has_id"].is_array();
}

bool InRange(const Json& range, const Json& value) {
  if (!value.is_number()) return false;
  const auto number = value.get<double>();
  return !(range.contains("gt") && !(number > range["gt"].get<double>())) &&
         !(range.contains("gte") && !(number >= range["gte"].get<double>())) &&
         !(range.contains("lt") && !(number < range["lt"].get<double>())) &&
         !(range.contains("lte") && !(number <= range["lte"].get<double>()));
}

}  // namespace

void CheckFilter(const Json& filter) {
  if (!filter.is_object()) Malformed();
  for (const auto& item : filter.items()) {
    if (std::ranges::find(kClauses, item.key()) == std::end(kClauses)) Malformed();
    for (const Json& condition : Conditions(filter, item.key().c_str())) {
      if (HasId(condition)) continue;
      const bool ranged = condition.is_object() && condition.contains("key") &&
                          condition["key"].is_string() && condition.contains("range") &&
                          condition["range"].is_object();
      if (!ranged) Malformed();
      for (const auto& bound : condition["range"].items()) {
        if (!bound.value().is_number()) Malformed();
      }
    }
  }
}

bool Matches(const Json& filter, const std::string& id, const Json& payload) {
  const auto holds = [&](const Json& condition) {
    if (HasId(condition)) {
      return std::ranges::any_of(condition["has_id"],
                                 [&](const Json& one) { return CheckedId(one) == id; });
    }
    return InRange(condition["range"], ValueAt(payload, condition["key"]));
  };
  return std::ranges::all_of(Conditions(filter, "must"), holds) &&
         std::ranges::none_of(Conditions(filter, "must_not"), holds);
}

std::vector<std::string> KeysOf(const Json& filter) {
  std::vector<std::string> keys;
  for (const char* clause : kClauses) {
    for (const Json& condition : Conditions(filter, clause)) {
      if (!HasId(condition)) keys.push_back(condition["key"]);
    }
  }
  return keys;
}

Json ValueAt(const Json& payload, const std::string& path) {
  const std::size_t dot = path.find('.');
  if (!payload.is_object() || !payload.contains(path.substr(0, dot))) return Json();
  const Json& member = payload[path.substr(0, dot)];
  return dot == std::string::npos ? member : ValueAt(member, path.substr(dot + 1));
}

}  // namespace dsw::doubles
