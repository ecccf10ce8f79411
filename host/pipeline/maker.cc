// SPDX-License-Identifier: Apache-2.0
#include "host/pipeline/maker.h"

#include <algorithm>
#include <optional>
#include <vector>

#include <nlohmann/json.hpp>

#include "host/domain/point.h"
#include "host/ports/vector_sink.h"

namespace dsw {
namespace {

using nlohmann::json;

/// Where and with which key a service is called makes no difference to its vectors.
bool Decides(const std::string& key, const std::optional<std::vector<std::string>>& settings) {
  if (key == "base_url" || key == "api_key") return false;
  return !settings || std::find(settings->begin(), settings->end(), key) != settings->end();
}

std::string_view NameOf(Truncate truncate) {
  switch (truncate) {
    case Truncate::kNone:
      return "none";
    case Truncate::kStart:
      return "start";
    case Truncate::kEnd:
      return "end";
  }
  return "none";
}

}  // namespace

std::string MakerOf(const Embedder& embedder, const EmbedderConfig& config,
                    std::uint32_t dimensions) {
  json settings = json::object();
  const json own = json::parse(config.config_json, nullptr, false);
  const auto deciding = embedder.vector_settings();
  if (own.is_object()) {
    for (const auto& [key, value] : own.items()) {
      if (Decides(key, deciding)) settings[key] = value;
    }
  }
  json maker = {{"provider", embedder.provider()},
                {"model", config.model},
                {"dimensions", dimensions},
                {"input_type", "document"}};
  if (config.truncate != Truncate::kNone) {
    maker["truncate"] = NameOf(config.truncate);
    maker["max_input_tokens"] = config.max_input_tokens;
  }
  if (!settings.empty()) maker["settings"] = std::move(settings);
  const auto print = [&] { return maker.dump(-1, ' ', false, json::error_handler_t::replace); };
  std::string text = print();
  if (text.size() <= kMostMakerBytes) return text;
  const std::string hash = ChunkHash(text);
  maker["settings"] = hash;
  if (text = print(); text.size() <= kMostMakerBytes) return text;
  maker["model"] = hash;
  return print();
}

std::string ShortMaker(std::string_view maker) {
  return ChunkHash(maker).substr(0, 8);
}

}  // namespace dsw
