// SPDX-License-Identifier: Apache-2.0
#include "plugins/embed_internal/dialect.h"

#include <algorithm>
#include <limits>
#include <utility>

#include <nlohmann/json.hpp>

namespace dsw::self_hosted {
namespace {

using Json = nlohmann::json;

constexpr std::pair<std::string_view, Dialect> kNames[] = {
    {"fastembed", Dialect::kFastEmbed}, {"tei", Dialect::kTei},     {"ollama", Dialect::kOllama},
    {"openai", Dialect::kOpenAi},       {"embed", Dialect::kEmbed},
};

bool DropEnd(std::string_view& text, std::string_view end) {
  if (text.size() < end.size() || text.substr(text.size() - end.size()) != end) return false;
  text.remove_suffix(end.size());
  return true;
}

std::string Text(const Json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

/// 0 when it is not there, or no number that can be meant.
std::uint32_t Number(const Json& object, const char* key) {
  const auto found = object.find(key);
  if (found == object.end() || !found->is_number_unsigned()) return 0;
  const auto number = found->get<std::uint64_t>();
  return number <= std::numeric_limits<std::int32_t>::max() ? static_cast<std::uint32_t>(number)
                                                            : 0;
}

/// What remains of a model's name without its owner and how it was converted: that of
/// "Qdrant/all-MiniLM-L6-v2-onnx" and "sentence-transformers/all-MiniLM-L6-v2" is the same.
std::string BareName(std::string_view name) {
  const std::size_t slash = name.rfind('/');
  if (slash != name.npos) name.remove_prefix(slash + 1);
  std::string bare(name);
  std::transform(bare.begin(), bare.end(), bare.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  std::string_view rest = bare;
  DropEnd(rest, "-onnx");
  return std::string(rest);
}

std::optional<ServerFacts> ReadEmbedders(const Json& list, std::string_view wanted) {
  if (!list.is_array()) return std::nullopt;
  ServerFacts facts;
  const Json* exact = nullptr;
  std::vector<const Json*> alike;
  for (const Json& entry : list) {
    if (!entry.is_object()) return std::nullopt;
    const std::string id = Text(entry, "id");
    if (id.empty() || !entry.contains("dimensions")) return std::nullopt;
    facts.models.push_back(id);
    if (id == wanted) exact = &entry;
    if (BareName(id) == BareName(wanted)) alike.push_back(&entry);
  }
  if (exact == nullptr && alike.size() == 1) exact = alike.front();
  if (exact != nullptr) {
    facts.model = Text(*exact, "id");
    facts.dimensions = Number(*exact, "dimensions");
  }
  return facts;
}

std::optional<ServerFacts> ReadInfo(const Json& info) {
  if (!info.is_object() || !info.contains("model_id") || !info.contains("max_client_batch_size")) {
    return std::nullopt;
  }
  ServerFacts facts;
  facts.max_batch = Number(info, "max_client_batch_size");
  facts.max_tokens = Number(info, "max_input_length");
  facts.models.push_back(Text(info, "model_id"));
  // Each text of a request takes one of as many permits, or the request is refused.
  const std::uint32_t permits = Number(info, "max_concurrent_requests");
  if (permits != 0 && facts.max_batch != 0) {
    facts.max_concurrency = std::max(1u, permits / facts.max_batch);
  }
  return facts;
}

std::optional<ServerFacts> ReadModels(const Json& list, std::string_view wanted) {
  if (!list.is_object() || Text(list, "object") != "list") return std::nullopt;
  const auto data = list.find("data");
  if (data == list.end() || !data->is_array()) return std::nullopt;
  ServerFacts facts;
  for (const Json& entry : *data) {
    if (!entry.is_object()) continue;
    facts.models.push_back(Text(entry, "id"));
    if (Text(entry, "owned_by") == "vllm") facts.base64 = true;
    if (facts.models.back() == wanted) facts.max_tokens = Number(entry, "max_model_len");
  }
  return facts;
}

}  // namespace

std::string_view DialectName(Dialect dialect) {
  for (const auto& [name, own] : kNames) {
    if (own == dialect) return name;
  }
  return {};
}

std::optional<Dialect> DialectNamed(std::string_view name) {
  for (const auto& [own, dialect] : kNames) {
    if (own == name) return dialect;
  }
  return std::nullopt;
}

Address ReadAddress(std::string_view url) {
  Address address;
  const std::size_t query = std::min(url.find('?'), url.size());
  address.query = url.substr(query);
  std::string_view path = url.substr(0, query);
  while (DropEnd(path, "/")) {
  }
  if (DropEnd(path, "/api/embed/batch")) {
    address.dialect = Dialect::kFastEmbed;
  } else if (DropEnd(path, "/api/embed")) {
    address.dialect = Dialect::kOllama;
  } else if (DropEnd(path, "/v1/embeddings") || DropEnd(path, "/v1")) {
    address.dialect = Dialect::kOpenAi;
  } else if (DropEnd(path, "/embed")) {
    address.dialect = Dialect::kEmbed;
    address.maybe_tei = true;
  }
  address.root = path;
  return address;
}

std::string PostUrl(const Address& address, Dialect dialect) {
  const char* endpoint = "/embed";
  if (dialect == Dialect::kFastEmbed) endpoint = "/api/embed/batch";
  if (dialect == Dialect::kOllama) endpoint = "/api/embed";
  if (dialect == Dialect::kOpenAi) endpoint = "/v1/embeddings";
  return address.root + endpoint + address.query;
}

std::string ProbeUrl(const Address& address, Dialect dialect) {
  const char* endpoint = "/v1/models";
  if (dialect == Dialect::kFastEmbed) endpoint = "/api/embedders";
  if (dialect == Dialect::kTei) endpoint = "/info";
  if (dialect == Dialect::kOllama) endpoint = "/api/version";
  return address.root + endpoint + address.query;
}

std::optional<ServerFacts> ReadProbe(Dialect dialect, std::string_view body,
                                     std::string_view wanted_model) {
  const Json json = Json::parse(body, nullptr, /*allow_exceptions=*/false);
  std::optional<ServerFacts> facts;
  switch (dialect) {
    case Dialect::kFastEmbed:
      facts = ReadEmbedders(json, wanted_model);
      break;
    case Dialect::kTei:
      facts = ReadInfo(json);
      break;
    case Dialect::kOllama:
      if (json.is_object() && !Text(json, "version").empty()) facts.emplace();
      break;
    case Dialect::kOpenAi:
      facts = ReadModels(json, wanted_model);
      break;
    case Dialect::kEmbed:
      break;
  }
  if (facts && facts->model.empty()) facts->model = wanted_model;
  return facts;
}

DialectLimits LimitsOf(Dialect dialect) {
  switch (dialect) {
    case Dialect::kFastEmbed:
      // 2 MiB of JSON, in which texts are a little longer; a queue of 8 before one worker.
      return {128, 8, 1'900'000};
    case Dialect::kTei:
      return {32, 16, 1'800'000};
    case Dialect::kEmbed:
      return {100, 0, 0};
    case Dialect::kOllama:
    case Dialect::kOpenAi:
      break;
  }
  return {0, 0, 0};
}

}  // namespace dsw::self_hosted
