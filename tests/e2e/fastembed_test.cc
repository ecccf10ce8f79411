// SPDX-License-Identifier: Apache-2.0
//
// The worker with a real model in process.
#include <filesystem>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/e2e/world.h"

namespace dsw {
namespace {

using testing::HasSubstr;

constexpr char kModel[] = "sentence-transformers/all-MiniLM-L6-v2";

class FastembedTest : public testing::Test {
 protected:
  FastembedTest() {
    world_.AddPlugin(DSW_EMBED_FASTEMBED);
    world_.Set("FASTEMBED_MODEL_DIR", DSW_TEST_MODEL_DIR);
    world_.Set("ONNXRUNTIME_LIB", DSW_TEST_ONNXRUNTIME_LIB);
  }

  std::int64_t Import(const std::string& embedder) {
    return world_.ImportLines("animals",
                              R"({"title":"cat","text":"A cat sleeps on the warm windowsill."}
{"title":"engine","text":"The engine of the truck was replaced last week."}
{"title":"bread","text":"Knead the dough and let it rise for two hours."}
)",
                              {"--embedder", embedder});
  }

  World world_;
};

TEST_F(FastembedTest, AQuestionFindsTheTextThatMeansTheSame) {
  const std::int64_t transform = Import(std::string("fastembed:") + kModel);
  world_.Submit(transform);
  ASSERT_EQ(world_.RunUntilIdle(), 0) << world_.Log();
  ASSERT_EQ(world_.PointIds(transform).size(), 3U) << world_.Log();
  const Output found =
      world_.Run({"search", "--transform", std::to_string(transform), "--json", "--queries", "-"},
                 "How do I bake a loaf?\nWhich pet likes to nap in the sun?\n"
                 "vehicle repair\n");
  ASSERT_TRUE(found.status.ok()) << found.err;
  std::istringstream lines(found.out);
  std::vector<std::string> titles;
  for (std::string line; std::getline(lines, line);) {
    titles.push_back(nlohmann::json::parse(line)["results"][0]["payload"]["title"]);
  }
  EXPECT_THAT(titles, testing::ElementsAre("bread", "cat", "engine"));
}

TEST_F(FastembedTest, InternalEmbeddersAreServedInProcessWhenAskedFor) {
  world_.Set("USE_LOCAL_EMBEDDER", "true");
  const std::int64_t transform =
      world_.ImportLines("internal", R"({"title":"t","text":"some text"})",
                         {"--embedder", std::string("internal:") + kModel, "--base-url",
                          "http://unused.invalid:8090"});
  world_.Submit(transform);
  ASSERT_EQ(world_.RunUntilIdle(), 0) << world_.Log();
  EXPECT_EQ(world_.PointIds(transform).size(), 1U) << world_.Log();
}

TEST_F(FastembedTest, FindsItsRuntimeBesideItselfAlsoWhenItIsLoadedFromACopy) {
  world_.Set("ONNXRUNTIME_LIB", "");
  std::filesystem::copy_file(std::filesystem::path(DSW_TEST_ONNXRUNTIME_LIB) / "libonnxruntime.so",
                             world_.directory() / "plugins" / "libonnxruntime.so.1");
  const std::int64_t transform = Import(std::string("fastembed:") + kModel);
  world_.Submit(transform);
  ASSERT_EQ(world_.RunUntilIdle(), 0) << world_.Log();
  EXPECT_EQ(world_.PointIds(transform).size(), 3U) << world_.Log();
}

TEST_F(FastembedTest, AMissingModelIsLeftToOthersSaysWhatToGetAndCostsNoOtherProvider) {
  world_.Set("PROVIDER_PATIENCE_SECS", "3");
  const std::int64_t missing = Import("fastembed:BAAI/bge-small-en-v1.5");
  world_.Submit(missing);
  const std::int64_t other = world_.ImportItems("other", 1, 1);
  world_.Submit(other);
  ASSERT_EQ(world_.RunUntilIdle(), 1) << world_.Log();
  EXPECT_EQ(world_.PointIds(other).size(), 1U);
  const std::vector<DeadLetter> letters = world_.DeadLetters();
  ASSERT_EQ(letters.size(), 1U);
  EXPECT_EQ(letters[0].error_type, "not_found");
  EXPECT_THAT(letters[0].error, HasSubstr("BAAI/bge-small-en-v1.5"));
  EXPECT_THAT(letters[0].error, HasSubstr(DSW_TEST_MODEL_DIR));
  EXPECT_THAT(world_.Log(), testing::Not(HasSubstr("not ready: ")));
}

TEST_F(FastembedTest, WhatTheWorkerLacksStopsTheWorkerAndNotTheJobs) {
  const std::filesystem::path damaged = world_.directory() / "damaged";
  std::filesystem::copy(DSW_TEST_MODEL_DIR, damaged, std::filesystem::copy_options::recursive);
  for (const auto& entry : std::filesystem::recursive_directory_iterator(damaged)) {
    // As a copy leaves it that was broken off.
    if (entry.path().extension() == ".onnx") std::filesystem::resize_file(entry.path(), 100'000);
  }
  const struct {
    const char* name;
    std::string wrong;
    const char* right;
  } settings[] = {{"FASTEMBED_MODEL_DIR", "/nowhere", DSW_TEST_MODEL_DIR},
                  {"FASTEMBED_MODEL_DIR", damaged, DSW_TEST_MODEL_DIR},
                  {"ONNXRUNTIME_LIB", "/nowhere", DSW_TEST_ONNXRUNTIME_LIB}};
  const std::int64_t transform = Import(std::string("fastembed:") + kModel);
  for (const auto& setting : settings) {
    SCOPED_TRACE(setting.name + (" " + setting.wrong));
    for (int i = 0; i < 3; ++i) world_.Submit(transform, "full");
    world_.Set(setting.name, setting.wrong);
    const std::size_t before = world_.Log().size();
    {
      const Process worker = world_.StartWorker();
      const auto not_ready = [&] {
        return world_.Log().find("not ready: ", before) != std::string::npos;
      };
      ASSERT_TRUE(Eventually(not_ready)) << world_.Log();
      EXPECT_THAT(world_.Log().substr(before), HasSubstr(setting.wrong));
    }
    EXPECT_TRUE(world_.DeadLetters().empty());
    world_.Set(setting.name, setting.right);
    ASSERT_EQ(world_.RunUntilIdle(), 0) << world_.Log();
    EXPECT_EQ(world_.PointIds(transform).size(), 3U);
  }
}

}  // namespace
}  // namespace dsw
