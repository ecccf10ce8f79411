// SPDX-License-Identifier: Apache-2.0
#include "plugins/embed_common/common_config.h"

#include <algorithm>
#include <cstring>

#include <nlohmann/json.hpp>

#include <dsw/plugin.hpp>

#include "plugins/embed_common/base_url.h"

namespace dsw {
namespace {

using Json = nlohmann::json;

[[noreturn]] void Mistake(std::string_view provider, std::string_view pointer,
                          const std::string& what) {
  throw Failure(DSW_E_INVALID_CONFIG,
                std::string(provider).append(": ").append(pointer).append(": ") + what);
}

std::string Text(const Json& config, const char* key) {
  const auto found = config.find(key);
  return found != config.end() && found->is_string() ? found->get<std::string>() : std::string();
}

/// Sets `number` if there is such a key; the schema has seen to its range.
template <class Number>
void Override(const Json& config, const char* key, Number& number) {
  const auto found = config.find(key);
  if (found != config.end()) number = found->get<Number>();
}

bool SameName(std::string_view name, std::string_view other) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  return std::equal(name.begin(), name.end(), other.begin(), other.end(),
                    [&](char a, char b) { return lower(a) == lower(b); });
}

bool IsHeaderName(std::string_view name) {
  constexpr std::string_view kMarks = "!#$%&'*+-.^_`|~";
  return !name.empty() && std::all_of(name.begin(), name.end(), [&](char c) {
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
           kMarks.find(c) != kMarks.npos;
  });
}

bool IsHeaderValue(std::string_view value) {
  return std::all_of(value.begin(), value.end(), [](char c) {
    return c == '\t' || (static_cast<unsigned char>(c) >= 0x20 && c != 0x7f);
  });
}

bool Has(const CommonConfig& config, std::string_view name) {
  return std::any_of(config.headers.begin(), config.headers.end(),
                     [&](const HeaderField& header) { return SameName(header.name, name); });
}

/// Those that this code, the HTTP client or the connection sets.
bool IsOurs(std::string_view name) {
  constexpr std::string_view kOurs[] = {"accept",
                                        "accept-encoding",
                                        "connection",
                                        "content-encoding",
                                        "content-length",
                                        "content-type",
                                        "expect",
                                        "host",
                                        "te",
                                        "traceparent",
                                        "transfer-encoding",
                                        "upgrade",
                                        "user-agent"};
  return std::any_of(std::begin(kOurs), std::end(kOurs),
                     [&](std::string_view ours) { return SameName(name, ours); });
}

void ReadHeaders(const Json& config, std::string_view provider, bool has_key, CommonConfig& into) {
  const auto headers = config.find("headers");
  if (headers == config.end()) return;
  for (const auto& [name, value] : headers->items()) {
    const std::string pointer = "/headers/" + name.substr(0, 64);
    if (!IsHeaderName(name)) Mistake(provider, pointer, "not the name of a header");
    if (IsOurs(name)) Mistake(provider, pointer, "is set by the worker itself; remove it");
    if (has_key && SameName(name, "authorization")) {
      Mistake(provider, pointer, "is made from api_key; set one of the two");
    }
    if (Has(into, name)) Mistake(provider, pointer, "is there twice");
    const auto& text = value.get_ref<const std::string&>();
    if (!IsHeaderValue(text)) {
      Mistake(provider, pointer, "has a line break or another character that no header has");
    }
    into.headers.push_back({name, text});
  }
}

bool IsVendors(const ProviderDefaults& defaults, std::string_view url) {
  return (!defaults.base_url.empty() && SameHost(url, defaults.base_url)) ||
         (!defaults.other_url.empty() && SameHost(url, defaults.other_url));
}

void ReadKey(const Json& config, const ProviderDefaults& defaults, CommonConfig& into) {
  const std::string key = Text(config, "api_key");
  ReadHeaders(config, defaults.id, !key.empty(), into);
  if (!key.empty()) {
    if (!IsHeaderValue(key)) {
      Mistake(defaults.id, "/api_key", "has a line break or another character that no key has");
    }
    into.headers.push_back({"Authorization", "Bearer " + key});
    return;
  }
  if (!IsVendors(defaults, into.base_url) || Has(into, "authorization")) return;
  Mistake(defaults.id, "/api_key",
          "missing, and " + std::string(defaults.base_url) + " takes no request without one; set " +
              std::string(defaults.key_variable) +
              ", or the embedder's api_key_encrypted, or \"api_key\": \"env:NAME\" for another "
              "variable");
}

const dsw_model* FindModel(const ProviderDefaults& defaults, std::string_view name) {
  const auto* const end = defaults.models + defaults.model_count;
  const auto* const found = std::find_if(
      defaults.models, end, [&](const dsw_model* model) { return View(model->id) == name; });
  return found == end ? nullptr : *found;
}

void CheckSizes(const ProviderDefaults& defaults, const CommonConfig& config) {
  std::string sizes;
  for (std::size_t i = 0; i < defaults.size_count; ++i) {
    if (defaults.sizes[i] == config.dimensions) return;
    sizes += (i == 0 ? "" : ", ") + std::to_string(defaults.sizes[i]);
  }
  Mistake(defaults.id, "/dimensions",
          config.model + " has vectors of " + sizes + " floats, not " +
              std::to_string(config.dimensions));
}

void ReadDimensions(const Json& config, const ProviderDefaults& defaults, CommonConfig& into) {
  const std::string_view provider = defaults.id;
  Override(config, "dimensions", into.dimensions);
  if (into.dimensions == 0 || into.known == nullptr || into.known->dimensions == 0) return;
  const dsw_model& model = *into.known;
  if (model.min_dimensions == 0 && into.dimensions != model.dimensions) {
    Mistake(provider, "/dimensions",
            into.model + " has vectors of " + std::to_string(model.dimensions) +
                " floats and of no other size, not " + std::to_string(into.dimensions));
  }
  if (model.min_dimensions != 0 && defaults.size_count != 0) return CheckSizes(defaults, into);
  if (into.dimensions < model.min_dimensions || into.dimensions > model.dimensions) {
    Mistake(provider, "/dimensions",
            into.model + " has vectors of " + std::to_string(model.min_dimensions) + " to " +
                std::to_string(model.dimensions) + " floats, not " +
                std::to_string(into.dimensions));
  }
}

void ReadFacts(const Json& config, const ProviderDefaults& defaults, CommonConfig& into) {
  dsw_model_facts& facts = into.facts;
  facts = defaults.facts;
  facts.struct_size = sizeof facts;
  if (!IsVendors(defaults, into.base_url)) {
    facts.requests_per_minute = facts.inputs_per_minute = facts.max_concurrency = 0;
    facts.tokens_per_minute = 0;
  }
  if (into.known != nullptr) {
    const dsw_model& model = *into.known;
    facts.dimensions = model.dimensions;
    if (model.max_tokens != 0) facts.max_tokens = model.max_tokens;
    if (model.max_batch != 0) facts.max_batch = model.max_batch;
    if (model.max_request_tokens != 0) facts.max_request_tokens = model.max_request_tokens;
  }
  if (into.dimensions != 0) facts.dimensions = into.dimensions;
  Override(config, "max_input_tokens", facts.max_tokens);
  Override(config, "max_batch", facts.max_batch);
  Override(config, "max_request_tokens", facts.max_request_tokens);
  Override(config, "requests_per_minute", facts.requests_per_minute);
  Override(config, "inputs_per_minute", facts.inputs_per_minute);
  Override(config, "tokens_per_minute", facts.tokens_per_minute);
  Override(config, "max_concurrency", facts.max_concurrency);
}

}  // namespace

