// SPDX-License-Identifier: Apache-2.0
#include "host/domain/point.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include <boost/uuid/name_generator_sha1.hpp>
#include <boost/uuid/uuid.hpp>
#include <boost/uuid/uuid_io.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <openssl/evp.h>

namespace dsw {
namespace {

using Json = nlohmann::ordered_json;

Json ObjectOrEmpty(const std::string& text) {
  Json json = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  return json.is_object() ? json : Json::object();
}

std::string Dump(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

/// `text` as a JSON string. Plain text, the common case, is copied as it is.
std::string DumpText(const std::string& text) {
  const auto plain = [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte >= 0x20 && byte < 0x80 && c != '"' && c != '\\';
  };
  if (!std::all_of(text.begin(), text.end(), plain)) return Dump(Json(text));
  return '"' + text + '"';
}

/// Takes `key` out of `object` and returns its value; null where it is absent.
std::string Lift(Json& object, const char* key) {
  const auto found = object.find(key);
  if (found == object.end()) return "null";
  std::string value = Dump(*found);
  object.erase(key);
  return value;
}

void AddMember(std::string& json, std::string_view key, std::string_view value) {
  json += json.empty() ? "{\"" : ",\"";
  json += key;
  json += "\":";
  json += value;
}

}  // namespace

struct PayloadWriter::ItemParts {
  explicit ItemParts(const Item& item)
      : id(std::to_string(item.item_id)),
        title(DumpText(item.title)),
        rest(ObjectOrEmpty(item.metadata_json)) {
    metadata_text = Dump(rest);
    source_file = Lift(rest, "source_file");
    author = Lift(rest, "author");
    rest_text = Dump(rest);
  }

  // All but `rest` are JSON text.
  std::string id;
  std::string title;
  Json rest;  ///< The metadata without what stands beside it.
  std::string metadata_text;
  std::string source_file;
  std::string author;
  std::string rest_text;
};

PayloadWriter::PayloadWriter(PayloadStyle style, const PointOrigin& origin)
    : style_(style), origin_(origin) {}

PayloadWriter::~PayloadWriter() = default;

std::string PayloadWriter::Write(const Chunk& chunk, bool truncated) {
  if (item_ != chunk.item) {
    parts_ = std::make_unique<ItemParts>(*chunk.item);
    item_ = chunk.item;
  }
  const Json chunk_metadata = ObjectOrEmpty(chunk.metadata_json);

  std::string json;
  json.reserve(chunk.text.size() + parts_->metadata_text.size() + 256);
  if (style_ != PayloadStyle::kSpec) {
    AddMember(json, "item_id", parts_->id);
    AddMember(json, "item_title", parts_->title);
    AddMember(json, "item_metadata", parts_->metadata_text);
    AddMember(json, "chunk_metadata", Dump(chunk_metadata));
  }
  if (style_ != PayloadStyle::kOriginal) AddMember(json, "dataset_item_id", parts_->id);
  AddMember(json, "chunk_index", std::to_string(chunk.index));
  AddMember(json, "text", DumpText(chunk.text));
  if (style_ != PayloadStyle::kOriginal) {
    AddMember(json, "source_file", parts_->source_file);
    AddMember(json, "author", parts_->author);
    AddMember(json, "title", parts_->title);
    if (chunk_metadata.empty()) {
      AddMember(json, "custom_metadata", parts_->rest_text);
    } else {
      Json merged = parts_->rest;
      merged.update(chunk_metadata);
      AddMember(json, "custom_metadata", Dump(merged));
    }
  }
  if (truncated) AddMember(json, "truncated", "true");
  AddMember(json, kStampKey,
            fmt::format(R"({{"ed":{},"h":"{}","m":{},"t":{}}})", origin_.embedded_dataset_id,
                        ChunkHash(chunk.text), DumpText(origin_.maker), origin_.token));
  json += '}';
  return json;
}

std::string ChunkHash(std::string_view text) {
  // Looked up once: that takes longer than to hash a text. Not for security, so that a machine
  // that allows only FIPS algorithms may do it.
  static EVP_MD* const md5 = EVP_MD_fetch(nullptr, "MD5", "-fips");
  constexpr std::size_t kBytes = 8;
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  EVP_Digest(text.data(), text.size(), digest.data(), nullptr, md5, nullptr);
  std::string hash;
  hash.reserve(2 * kBytes);
  for (std::size_t i = 0; i < kBytes; ++i) {
    constexpr char kDigits[] = "0123456789abcdef";
    hash += kDigits[digest[i] >> 4];
    hash += kDigits[digest[i] & 15u];
  }
  return hash;
}

std::string PointId(std::int64_t embedded_dataset_id, const ChunkPosition& position) {
  static const boost::uuids::name_generator_sha1 generator(boost::uuids::ns::dns());
  return boost::uuids::to_string(generator(fmt::format(
      "ed-{}-item-{}-chunk-{}", embedded_dataset_id, position.item_id, position.index)));
}

}  // namespace dsw
