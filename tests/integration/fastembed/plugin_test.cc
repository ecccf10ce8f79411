// SPDX-License-Identifier: Apache-2.0
//
// The plugin as the worker uses it, through its entry function, with a real model.
#include <atomic>
#include <thread>

#include <dlfcn.h>
#include <gtest/gtest.h>

#include "plugins/embed_fastembed/tokenizer_files.h"
#include "tests/unit/plugins/embed_fastembed/support.h"

namespace dsw::fastembed {
namespace {

namespace fs = std::filesystem;

constexpr const char* kMiniLm = "sentence-transformers/all-MiniLM-L6-v2";

class FastEmbedPluginTest : public testing::Test {
 protected:
  void SetUp() override {
    void* library = dlopen(DSW_TEST_PLUGIN, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
    ASSERT_NE(library, nullptr) << dlerror();
    const auto entry = reinterpret_cast<dsw_plugin_entry_fn>(dlsym(library, DSW_ENTRY_SYMBOL));
    ASSERT_NE(entry, nullptr);
    ASSERT_EQ(entry(&FakeHost(), &plugin_, nullptr), DSW_OK);
    ASSERT_EQ(plugin_->provider_count, 1u);
    provider_ = plugin_->providers[0];

    ASSERT_TRUE(fs::exists(fs::path(DSW_TEST_MODEL_DIR) / kMiniLm / "model.onnx"))
        << "no model in " << DSW_TEST_MODEL_DIR << "; run packaging/lib/fetch-model.sh";
    const std::string config = nlohmann::json{
        {"model", kMiniLm},
        {"model_dir", DSW_TEST_MODEL_DIR},
        {"threads", 2},
        {"onnxruntime_lib",
         kOnnxRuntime.string()}}.dump();
    dsw_instance_params params{};
    params.struct_size = sizeof params;
    params.host = &FakeHost();
    params.instance_id = DSW_STR("test");
    params.config_json = Str(config);
    ASSERT_EQ(provider_->create(nullptr, &params, &instance_, &error_), DSW_OK) << error_.message;
  }
  void TearDown() override {
    if (instance_ != nullptr) provider_->destroy(instance_);
    if (plugin_ != nullptr) plugin_->shutdown(nullptr);
  }

  Received Embed(const std::vector<std::string>& texts) {
    Received received;
    const std::vector<dsw_str> views = Views(texts);
    const dsw_embed_request request = MakeRequest(views);
    const dsw_embed_out out = received.Out();
    const dsw_call call = MakeCall();
    dsw_error error{};
    error.struct_size = sizeof error;
    EXPECT_EQ(provider_->embedder->embed(instance_, &call, &request, &out, &error), DSW_OK)
        << error.message;
    return received;
  }

  const dsw_plugin* plugin_ = nullptr;
  const dsw_provider* provider_ = nullptr;
  void* instance_ = nullptr;
  dsw_error error_ = [] {
    dsw_error error{};
    error.struct_size = sizeof error;
    return error;
  }();
};

TEST_F(FastEmbedPluginTest, AgreesWithTheReferenceOnARealModelFromSeveralThreads) {
  const Golden golden = ReadGolden(kData / "all-MiniLM-L6-v2" / "golden.json");
  // Uneven batches, so that texts meet other neighbours than in any other run.
  constexpr std::size_t kBatch = 11;
  std::vector<Received> batches((golden.rows.size() + kBatch - 1) / kBatch);
  std::atomic<std::size_t> next{0};
  const auto work = [&] {
    for (std::size_t b = next++; b < batches.size(); b = next++) {
      std::vector<std::string> texts;
      for (std::size_t i = b * kBatch; i < std::min(golden.rows.size(), (b + 1) * kBatch); ++i) {
        texts.push_back(golden.rows[i].text);
      }
      batches[b] = Embed(texts);
    }
  };
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) threads.emplace_back(work);
  for (std::thread& thread : threads) thread.join();

  for (std::size_t i = 0; i < golden.rows.size(); ++i) {
    const GoldenRow& row = golden.rows[i];
    const Received& batch = batches[i / kBatch];
    ASSERT_EQ(batch.dimensions, 384u);
    EXPECT_GE(Cosine(batch.row(i % kBatch), row.vector), 0.9999) << row.text;
    EXPECT_EQ(batch.truncated[i % kBatch], row.truncated) << row.text;
  }
  std::int64_t tokens = 0;
  std::int64_t expected = 0;
  for (const Received& batch : batches) tokens += batch.tokens;
  for (const GoldenRow& row : golden.rows) expected += static_cast<std::int64_t>(row.tokens.size());
  EXPECT_EQ(tokens, expected);
}

TEST_F(FastEmbedPluginTest, TakesTheRealVocabularyAsTheReferenceDoes) {
  const Golden golden = ReadGolden(kData / "all-MiniLM-L6-v2" / "golden.json");
  const Tokenizer tokenizer(LoadTokenizer(fs::path(DSW_TEST_MODEL_DIR) / kMiniLm));
  for (const GoldenRow& row : golden.rows) {
    EXPECT_EQ(tokenizer.Encode(row.text, golden.max_length).ids, row.tokens) << row.text;
  }
}

TEST_F(FastEmbedPluginTest, PutsTextsOfOneSubjectNearerThanOthers) {
  const Received received = Embed(
      {"How do I install a package?", "Setting up new software", "The cat sleeps in the sun"});
  const auto cosine = [&](std::size_t a, std::size_t b) {
    return Cosine(received.row(a), std::vector<float>(received.row(b), received.row(b) + 384));
  };
  EXPECT_GT(cosine(0, 1), cosine(0, 2) + 0.2);
}

TEST_F(FastEmbedPluginTest, DescribesTheModel) {
  const dsw_call call = MakeCall();
  dsw_model_facts facts{};
  facts.struct_size = sizeof facts;
  ASSERT_EQ(provider_->embedder->describe(instance_, &call, &facts, &error_), DSW_OK)
      << error_.message;
  EXPECT_EQ(facts.dimensions, 384u);
  EXPECT_EQ(facts.max_tokens, 256u);
}

}  // namespace
}  // namespace dsw::fastembed
