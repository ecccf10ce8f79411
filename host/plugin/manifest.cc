// SPDX-License-Identifier: Apache-2.0
#include "host/plugin/manifest.h"

#include <algorithm>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace dsw {
namespace {

using nlohmann::json;

/// Carries a fault of the manifest out of the recursive reading.
struct BadMember {
  std::string message;
};

const json& Member(const json& object, const char* name) {
  const auto found = object.find(name);
  if (found == object.end()) throw BadMember{fmt::format("\"{}\" is missing", name)};
  return *found;
}

std::string Text(const json& object, const char* name) {
  const json& value = Member(object, name);
  if (!value.is_string() || value.get_ref<const std::string&>().empty()) {
    throw BadMember{fmt::format("\"{}\" is not a string, or an empty one", name)};
  }
  return value.get<std::string>();
}

std::uint32_t Number(const json& value, std::string_view name) {
  if (!value.is_number_unsigned() || value.get<std::uint64_t>() > UINT32_MAX) {
    throw BadMember{fmt::format("\"{}\" is not a whole number", name)};
  }
  return value.get<std::uint32_t>();
}

std::uint32_t NumberOr0(const json& object, const char* name) {
  return object.contains(name) ? Number(object[name], name) : 0;
}

const json& Objects(const json& object, const char* name) {
  const json& array = Member(object, name);
  if (!array.is_array() ||
      !std::all_of(array.begin(), array.end(), [](const json& item) { return item.is_object(); })) {
    throw BadMember{fmt::format("\"{}\" is not an array of objects", name)};
  }
  return array;
}

ProviderReport ReadProvider(const json& object) {
  ProviderReport provider;
  const std::string kind = Text(object, "kind");
  if (kind != "embedder" && kind != "sink") {
    throw BadMember{fmt::format("unknown kind of provider \"{}\"", kind)};
  }
  provider.kind = kind == "sink" ? ProviderKind::kSink : ProviderKind::kEmbedder;
  provider.id = Text(object, "id");
  if (provider.id.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789._-") !=
      std::string::npos) {
    throw BadMember{
        fmt::format("the provider id \"{}\" has characters other than a-z 0-9 . _ -", provider.id)};
  }
  if (object.contains("models")) {
    for (const json& model : Objects(object, "models")) {
      provider.models.push_back({.id = Text(model, "id"),
                                 .dimensions = NumberOr0(model, "dimensions"),
                                 .max_input_tokens = NumberOr0(model, "max_input_tokens")});
    }
  }
  return provider;
}

std::vector<std::string> Needs(const json& document) {
  std::vector<std::string> needs;
  if (!document.contains("needs")) return needs;
  const json& array = document["needs"];
  if (!array.is_array()) throw BadMember{"\"needs\" is not an array"};
  for (const json& need : array) {
    if (need != "files" && need != "net") {
      throw BadMember{"\"needs\" has something else than \"files\" and \"net\""};
    }
    needs.push_back(need.get<std::string>());
  }
  return needs;
}

Manifest ReadManifest(const json& document) {
  Manifest manifest;
  const json& abi = Member(document, "abi");
  if (!abi.is_array() || abi.size() != 2) throw BadMember{"\"abi\" is not [major, minor]"};
  manifest.abi_major = Number(abi[0], "abi");
  manifest.abi_minor = Number(abi[1], "abi");
  manifest.host_min = NumberOr0(document, "host_min");
  manifest.id = Text(document, "id");
  manifest.version = Text(document, "version");
  manifest.vendor = Text(document, "vendor");
  manifest.license = Text(document, "license");
  manifest.needs = Needs(document);
  for (const json& object : Objects(document, "providers")) {
    ProviderReport provider = ReadProvider(object);
    for (const ProviderReport& other : manifest.providers) {
      if (other.kind == provider.kind && other.id == provider.id) {
        throw BadMember{fmt::format("it lists the provider \"{}\" twice", provider.id)};
      }
    }
    manifest.providers.push_back(std::move(provider));
  }
  if (manifest.providers.empty()) throw BadMember{"\"providers\" is empty"};
  return manifest;
}

}  // namespace

Result<Manifest> ParseManifest(std::string_view text) {
  const json document = json::parse(text, nullptr, false);
  if (!document.is_object()) {
    return Fail(Code::kInvalid, "its manifest is not a JSON object");
  }
  try {
    return ReadManifest(document);
  } catch (const BadMember& bad) {
    return Fail(Code::kInvalid, "its manifest is wrong: " + bad.message);
  }
}

}  // namespace dsw
