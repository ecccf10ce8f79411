// SPDX-License-Identifier: Apache-2.0
//
// The plugin as the worker uses it, against a double of Qdrant.
#pragma once

#include <chrono>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "host/base/log.h"
#include "host/http/curl_http_client.h"
#include "host/plugin/catalog.h"
#include "tests/doubles/qdrant/qdrant_double.h"
#include "tests/integration/plugin/load_modes.h"
#include "tests/integration/plugin/plugin_directory.h"
#include "tests/support/matchers.h"

namespace dsw {

/// Keeps warnings and information of plugins.
class KeptLog final : public LogBackend {
 public:
  KeptLog() { SetLogBackend(this); }
  ~KeptLog() override { SetLogBackend(nullptr); }

  bool Enabled(LogLevel level, std::string_view component) const override {
    return component == "plugin" && level >= LogLevel::kInfo;
  }
  void Write(LogLevel, std::string_view, std::string_view message,
             std::span<const LogField>) override {
    const std::lock_guard lock(mutex_);
    lines_.emplace_back(message);
  }
  /// Lines that hold `part`.
  std::vector<std::string> With(std::string_view part) const {
    const std::lock_guard lock(mutex_);
    std::vector<std::string> found;
    for (const std::string& line : lines_) {
      if (line.find(part) != std::string::npos) found.push_back(line);
    }
    return found;
  }

 private:
  mutable std::mutex mutex_;
  std::vector<std::string> lines_;  // Guarded by mutex_.
};

/// A worker's sink at `server`.
class OpenedSink {
 public:
  explicit OpenedSink(const nlohmann::json& settings, std::string_view key = "") {
    directory_.Add(SINK_QDRANT_SO);
    http_ = *CurlHttpClient::Create({});
    plugins_.emplace(std::array{directory_.path()}, LoadOptionsOfTest());
    CatalogOptions options;
    options.defaults["qdrant"] = settings.dump();
    options.sink = "qdrant";
    options.http = http_.get();
    if (!key.empty()) options.keys.emplace("qdrant", Secret(std::string(key)));
    catalog_.emplace(*plugins_, std::move(options));
    auto opened = catalog_->OpenSink({});
    EXPECT_OK(opened);
    if (opened) sink_ = *std::move(opened);
  }
  VectorSink* operator->() const { return sink_.get(); }
  LoadedCatalog& catalog() { return *catalog_; }

 private:
  PluginDirectory directory_;
  std::unique_ptr<CurlHttpClient> http_;
  std::optional<LoadedPlugins> plugins_;
  std::optional<LoadedCatalog> catalog_;
  std::shared_ptr<VectorSink> sink_;
};

inline CallContext Within(std::chrono::milliseconds time) {
  CallContext context;
  context.deadline = std::chrono::steady_clock::now() + time;
  return context;
}
inline CallContext Soon() {
  return Within(std::chrono::seconds(20));
}

inline std::string UuidOf(std::size_t i) {
  return fmt::format("00000000-0000-4000-8000-{:012x}", i);
}

/// Points `first` to `first + count`, with vectors that tell them apart.
inline Points MakePoints(std::size_t first, std::size_t count, std::size_t dimensions = 4,
                         std::string_view tag = "") {
  Points points;
  points.vectors = Matrix(count, dimensions);
  for (std::size_t i = 0; i < count; ++i) {
    for (std::size_t d = 0; d < dimensions; ++d) {
      points.vectors.data()[i * dimensions + d] =
          0.1F + 1.0F / static_cast<float>(1 + (first + i) * dimensions + d);
    }
    points.ids.push_back(UuidOf(first + i));
    points.payloads.push_back(
        fmt::format(R"({{"dataset_item_id":{},"tag":"{}"}})", first + i, tag));
  }
  return points;
}

inline Status Store(const OpenedSink& sink, const Points& points, const CallContext& context) {
  return sink->Upsert(context, "docs", points, 0, points.ids.size());
}

}  // namespace dsw
