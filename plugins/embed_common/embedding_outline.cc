// SPDX-License-Identifier: Apache-2.0
#include "plugins/embed_common/embedding_outline.h"

#include <string>

#include <simdjson.h>

#include <dsw/plugin.hpp>

#include "plugins/embed_common/upstream_error.h"

namespace dsw {
namespace {

namespace od = simdjson::ondemand;

static_assert(DSW_HTTP_BODY_PADDING >= simdjson::SIMDJSON_PADDING);

[[noreturn]] void Bad(const std::string& what) {
  throw Failure(DSW_E_BAD_RESPONSE, what);
}

std::string_view Trim(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r\n";
  const std::size_t first = text.find_first_not_of(kSpace);
  if (first == text.npos) return {};
  return text.substr(first, text.find_last_not_of(kSpace) - first + 1);
}

/// The beginning of `text`, for a person.
std::string Excerpt(std::string_view text) {
  constexpr std::size_t kLongest = 80;
  std::string line(text.substr(0, kLongest));
  for (char& c : line) {
    if (static_cast<unsigned char>(c) < 0x20) c = ' ';
  }
  return line + (text.size() > kLongest ? "…" : "");
}

/// -1 for what is not a count; a mistake in these does not spoil the vectors.
std::int64_t Count(od::value value) {
  double number = -1;
  if (value.get(number) != simdjson::SUCCESS || !(number >= 0 && number < 1e15)) return -1;
  return static_cast<std::int64_t>(number);
}

/// The one list in a list, as of servers that answer with a list of vectors per text.
std::string_view Unwrap(std::string_view list) {
  const std::string_view inner = Trim(list.substr(1, list.size() - 2));
  if (inner.empty() || inner.front() != '[') return list;
  if (inner.find(']') != inner.size() - 1) Bad("a text has several vectors; ask for one per text");
  return inner;
}

std::string_view VectorText(od::value value);

/// The vector in {"float": […]}, {"base64": "…"} and the like.
std::string_view VectorOfType(od::object types) {
  std::string_view text;
  for (auto field : types) {
    const std::string_view key = field.unescaped_key();
    if (key != "float" && key != "base64") continue;
    od::value value = field.value();
    const od::json_type type = value.type();
    if (type == od::json_type::array || type == od::json_type::string) text = VectorText(value);
  }
  return text;
}

/// Empty for null and what cannot be a vector.
std::string_view VectorText(od::value value) {
  switch (value.type()) {
    case od::json_type::array: {
      od::array list = value.get_array();
      return Unwrap(Trim(list.raw_json()));
    }
    case od::json_type::string:
      return Trim(value.raw_json_token());
    case od::json_type::object:
      return VectorOfType(value.get_object());
    default:
      return {};
  }
}

EmbeddingSlice ReadItem(od::value item) {
  if (item.type() != od::json_type::object) return {VectorText(item), -1};
  EmbeddingSlice slice;
  for (auto field : item.get_object()) {
    const std::string_view key = field.unescaped_key();
    if (key == "index") {
      slice.index = Count(field.value());
    } else if (key == "embedding" || key == "embeddings" || key == "float" || key == "base64") {
      const std::string_view text = VectorText(field.value());
      if (!text.empty()) slice.json = text;
    }
  }
  return slice;
}

void ReadItems(od::array items, EmbeddingOutline& outline) {
  outline.vectors.clear();
  for (auto item : items) outline.vectors.push_back(ReadItem(item.value()));
}

/// "embeddings" and "data": a list, or an object of lists by type.
bool ReadList(od::value value, EmbeddingOutline& outline) {
  const od::json_type type = value.type();
  if (type == od::json_type::array) {
    ReadItems(value.get_array(), outline);
    return true;
  }
  if (type != od::json_type::object) return false;
  bool found = false;
  for (auto field : value.get_object()) {
    const std::string_view key = field.unescaped_key();
    if (key != "float" && key != "base64" && key != "embeddings") continue;
    od::value list = field.value();
    if (list.type() != od::json_type::array) continue;
    ReadItems(list.get_array(), outline);
    found = true;
  }
  return found;
}

void ReadUsage(od::value usage, EmbeddingOutline& outline) {
  if (usage.type() != od::json_type::object) return;
  for (auto field : usage.get_object()) {
    const std::string_view key = field.unescaped_key();
    if (key == "prompt_tokens" || key == "input_tokens") {
      outline.prompt_tokens = Count(field.value());
    } else if (key == "total_tokens") {
      outline.total_tokens = Count(field.value());
    }
  }
}

void ReadMeta(od::value meta, EmbeddingOutline& outline) {
  if (meta.type() != od::json_type::object) return;
  for (auto field : meta.get_object()) {
    const std::string_view key = field.unescaped_key();
    if (key == "billed_units") ReadUsage(field.value(), outline);
  }
}

void ReadObject(od::object answer, std::string_view body, EmbeddingOutline& outline) {
  bool found = false;
  std::string members;
  for (auto field : answer) {
    const std::string_view key = field.unescaped_key();
    if (members.size() < 200) members.append(members.empty() ? "" : ", ").append(Excerpt(key));
    if (key == "data" || key == "embeddings") {
      found = ReadList(field.value(), outline) || found;
    } else if (key == "embedding") {
      outline.vectors.assign(1, {VectorText(field.value()), -1});
      found = true;
    } else if (key == "usage") {
      ReadUsage(field.value(), outline);
    } else if (key == "meta") {
      ReadMeta(field.value(), outline);
    } else if (key == "prompt_eval_count") {
      outline.prompt_tokens = Count(field.value());
    }
  }
  if (found) return;
  const UpstreamError error = ParseUpstreamError(200, body);
  if (!error.message.empty()) Bad("an error instead of vectors: " + error.message);
  Bad("no vectors in the answer, an object of " + (members.empty() ? "nothing" : members));
}

}  // namespace

EmbeddingOutline OutlineEmbeddings(std::string_view body) {
  const std::string_view text = Trim(body);
  EmbeddingOutline outline;
  if (text.empty()) Bad("the answer is empty");
  if (text.front() != '{' && text.front() != '[') {
    Bad("the answer is not JSON; it begins: " + Excerpt(text));
  }
  if (text.front() == '[') {
    const std::string_view first = Trim(text.substr(1));
    if (!first.empty() && first.front() != '[' && first.front() != '{' && first.front() != '"' &&
        first.front() != ']') {
      outline.vectors.push_back({text, -1});
      return outline;
    }
  }
  try {
    od::parser parser;
    od::document document =
        parser.iterate(text.data(), text.size(), text.size() + simdjson::SIMDJSON_PADDING);
    if (text.front() == '[') {
      ReadItems(document.get_array(), outline);
    } else {
      ReadObject(document.get_object(), text, outline);
    }
    if (document.current_location().error() != simdjson::OUT_OF_BOUNDS) {
      Bad("the answer goes on behind its JSON");
    }
  } catch (const simdjson::simdjson_error& error) {
    Bad("the answer is not the JSON of an embedding service (" + std::string(error.what()) +
        "); it begins: " + Excerpt(text));
  }
  return outline;
}

}  // namespace dsw
