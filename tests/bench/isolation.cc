// SPDX-License-Identifier: Apache-2.0
//
// What it costs to have a plugin in a process of its own: one call with 100 texts of 900 bytes,
// whose vectors have 1536 dimensions, through everything that the worker puts around a plugin.
#include <array>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include <benchmark/benchmark.h>

#include "host/plugin/catalog.h"
#include "tests/integration/plugin/plugin_directory.h"

namespace dsw {
namespace {

constexpr std::size_t kTexts = 100;

void Embed(benchmark::State& state, Isolation isolation) {
  const PluginDirectory directory;
  directory.Add(EMBED_TEST_SO);
  LoadOptions options;
  options.isolation = isolation;
  options.runner = PLUGIN_RUNNER;
  const LoadedPlugins plugins = directory.Load(options);
  LoadedCatalog catalog(plugins, {});
  EmbedderConfig config;
  config.provider = "test";
  config.model = "hash-1536";
  const auto embedder = catalog.OpenEmbedder(config);
  if (!embedder) throw std::runtime_error(embedder.error().message);
  const std::vector<std::string> texts(kTexts, std::string(900, 'x'));
  const std::vector<std::string_view> views(texts.begin(), texts.end());
  for (auto _ : state) {
    auto vectors = (*embedder)->Embed({}, views, InputType::kDocument);
    if (!vectors) throw std::runtime_error(vectors.error().message);
    benchmark::DoNotOptimize(vectors->matrix.data());
  }
}

void EmbedInProcess(benchmark::State& state) {
  Embed(state, Isolation::kNone);
}
BENCHMARK(EmbedInProcess)->Unit(benchmark::kMicrosecond)->UseRealTime();

void EmbedIsolated(benchmark::State& state) {
  Embed(state, Isolation::kAll);
}
BENCHMARK(EmbedIsolated)->Unit(benchmark::kMicrosecond)->UseRealTime();

}  // namespace
}  // namespace dsw
