// SPDX-License-Identifier: Apache-2.0
#include "host/plugin/catalog.h"

#include <cmath>

#include "host/base/log.h"
#include "tests/integration/plugin/load_modes.h"
#include "tests/integration/plugin/plugin_directory.h"
#include "tests/support/matchers.h"

namespace dsw {
namespace {

class CatalogTest : public testing::TestWithParam<Isolation> {
 protected:
  CatalogTest() {
    directory_.Add(EMBED_TEST_SO);
    options_.aliases = {{"internal", "test"}};
    options_.sink = "sqlite";
  }

  LoadedCatalog& catalog() {
    if (!catalog_) {
      plugins_.emplace(std::array{directory_.path()}, OptionsFor(GetParam()));
      catalog_.emplace(*plugins_, options_);
    }
    return *catalog_;
  }

  static EmbedderConfig Config(std::string model, std::string config_json = "") {
    EmbedderConfig config;
    config.embedder_id = 12;
    config.provider = "test";
    config.model = std::move(model);
    config.config_json = std::move(config_json);
    return config;
  }

  const PluginDirectory directory_;
  CatalogOptions options_;
  std::optional<LoadedPlugins> plugins_;
  std::optional<LoadedCatalog> catalog_;
};

TEST_P(CatalogTest, EmbedsWithALoadedPlugin) {
  ASSERT_OK_AND_ASSIGN(const auto embedder, catalog().OpenEmbedder(Config("hash-24")));
  EXPECT_EQ(embedder->provider(), "test");
  ASSERT_OK_AND_ASSIGN(const ModelFacts facts, embedder->Describe({}));
  EXPECT_EQ(facts.dimensions, 24u);
  const std::vector<std::string_view> texts{"a text", "another", "a text"};
  ASSERT_OK_AND_ASSIGN(const Vectors vectors, embedder->Embed({}, texts, InputType::kDocument));
  ASSERT_EQ(vectors.matrix.rows(), 3u);
  EXPECT_EQ(vectors.tokens, 5);
  double squares = 0;
  for (const float value : vectors.matrix.row(0)) squares += double{value} * value;
  EXPECT_NEAR(squares, 1, 1e-6);
  EXPECT_TRUE(std::ranges::equal(vectors.matrix.row(0), vectors.matrix.row(2)));
  EXPECT_FALSE(std::ranges::equal(vectors.matrix.row(0), vectors.matrix.row(1)));
}

TEST_P(CatalogTest, SharesInstancesOfOneConfiguration) {
  ASSERT_OK_AND_ASSIGN(const auto one, catalog().OpenEmbedder(
                                           Config("hash-8", R"({"max_batch":5,"max_tokens":9})")));
  ASSERT_OK_AND_ASSIGN(const auto same, catalog().OpenEmbedder(Config(
                                            "hash-8", R"({"max_tokens":9, "max_batch":5})")));
  ASSERT_OK_AND_ASSIGN(const auto other, catalog().OpenEmbedder(Config("hash-8")));
  EXPECT_EQ(one, same);
  EXPECT_NE(one, other);
}

TEST_P(CatalogTest, KeepsIdleInstancesUpToALimit) {
  const int most = static_cast<int>(LoadedCatalog::kIdleInstances);
  ASSERT_OK_AND_ASSIGN(const auto used, catalog().OpenEmbedder(Config("hash-1000")));
  for (int i = 1; i <= most + 5; ++i) {
    ASSERT_OK(catalog().OpenEmbedder(Config("hash-" + std::to_string(i))));
  }
  EXPECT_EQ(plugins_->providers().at(0)->plugin->instances.load(), most + 1)
      << "the one in use does not count";
  ASSERT_OK_AND_ASSIGN(const auto again, catalog().OpenEmbedder(Config("hash-1000")));
  EXPECT_EQ(again, used);
}

TEST_P(CatalogTest, DropsTheInstancesThatWereOpenedLongestAgo) {
  const int most = static_cast<int>(LoadedCatalog::kIdleInstances);
  std::vector<std::weak_ptr<Embedder>> opened;
  for (int i = 1; i <= most; ++i) {
    ASSERT_OK_AND_ASSIGN(const auto embedder,
                         catalog().OpenEmbedder(Config("hash-" + std::to_string(i))));
    opened.push_back(embedder);
  }
  ASSERT_OK(catalog().OpenEmbedder(Config("hash-1")));
  ASSERT_OK(catalog().OpenEmbedder(Config("hash-999")));
  EXPECT_FALSE(opened[0].expired());
  EXPECT_TRUE(opened[1].expired());
  EXPECT_FALSE(opened[2].expired());
}

TEST_P(CatalogTest, LaysTheRowOverTheWorkersSettings) {
  options_.defaults["test"] = R"({"max_batch": 7, "max_tokens": 3})";
  ASSERT_OK_AND_ASSIGN(const auto embedder,
                       catalog().OpenEmbedder(Config("hash-8", R"({"max_tokens": 4})")));
  ASSERT_OK_AND_ASSIGN(const ModelFacts facts, embedder->Describe({}));
  EXPECT_EQ(facts.max_batch, 7u);
  EXPECT_EQ(facts.max_tokens, 4u);
}

TEST_P(CatalogTest, ServesAnAliasWithoutTheAddressOfWhatItReplaces) {
  EmbedderConfig config = Config("hash-8");
  config.provider = "internal";
  config.base_url = "http://inference:8090";
  ASSERT_OK_AND_ASSIGN(const auto alias, catalog().OpenEmbedder(config));
  ASSERT_OK_AND_ASSIGN(const auto direct, catalog().OpenEmbedder(Config("hash-8")));
  EXPECT_EQ(alias, direct);
  config.provider = "test";
  ASSERT_OK_AND_ASSIGN(const auto with_address, catalog().OpenEmbedder(config));
  EXPECT_NE(with_address, direct);
}

TEST_P(CatalogTest, PassesOnWhatThePluginSaysAboutAConfiguration) {
  EXPECT_FAIL(catalog().OpenEmbedder(Config("hash-8", R"({"colour": "blue"})")), Code::kInvalid,
              "test: /colour: unknown key");
  EXPECT_FAIL(catalog().OpenEmbedder(Config("hash-8", "[]")), Code::kInvalid,
              "the configuration of embedder 12 (\"test\") is not a JSON object");
}

TEST_P(CatalogTest, SaysThatAModelIsUnknown) {
  ASSERT_OK_AND_ASSIGN(const auto embedder, catalog().OpenEmbedder(Config("gpt-9")));
  EXPECT_FAIL(embedder->Describe({}), Code::kNotFound, "unknown model \"gpt-9\"");
}

TEST_P(CatalogTest, ListsWhatThereIsForAnUnknownProvider) {
  WriteFile(directory_.path() / "embed_acme.so", "truncated");
  WriteFile(directory_.path() / "sink_other.so", "truncated");
  EmbedderConfig config = Config("large");
  config.provider = "acme";
  const auto embedder = catalog().OpenEmbedder(config);
  EXPECT_FAIL(embedder, Code::kNotFound,
              "no loaded plugin has the embedder \"acme\"; there is: test");
  EXPECT_FAIL(embedder, Code::kNotFound, "/embed_acme.so was refused: is not an ELF file");
  EXPECT_THAT(embedder.error().message, testing::Not(testing::HasSubstr("sink_other.so")));
}

TEST_P(CatalogTest, SaysThatTheConfiguredSinkIsMissing) {
  EXPECT_FAIL(catalog().OpenSink({}), Code::kNotFound,
              "no loaded plugin has the sink \"sqlite\"; there is: none");
}

TEST_P(CatalogTest, CanBeShutDownInOrder) {
  std::shared_ptr<Embedder> held;
  { ASSERT_OK_AND_ASSIGN(held, catalog().OpenEmbedder(Config("hash-8"))); }
  const std::shared_ptr<LoadedPlugin> plugin = plugins_->providers().at(0)->plugin;
  catalog_.reset();
  EXPECT_EQ(plugin->instances.load(), 1);
  held.reset();
  EXPECT_EQ(plugin->instances.load(), 0);
  plugins_->Shutdown();
  EXPECT_EQ(plugins_->Find(ProviderKind::kEmbedder, "test"), nullptr);
}

INSTANTIATE_TEST_SUITE_P(Modes, CatalogTest, BothModes(), ModeOf);

}  // namespace
}  // namespace dsw
