// SPDX-License-Identifier: Apache-2.0
//
// What a plugin in a process of its own cannot do to the worker, and what becomes of its calls.
#include <future>

#include "host/plugin/catalog.h"
#include "tests/integration/plugin/hostile_plugins.h"
#include "tests/integration/plugin/load_modes.h"
#include "tests/integration/plugin/log_lines.h"
#include "tests/integration/plugin/plugin_directory.h"
#include "tests/support/matchers.h"

namespace dsw {
namespace {

using testing::HasSubstr;

class IsolationTest : public testing::Test {
 protected:
  IsolationTest() {
    directory_.Add(Hostile("hostile"));
    directory_.Add(EMBED_TEST_SO);
  }

  Result<std::shared_ptr<Embedder>> Open(const std::string& behaviour,
                                         const std::string& provider = "hostile") {
    if (!plugins_) {
      plugins_.emplace(std::array{directory_.path()}, OptionsFor(Isolation::kAll));
      catalog_.emplace(*plugins_, CatalogOptions{});
    }
    EmbedderConfig config;
    config.provider = provider;
    config.model = behaviour;
    return catalog_->OpenEmbedder(config);
  }

  Result<Vectors> Embed(const std::string& behaviour, const CallContext& context = {},
                        std::vector<std::string_view> texts = {"one", "two"}) {
    ASSIGN_OR_RETURN(const std::shared_ptr<Embedder> embedder, Open(behaviour));
    return embedder->Embed(context, texts, InputType::kDocument);
  }

  LogLines lines_;
  const PluginDirectory directory_;
  std::optional<LoadedPlugins> plugins_;
  std::optional<LoadedCatalog> catalog_;
};

TEST_F(IsolationTest, SaysHowAPluginRuns) {
  ASSERT_OK(Open("well"));
  EXPECT_EQ(ModeName(ReportOn(*plugins_, "hostile.so")), "isolated");
}

TEST_F(IsolationTest, ACrashCostsOneCallAndTheInstanceLivesOn) {
  ASSERT_OK_AND_ASSIGN(const auto embedder, Open("crashes_on_poison"));
  CallContext context;
  context.job_id = "job-17";
  const std::vector<std::string_view> poisoned{"one", "poison"};
  const std::vector<std::string_view> harmless{"one", "two"};
  for (int i = 0; i < 3; ++i) {
    EXPECT_FAIL(embedder->Embed(context, poisoned, InputType::kDocument), Code::kUnavailable,
                "hostile: plugin process died: signal 11");
    EXPECT_OK(embedder->Embed(context, harmless, InputType::kDocument));
  }
  EXPECT_THAT(lines_.text(), HasSubstr("a call into a plugin's process was lost plugin=hostile.so "
                                       "job_id=job-17 provider=hostile operation=embed "
                                       "reason=plugin process died: signal 11"));
}

TEST_F(IsolationTest, AnExitIsTheEndOfItsOwnProcess) {
  EXPECT_FAIL(Embed("embed:exits"), Code::kUnavailable,
              "hostile: plugin process died: exited with 3");
  EXPECT_OK(Embed("well"));
}

TEST_F(IsolationTest, ACallThatDoesNotEndIsEnded) {
  CallContext context;
  context.deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds(50);
  EXPECT_FAIL(Embed("embed:hangs", context), Code::kTimeout, "did not return in time");
  EXPECT_OK(Embed("well"));
}

TEST_F(IsolationTest, ACancelledCallThatDoesNotEndIsEnded) {
  std::stop_source stop;
  CallContext context;
  context.cancel = stop.get_token();
  auto call = std::async(std::launch::async, [&] { return Embed("embed:hangs", context); });
  stop.request_stop();
  EXPECT_FAIL(call.get(), Code::kCancelled);
  EXPECT_OK(Embed("well"));
}

TEST_F(IsolationTest, ABrokenConnectionOrProtocolIsADeath) {
  EXPECT_FAIL(Embed("embed:closes_everything"), Code::kUnavailable, "plugin process died");
  EXPECT_FAIL(Embed("embed:writes_nonsense"), Code::kUnavailable, "plugin process died");
  EXPECT_OK(Embed("well"));
}

TEST_F(IsolationTest, NothingIsInReach) {
  EXPECT_OK(Embed("reaches_out"));
}

TEST_F(IsolationTest, WhatAPluginPrintsBecomesLogLines) {
  EXPECT_OK(Embed("talks"));
  catalog_.reset();
  plugins_.reset();
  EXPECT_THAT(lines_.text(), HasSubstr("to  [31mstderr plugin=hostile.so stream=stderr"));
  EXPECT_THAT(lines_.text(), testing::Not(HasSubstr("to stdout")));
}

TEST_F(IsolationTest, VectorsAreTheSameBitForBit) {
  const std::string model = "hash-1536";
  std::vector<std::string> texts;
  for (int i = 0; i < 100; ++i) texts.push_back(std::string(900, 'x') + std::to_string(i));
  const std::vector<std::string_view> views(texts.begin(), texts.end());
  ASSERT_OK_AND_ASSIGN(const auto isolated, Open(model, "test"));
  ASSERT_OK_AND_ASSIGN(const Vectors remote, isolated->Embed({}, views, InputType::kDocument));
  const LoadedPlugins in_process = directory_.Load();
  LoadedCatalog catalog(in_process, {});
  EmbedderConfig config;
  config.provider = "test";
  config.model = model;
  ASSERT_OK_AND_ASSIGN(const auto embedder, catalog.OpenEmbedder(config));
  ASSERT_OK_AND_ASSIGN(const Vectors local, embedder->Embed({}, views, InputType::kDocument));
  ASSERT_EQ(remote.matrix.rows(), local.matrix.rows());
  for (std::size_t i = 0; i < local.matrix.rows(); ++i) {
    ASSERT_TRUE(std::ranges::equal(remote.matrix.row(i), local.matrix.row(i))) << i;
  }
  EXPECT_EQ(remote.tokens, local.tokens);
}

TEST_F(IsolationTest, ManyCallsAtATimeHaveSlotsOfTheirOwn) {
  ASSERT_OK_AND_ASSIGN(const auto embedder, Open("hash-64", "test"));
  std::vector<std::future<bool>> calls;
  for (int i = 0; i < 16; ++i) {
    calls.push_back(std::async(std::launch::async, [&, i] {
      const std::string text = "text " + std::to_string(i);
      const std::vector<std::string_view> texts{text};
      for (int j = 0; j < 20; ++j) {
        if (!embedder->Embed({}, texts, InputType::kDocument)) return false;
      }
      return true;
    }));
  }
  for (auto& call : calls) EXPECT_TRUE(call.get());
}

}  // namespace
}  // namespace dsw
