// SPDX-License-Identifier: Apache-2.0
#include "plugins/sink_qdrant/payload_message.h"

#include "plugins/sink_qdrant/protobuf.h"

namespace dsw::qdrant {
namespace {

namespace dom = simdjson::dom;

// Of the message Value; its fields are members of a oneof, so that they are written also when they
// are 0.
constexpr std::uint32_t kNull = 1;
constexpr std::uint32_t kDouble = 2;
constexpr std::uint32_t kInteger = 3;
constexpr std::uint32_t kString = 4;
constexpr std::uint32_t kBool = 5;
constexpr std::uint32_t kStruct = 6;
constexpr std::uint32_t kList = 7;

/// Each level costs up to three messages within each other, of which servers decode a hundred.
constexpr int kDeepest = 24;

bool AppendValue(std::string& out, const dom::element& value, int depth);

bool AppendEntries(std::string& out, std::uint32_t field, const dom::object& object, int depth) {
  bool possible = true;
  for (const dom::key_value_pair member : object) {
    AppendMessage(out, field, [&] {
      AppendBytes(out, 1, member.key);
      AppendMessage(out, 2, [&] { possible = AppendValue(out, member.value, depth); });
    });
    if (!possible) return false;
  }
  return true;
}

bool AppendElements(std::string& out, const dom::array& array, int depth) {
  bool possible = true;
  for (const dom::element element : array) {
    AppendMessage(out, 1, [&] { possible = AppendValue(out, element, depth); });
    if (!possible) return false;
  }
  return true;
}

bool AppendValue(std::string& out, const dom::element& value, int depth) {
  if (depth > kDeepest) return false;
  bool possible = true;
  switch (value.type()) {
    case dom::element_type::NULL_VALUE:
      AppendNumber(out, kNull, 0);
      break;
    case dom::element_type::DOUBLE:
      AppendDouble(out, kDouble, value.get_double().value_unsafe());
      break;
    case dom::element_type::INT64:
      AppendNumber(out, kInteger, static_cast<std::uint64_t>(value.get_int64().value_unsafe()));
      break;
    case dom::element_type::STRING:
      AppendBytes(out, kString, value.get_string().value_unsafe());
      break;
    case dom::element_type::BOOL:
      AppendNumber(out, kBool, value.get_bool().value_unsafe() ? 1 : 0);
      break;
    case dom::element_type::OBJECT:
      AppendMessage(out, kStruct, [&] {
        possible = AppendEntries(out, 1, value.get_object().value_unsafe(), depth + 1);
      });
      break;
    case dom::element_type::ARRAY:
      AppendMessage(out, kList, [&] {
        possible = AppendElements(out, value.get_array().value_unsafe(), depth + 1);
      });
      break;
    default:
      possible = false;
  }
  return possible;
}

}  // namespace

bool PayloadEncoder::Append(std::string& out, std::uint32_t field, std::string_view payload) {
  padded_.assign(payload);
  padded_.reserve(payload.size() + simdjson::SIMDJSON_PADDING);
  const std::size_t before = out.size();
  dom::object object;
  const bool possible =
      parser_.parse(padded_.data(), payload.size(), false).get_object().get(object) ==
          simdjson::SUCCESS &&
      AppendEntries(out, field, object, 1);
  if (!possible) out.resize(before);
  return possible;
}

}  // namespace dsw::qdrant
