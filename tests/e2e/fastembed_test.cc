// SPDX-License-Identifier: Apache-2.0
//
// The worker with a real model in process.
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

TEST_F(FastembedTest, AMissingModelSaysWhatToGetAndCostsNoOtherProvider) {
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
}

TEST_F(FastembedTest, AMissingRuntimeStopsTheWorkerAndNotTheJob) {
  world_.Set("ONNXRUNTIME_LIB", "/nowhere/libonnxruntime.so");
  const std::int64_t transform = Import(std::string("fastembed:") + kModel);
  world_.Submit(transform);
  const Process worker = world_.StartWorker();
  ASSERT_TRUE(Eventually([&] { return world_.Log().find("not ready: ") != std::string::npos; }));
  EXPECT_THAT(world_.Log(), HasSubstr("/nowhere/libonnxruntime.so"));
  EXPECT_TRUE(world_.DeadLetters().empty());
}

}  // namespace
}  // namespace dsw
