// SPDX-License-Identifier: Apache-2.0
#include "tests/integration/providers/provider_fixture.h"

#include <array>
#include <cstdlib>
#include <stdexcept>
#include <utility>

#include "host/http/curl_http_client.h"
#include "host/plugin/catalog.h"
#include "tests/doubles/vectors.h"
#include "tests/integration/plugin/load_modes.h"
#include "tests/integration/plugin/plugin_directory.h"

namespace dsw {
namespace {

/// The plugins, loaded once per program as in the worker.
struct Host {
  Host() : plugins(Load()), http(*CurlHttpClient::Create({})) {
    CatalogOptions options;
    options.resolve_key = [](const Secret& reference) -> Result<Secret> { return reference; };
    options.http = http.get();
    catalog = std::make_unique<LoadedCatalog>(*plugins, std::move(options));
  }

  std::unique_ptr<LoadedPlugins> Load() const {
    for (const char* name : {"cohere", "internal", "jina", "openai", "voyage"}) {
      directory.Add(std::filesystem::path(PLUGIN_DIR) / ("embed_" + std::string(name) + ".so"));
    }
    auto loaded =
        std::make_unique<LoadedPlugins>(std::array{directory.path()}, LoadOptionsOfTest());
    for (const PluginReport& report : loaded->files()) {
      if (!report.loaded) throw std::runtime_error(report.file + ": " + report.reason);
    }
    return loaded;
  }

  PluginDirectory directory;
  std::unique_ptr<LoadedPlugins> plugins;
  std::unique_ptr<CurlHttpClient> http;
  std::unique_ptr<LoadedCatalog> catalog;
};

Host& TheHost() {
  static Host host;
  return host;
}

std::vector<Pairing> MakePairings() {
  constexpr char kBge[] = "BAAI/bge-small-en-v1.5";
  std::vector<Pairing> all = {
      {"OpenAi", "openai", "openai", "text-embedding-3-small", 1536},
      {"CohereV1", "cohere", "cohere", "embed-english-v3.0", 1024},
      {"CohereV2", "cohere", "cohere", "embed-v4.0", 1536, R"({"api_version":"v2"})"},
      {"Jina", "jina", "jina", "jina-embeddings-v3", 1024},
      {"Voyage", "voyage", "voyage", "voyage-3.5", 1024},
      {"InternalFastEmbed", "fastembed", "internal", kBge, 384},
      {"InternalTei", "tei", "internal", kBge, 384},
      {"InternalOllama", "ollama", "internal", "nomic-embed-text", 768},
      {"InternalOpenAi", "openai", "internal", "text-embedding-3-small", 1536},
      {"InternalEmbed", "embed", "internal", kBge, 384},
  };
  for (Pairing& pairing : all) {
    pairing.has_index =
        pairing.service == "openai" || pairing.service == "jina" || pairing.service == "voyage";
    pairing.counts_tokens =
        pairing.service != "fastembed" && pairing.service != "tei" && pairing.service != "embed";
    pairing.dims_known = pairing.name != "InternalOllama" && pairing.name != "InternalOpenAi";
  }
  return all;
}

}  // namespace

void PrintTo(const Pairing& pairing, std::ostream* out) {
  *out << pairing.name;
}

const std::vector<Pairing>& AllPairings() {
  static const std::vector<Pairing> all = MakePairings();
  return all;
}

const Pairing& PairingNamed(std::string_view name) {
  for (const Pairing& pairing : AllPairings()) {
    if (pairing.name == name) return pairing;
  }
  throw std::invalid_argument("no pairing " + std::string(name));
}

void ProviderTest::Start(const Pairing& pairing, doubles::Options options,
                         const std::string& config_json) {
  pairing_ = &pairing;
  if (options.key.empty()) options.key = kKey;
  doubles::DoubleOptions where;
  if (const char* capture = std::getenv("DSW_CAPTURE")) where.capture = capture;
  service_ = std::make_unique<doubles::Double>(pairing.service, options, where);
  config_ = {};
  config_.provider = pairing.provider;
  config_.model = pairing.model;
  config_.base_url = service_->Url();
  config_.api_key = Secret(kKey);
  config_.config_json = config_json.empty() ? pairing.config_json : config_json;
  auto opened = Open(config_);
  if (!opened) throw std::runtime_error(opened.error().message);
  embedder_ = *std::move(opened);
}

Result<std::shared_ptr<Embedder>> ProviderTest::Open(const EmbedderConfig& config) {
  return TheHost().catalog->OpenEmbedder(config);
}

Result<Vectors> ProviderTest::Embed(const std::vector<std::string>& texts, InputType type) {
  const std::vector<std::string_view> views(texts.begin(), texts.end());
  CallContext context;
  context.deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  return embedder_->Embed(context, views, type);
}

void ProviderTest::ExpectVectors(const Result<Vectors>& vectors,
                                 const std::vector<std::string>& texts) const {
  ASSERT_OK(vectors);
  ASSERT_EQ(vectors->matrix.rows(), texts.size());
  ASSERT_EQ(vectors->matrix.dimensions(), pairing_->dims);
  for (std::size_t i = 0; i < texts.size(); ++i) {
    const std::span<const float> row = vectors->matrix.row(i);
    EXPECT_EQ(std::vector<float>(row.begin(), row.end()),
              doubles::VectorOf(pairing_->model, texts[i], pairing_->dims))
        << "text " << i;
  }
}

}  // namespace dsw