CommonConfig ReadCommonConfig(const Json& config, const ProviderDefaults& defaults) {
  CommonConfig result;
  result.model = Text(config, "model");
  if (result.model.empty()) Mistake(defaults.id, "/model", "missing; name the model");
  result.base_url = Text(config, "base_url");
  if (result.base_url.empty()) result.base_url = defaults.base_url;
  if (result.base_url.empty()) Mistake(defaults.id, "/base_url", "missing; name the server");
  result.url = EndpointUrl(defaults.id, result.base_url, defaults.endpoint);
  result.headers = {{"Content-Type", "application/json"}, {"Accept", "application/json"}};
  ReadKey(config, defaults, result);
  result.known = FindModel(defaults, result.model);
  ReadDimensions(config, defaults, result);
  ReadFacts(config, defaults, result);
  return result;
}

void AddHeader(CommonConfig& config, std::string_view provider, std::string_view pointer,
               std::string_view name, std::string_view value) {
  if (!IsHeaderValue(value)) {
    Mistake(provider, pointer, "has a line break or another character that no header has");
  }
  if (Has(config, name)) {
    Mistake(provider, pointer, "\"headers\" has " + std::string(name) + " too; set one of the two");
  }
  config.headers.push_back({std::string(name), std::string(value)});
}

std::uint32_t WantedDimensions(const CommonConfig& config, const dsw_embed_request& request) {
  const std::uint32_t wish = request.dimensions != 0 ? request.dimensions : config.dimensions;
  return config.known != nullptr && wish == config.known->dimensions ? 0 : wish;
}

std::uint32_t ExpectedDimensions(const CommonConfig& config, const dsw_embed_request& request) {
  return request.dimensions != 0 ? request.dimensions : config.facts.dimensions;
}

void PutFacts(const dsw_model_facts& facts, dsw_model_facts& out) {
  const std::size_t head = sizeof out.struct_size;
  const std::size_t size = std::min<std::size_t>(out.struct_size, sizeof facts);
  if (size <= head) return;
  std::memcpy(reinterpret_cast<char*>(&out) + head, reinterpret_cast<const char*>(&facts) + head,
              size - head);
}

}  // namespace dsw
