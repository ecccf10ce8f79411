// SPDX-License-Identifier: Apache-2.0
#include "host/domain/import_codec.h"

#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "host/domain/json_depth.h"

namespace dsw {
namespace {

using Json = nlohmann::ordered_json;

/// Parses, and looks for what the database cannot store.
Result<Json> ParseStorable(std::string_view line) {
  const char* unstorable = nullptr;
  const auto check = [&](int depth, Json::parse_event_t event, Json& value) {
    if (depth > kDeepestJson) unstorable = kNestedTooDeeply;
    if ((event == Json::parse_event_t::value || event == Json::parse_event_t::key) &&
        value.is_string() && value.get_ref<const std::string&>().find('\0') != std::string::npos) {
      unstorable = "contains the character U+0000, which the database cannot store";
    }
    return unstorable == nullptr;
  };
  try {
    Json json = Json::parse(line, check);
    if (unstorable != nullptr) return Fail(Code::kInvalid, unstorable);
    return json;
  } catch (const Json::parse_error& error) {
    // The message itself repeats the bytes, which may not be text.
    if (std::string_view(error.what()).find("UTF-8") != std::string_view::npos) {
      return Fail(Code::kInvalid, fmt::format("not UTF-8 at byte {}", error.byte));
    }
    return Fail(Code::kInvalid, fmt::format("not JSON at byte {}", error.byte));
  } catch (const Json::exception&) {
    return Fail(Code::kInvalid, "a number is out of range");
  }
}

/// Takes the string `key` out of `object`; empty when there is none.
Result<std::string> TakeString(Json& object, const char* key) {
  const auto found = object.find(key);
  if (found == object.end()) return std::string();
  if (!found->is_string()) {
    return Fail(Code::kInvalid, fmt::format("\"{}\" is not a string", key));
  }
  std::string value = std::move(found->get_ref<std::string&>());
  object.erase(found);
  return value;
}

/// Takes "metadata" out of `object` and puts what is left of it underneath.
Result<Json> TakeMetadata(Json& object) {
  Json metadata = Json::object();
  const auto found = object.find("metadata");
  if (found != object.end()) {
    if (!found->is_object() && !found->is_null()) {
      return Fail(Code::kInvalid, "\"metadata\" is not an object");
    }
    if (found->is_object()) metadata = std::move(*found);
    object.erase(found);
  }
  for (auto& [key, value] : object.items()) {
    if (!metadata.contains(key)) metadata[key] = std::move(value);
  }
  return metadata;
}

Result<ImportChunk> ReadChunk(Json& element) {
  ImportChunk chunk;
  if (element.is_string()) {
    chunk.text = std::move(element.get_ref<std::string&>());
  } else if (element.is_object()) {
    ASSIGN_OR_RETURN(chunk.text, TakeString(element, "text"));
    ASSIGN_OR_RETURN(const Json metadata, TakeMetadata(element));
    if (!metadata.empty()) chunk.metadata_json = metadata.dump();
  } else {
    return Fail(Code::kInvalid, "is neither a string nor an object");
  }
  if (chunk.text.empty()) return Fail(Code::kInvalid, "has no text");
  return chunk;
}

Result<std::vector<ImportChunk>> TakeChunks(Json& object) {
  std::vector<ImportChunk> chunks;
  const auto found = object.find("chunks");
  if (found == object.end()) {
    ASSIGN_OR_RETURN(std::string text, TakeString(object, "text"));
    if (text.empty()) {
      return Fail(Code::kInvalid, "no text: \"chunks\" or \"text\" is missing or empty");
    }
    chunks.push_back({.text = std::move(text), .metadata_json = {}});
    return chunks;
  }
  if (object.contains("text")) {
    return Fail(Code::kInvalid, "has both \"chunks\" and \"text\"; one of them is needed");
  }
  if (!found->is_array()) return Fail(Code::kInvalid, "\"chunks\" is not an array");
  if (found->empty()) return Fail(Code::kInvalid, "no text: \"chunks\" is empty");
  for (std::size_t i = 0; i < found->size(); ++i) {
    Result<ImportChunk> chunk = ReadChunk((*found)[i]);
    if (!chunk) {
      return Fail(Code::kInvalid, fmt::format("chunks[{}]: {}", i, chunk.error().message));
    }
    chunks.push_back(*std::move(chunk));
  }
  object.erase(found);
  return chunks;
}

}  // namespace

Result<ImportItem> ParseImportLine(std::string_view line) {
  ASSIGN_OR_RETURN(Json object, ParseStorable(line));
  if (!object.is_object()) return Fail(Code::kInvalid, "not a JSON object");
  ImportItem item;
  ASSIGN_OR_RETURN(item.title, TakeString(object, "title"));
  if (item.title.empty()) return Fail(Code::kInvalid, "\"title\" is missing or empty");
  ASSIGN_OR_RETURN(item.chunks, TakeChunks(object));
  ASSIGN_OR_RETURN(const Json metadata, TakeMetadata(object));
  item.metadata_json = metadata.dump();
  return item;
}

}  // namespace dsw
