// SPDX-License-Identifier: Apache-2.0
//
// A plugin whose process is killed at random times, over many calls.
#include <array>
#include <atomic>
#include <fstream>
#include <random>
#include <thread>

#include <fmt/format.h>
#include <signal.h>

#include "host/plugin/catalog.h"
#include "tests/integration/plugin/load_modes.h"
#include "tests/integration/plugin/plugin_directory.h"
#include "tests/support/matchers.h"

namespace dsw {
namespace {

constexpr int kCalls = 10'000;
constexpr int kBatches = 97;
constexpr int kTexts = 5;  // A batch.

using Texts = std::vector<std::string>;

Texts Batch(int number) {
  Texts texts;
  for (int i = 0; i < kTexts; ++i) texts.push_back(fmt::format("batch {} text {}", number, i));
  return texts;
}

class KilledTest : public testing::Test {
 protected:
  KilledTest() { directory_.Add(EMBED_TEST_SO); }

  EmbedderConfig Config() const {
    EmbedderConfig config;
    config.provider = "test";
    config.model = "hash-64";
    config.config_json = fmt::format(R"({{"count_file":"{}"}})", counted().string());
    return config;
  }
  std::filesystem::path counted() const { return own_ / "counted"; }
  std::int64_t TextsPaidFor() const {
    std::ifstream counts(counted());
    std::int64_t sum = 0;
    for (std::int64_t count = 0; counts >> count;) sum += count;
    return sum;
  }

  const TempDir own_;
  const PluginDirectory directory_;
};

Result<Vectors> EmbedBatch(Embedder& embedder, int number) {
  const Texts texts = Batch(number);
  const std::vector<std::string_view> views(texts.begin(), texts.end());
  return embedder.Embed({}, views, InputType::kDocument);
}

TEST_F(KilledTest, ResultsAreThoseOfAnUndisturbedRunAndADeathCostsOneBatch) {
  std::vector<Vectors> expected;
  {
    const LoadedPlugins plugins = directory_.Load();
    LoadedCatalog catalog(plugins, {});
    ASSERT_OK_AND_ASSIGN(const auto embedder, catalog.OpenEmbedder(Config()));
    for (int i = 0; i < kBatches; ++i) {
      ASSERT_OK_AND_ASSIGN(Vectors vectors, EmbedBatch(*embedder, i));
      expected.push_back(std::move(vectors));
    }
  }
  std::filesystem::remove(counted());

  LoadOptions options = OptionsFor(Isolation::kAll);
  options.grants["io.dsw.embed-test"] = {"files"};
  const LoadedPlugins plugins = directory_.Load(options);
  LoadedCatalog catalog(plugins, {});
  ASSERT_OK_AND_ASSIGN(const auto embedder, catalog.OpenEmbedder(Config()));
  const auto process = plugins.Find(ProviderKind::kEmbedder, "test")->plugin->process;

  std::atomic<int> kills = 0;
  std::jthread killer([&](const std::stop_token& stop) {
    std::mt19937 random(17);
    while (!stop.stop_requested()) {
      std::this_thread::sleep_for(
          std::chrono::microseconds(std::uniform_int_distribution(1'000, 60'000)(random)));
      const pid_t pid = process->Look().pid;
      if (pid > 0 && kill(pid, SIGKILL) == 0) ++kills;
    }
  });
  int failures = 0;
  for (int call = 0; call < kCalls; ++call) {
    const Vectors& wanted = expected[static_cast<std::size_t>(call % kBatches)];
    Result<Vectors> vectors = EmbedBatch(*embedder, call % kBatches);
    for (; !vectors; vectors = EmbedBatch(*embedder, call % kBatches)) {
      ++failures;
      ASSERT_TRUE(FailsWith(vectors, Code::kUnavailable, "plugin process died: signal 9"));
    }
    ASSERT_EQ(vectors->matrix.rows(), wanted.matrix.rows());
    for (std::size_t i = 0; i < wanted.matrix.rows(); ++i) {
      ASSERT_TRUE(std::ranges::equal(vectors->matrix.row(i), wanted.matrix.row(i))) << call;
    }
    ASSERT_EQ(vectors->tokens, wanted.tokens);
  }
  killer.request_stop();
  killer.join();
  RecordProperty("kills", kills);
  RecordProperty("failed_calls", failures);
  EXPECT_GT(kills, 10);
  EXPECT_LE(failures, kills);
  const std::int64_t paid = TextsPaidFor();
  EXPECT_GE(paid, std::int64_t{kCalls} * kTexts);
  EXPECT_LE(paid, (std::int64_t{kCalls} + kills) * kTexts);
  // The last kill may have come after the last call, and be noticed by the next one.
  EXPECT_TRUE(EmbedBatch(*embedder, 0) || EmbedBatch(*embedder, 0));
  EXPECT_EQ(process->Look().state, ProcessStatus::State::kRunning);
}

}  // namespace
}  // namespace dsw
