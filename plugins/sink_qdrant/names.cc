// SPDX-License-Identifier: Apache-2.0
#include "plugins/sink_qdrant/names.h"

#include <charconv>

#include <boost/uuid/name_generator_sha1.hpp>
#include <boost/uuid/uuid.hpp>
#include <boost/uuid/uuid_io.hpp>

#include <dsw/plugin.hpp>

#include "plugins/embed_common/json_text.h"

namespace dsw::qdrant {
namespace {

constexpr std::size_t kLongestName = 255;
constexpr std::size_t kUuidDigits = 32;

/// Of the ids that are neither numbers nor UUIDs; must never change, or points would be stored
/// twice.
constexpr boost::uuids::uuid kNamespace = {{0x5d, 0x1b, 0x0c, 0x9a, 0x3f, 0x52, 0x4e, 0x0e, 0x9b,
                                            0x6e, 0x2a, 0x71, 0xc4, 0x8d, 0xe0, 0x37}};

bool IsUnreserved(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '_' || c == '.' || c == '~';
}

std::string PercentEncode(std::string_view text) {
  constexpr char kHex[] = "0123456789ABCDEF";
  std::string encoded;
  for (const char c : text) {
    if (IsUnreserved(c)) {
      encoded += c;
    } else {
      const auto byte = static_cast<unsigned char>(c);
      encoded += '%';
      encoded += kHex[byte >> 4];
      encoded += kHex[byte & 15u];
    }
  }
  return encoded;
}

std::optional<std::uint64_t> AsNumber(std::string_view id) {
  if (id.empty() || (id.size() > 1 && id[0] == '0')) return std::nullopt;
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(id.data(), id.data() + id.size(), number);
  if (error != std::errc() || end != id.data() + id.size()) return std::nullopt;
  return number;
}

/// Empty when it is no UUID.
std::string AsUuid(std::string_view id) {
  constexpr std::string_view kUrn = "urn:uuid:";
  if (id.substr(0, kUrn.size()) == kUrn) id.remove_prefix(kUrn.size());
  const bool hyphenated = id.size() == kUuidDigits + 4;
  if (!hyphenated && id.size() != kUuidDigits) return {};
  std::string uuid;
  for (std::size_t i = 0; i < id.size(); ++i) {
    if (hyphenated && (i == 8 || i == 13 || i == 18 || i == 23)) {
      if (id[i] != '-') return {};
      continue;
    }
    const char lower = id[i] >= 'A' && id[i] <= 'F' ? static_cast<char>(id[i] - 'A' + 'a') : id[i];
    if (!((lower >= '0' && lower <= '9') || (lower >= 'a' && lower <= 'f'))) return {};
    uuid += lower;
    if (uuid.size() == 8 || uuid.size() == 13 || uuid.size() == 18 || uuid.size() == 23) {
      uuid += '-';
    }
  }
  return uuid;
}

}  // namespace

void CheckCollectionName(std::string_view name) {
  const auto refuse = [&](std::string_view why) {
    throw Failure(DSW_E_INVALID_REQUEST, "the collection name \"" +
                                             std::string(name.substr(0, kLongestName)) + "\" " +
                                             std::string(why) + "; choose another name");
  };
  if (name.empty()) refuse("is empty");
  if (name.size() > kLongestName) refuse("is longer than 255 bytes");
  for (const char c : name) {
    if (static_cast<unsigned char>(c) < 0x20) refuse("has a control character in it");
    if (std::string_view("<>:\"/\\|?*").find(c) != std::string_view::npos) {
      refuse(R"(has one of < > : " / \ | ? * in it, which Qdrant does not take)");
    }
  }
  // As a path these would mean another place.
  if (name == "." || name == "..") refuse("cannot stand in an address");
}

std::string CollectionPath(std::string_view name) {
  CheckCollectionName(name);
  return "/collections/" + PercentEncode(name);
}

std::string PointId::Json() const {
  return number ? std::to_string(*number) : '"' + uuid + '"';
}

PointId MakePointId(std::string_view id) {
  PointId made;
  made.number = AsNumber(id);
  if (made.number) return made;
  made.uuid = AsUuid(id);
  if (made.uuid.empty()) {
    boost::uuids::name_generator_sha1 generator(kNamespace);
    made.uuid = boost::uuids::to_string(generator(id.data(), id.size()));
    made.derived = true;
  }
  return made;
}

std::string WithOriginalId(std::string_view payload, std::string_view id) {
  const std::size_t end = payload.find_last_of('}');
  if (end == std::string_view::npos) return std::string(payload);
  std::string changed(payload.substr(0, end));
  const bool empty = changed.find_first_not_of(" \t\r\n{") == std::string::npos;
  changed += empty ? "\"original_id\":" : ",\"original_id\":";
  AppendJsonString(changed, id);
  changed += '}';
  return changed;
}

}  // namespace dsw::qdrant
