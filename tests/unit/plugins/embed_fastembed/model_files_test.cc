// SPDX-License-Identifier: Apache-2.0
// Layouts of model folders, made of empty files.
#include "plugins/embed_fastembed/model_files.h"

#include <gtest/gtest.h>

#include "tests/support/temp_dir.h"
#include "tests/unit/plugins/embed_fastembed/support.h"

namespace dsw::fastembed {
namespace {

namespace fs = std::filesystem;

constexpr const char* kBgeSmall = "BAAI/bge-small-en-v1.5";
constexpr const char* kMiniLm = "sentence-transformers/all-MiniLM-L6-v2";

class ModelFilesTest : public testing::Test {
 protected:
  void Put(const fs::path& name, std::string_view content = "x") {
    fs::create_directories((dir_ / name).parent_path());
    WriteFile(dir_ / name, content);
  }
  ModelFiles Find(const std::string& name) { return FindModelFiles(name, dir_.path()); }

  TempDir dir_;
};

TEST_F(ModelFilesTest, FindsAFastEmbedCache) {
  const fs::path snapshot = "models--qdrant--bge-small-en-v1.5-onnx-q/snapshots/abc";
  Put(snapshot / "model_optimized.onnx");
  const ModelFiles files = Find(kBgeSmall);
  EXPECT_EQ(files.folder, dir_ / snapshot);
  EXPECT_EQ(files.onnx, dir_ / snapshot / "model_optimized.onnx");
  ASSERT_NE(files.known, nullptr);
  EXPECT_EQ(files.known->id, kBgeSmall);
}

TEST_F(ModelFilesTest, IgnoresTheCaseOfRepositories) {
  Put("models--Qdrant--bge-small-en-v1.5-onnx-Q/snapshots/abc/model_optimized.onnx");
  EXPECT_EQ(Find("baai/BGE-small-en-v1.5").known->id, kBgeSmall);
}

TEST_F(ModelFilesTest, PrefersTheCurrentRevisionOfAHubCache) {
  const fs::path hub = "hub/models--sentence-transformers--all-MiniLM-L6-v2";
  for (const char* revision : {"aaa", "bbb", "ccc"}) {
    Put(hub / "snapshots" / revision / "onnx/model.onnx");
  }
  Put(hub / "refs/main", "bbb");
  const ModelFiles files = Find(kMiniLm);
  EXPECT_EQ(files.folder, dir_ / hub / "snapshots/bbb");
  EXPECT_EQ(files.onnx, dir_ / hub / "snapshots/bbb/onnx/model.onnx");
}

TEST_F(ModelFilesTest, SkipsARevisionWithoutTheModelFile) {
  const fs::path hub = "models--sentence-transformers--all-MiniLM-L6-v2";
  Put(hub / "snapshots/aaa/config.json", "{}");
  Put(hub / "snapshots/bbb/model.onnx");
  EXPECT_EQ(Find(kMiniLm).folder, dir_ / hub / "snapshots/bbb");
}

TEST_F(ModelFilesTest, FindsAnUnpackedArchive) {
  Put("fast-bge-small-en-v1.5/model_optimized.onnx");
  EXPECT_EQ(Find(kBgeSmall).folder, dir_ / "fast-bge-small-en-v1.5");
}

TEST_F(ModelFilesTest, FindsPlainFolders) {
  Put("sentence-transformers/all-MiniLM-L6-v2/model.onnx");
  Put("bge-small-en-v1.5/onnx/model.onnx");
  Put("acme/own/model.onnx");
  EXPECT_EQ(Find(kMiniLm).folder, dir_ / "sentence-transformers/all-MiniLM-L6-v2");
  EXPECT_EQ(Find(kBgeSmall).folder, dir_ / "bge-small-en-v1.5");
  EXPECT_EQ(Find("acme/own").folder, dir_ / "acme/own");
  EXPECT_EQ(Find("acme/own").known, nullptr);
}

TEST_F(ModelFilesTest, TakesTheModelDirItselfForAKnownModelOrItsOwnName) {
  Put("own/model.onnx");
  EXPECT_EQ(FindModelFiles(kMiniLm, dir_ / "own/").folder, dir_ / "own");
  EXPECT_EQ(FindModelFiles("own", dir_ / "own").folder, dir_ / "own");
  ExpectFailure([&] { FindModelFiles("other", dir_ / "own"); }, DSW_E_NOT_FOUND, {"other"});
}

TEST_F(ModelFilesTest, ReadsWhatTheFilesSay) {
  Put("own/model.onnx");
  Put("own/config.json", R"({"hidden_size": 32, "max_position_embeddings": 64})");
  Put("own/sentence_bert_config.json", R"({"max_seq_length": 48})");
  Put("own/1_Pooling/config.json", R"({"pooling_mode_cls_token": false,
                                        "pooling_mode_mean_tokens": true})");
  const ModelFiles files = Find("own");
  EXPECT_EQ(files.dimensions, 32u);
  EXPECT_EQ(files.positions, 64u);
  EXPECT_EQ(files.max_tokens, 48u);
  EXPECT_EQ(files.pooling, Pooling::kMean);
}

TEST_F(ModelFilesTest, DoesNotTakeAHugeLimitAtItsWord) {
  Put("own/model.onnx");
  Put("own/tokenizer_config.json", R"({"model_max_length": 1000000000000000019884624838656})");
  EXPECT_FALSE(Find("own").max_tokens);
}

TEST_F(ModelFilesTest, SaysWhatWasLookedForAndWhere) {
  ExpectFailure([&] { Find(kBgeSmall); }, DSW_E_NOT_FOUND,
                {kBgeSmall, dir_.path().string(), "models--qdrant--bge-small-en-v1.5-onnx-q",
                 "fast-bge-small-en-v1.5", "model.onnx", "FASTEMBED_MODEL_DIR"},
                kLocal);
}

TEST_F(ModelFilesTest, ListsTheKnownModelsForAnUnknownOne) {
  ExpectFailure([&] { Find("acme/none"); }, DSW_E_NOT_FOUND, {"acme/none", kBgeSmall, kMiniLm});
}

TEST_F(ModelFilesTest, AsksForAModelDir) {
  ExpectFailure([&] { FindModelFiles(kMiniLm, ""); }, DSW_E_INVALID_CONFIG, {"FASTEMBED_MODEL_DIR"},
                kLocal);
  ExpectFailure([&] { FindModelFiles(kMiniLm, dir_ / "none"); }, DSW_E_INVALID_CONFIG,
                {(dir_ / "none").string(), "not a folder"}, kLocal);
}

TEST_F(ModelFilesTest, RefusesToLeaveTheModelDir) {
  Put("model.onnx");
  for (const char* name : {"../x", "a/../../x", "/etc"}) {
    ExpectFailure([&] { FindModelFiles(name, dir_.path()); }, DSW_E_INVALID_CONFIG,
                  {"/model:", name});
  }
}

TEST_F(ModelFilesTest, RefusesTheFilesOfAnotherModel) {
  Put("model.onnx");
  Put("config.json", R"({"hidden_size": 384, "num_hidden_layers": 12})");
  EXPECT_EQ(Find(kBgeSmall).dimensions, 384u);
  ExpectFailure([&] { Find(kMiniLm); }, DSW_E_INVALID_CONFIG,
                {(dir_ / "config.json").string(), kMiniLm}, kLocal);
}

TEST_F(ModelFilesTest, ADamagedFileIsTheWorkers) {
  Put("own/model.onnx");
  Put("own/1_Pooling/config.json", R"({"pooling_mode": 7})");
  ExpectFailure([&] { Find("own"); }, DSW_E_INVALID_CONFIG, {"own", "not laid out"}, kLocal);
  Put("own/config.json", R"({"hidden_size": 3)");
  ExpectFailure([&] { Find("own"); }, DSW_E_INVALID_CONFIG, {"config.json", "damaged"}, kLocal);
}

TEST_F(ModelFilesTest, RefusesOtherPoolings) {
  Put("own/model.onnx");
  Put("own/1_Pooling/config.json", R"({"pooling_mode_max_tokens": true})");
  ExpectFailure([&] { Find("own"); }, DSW_E_INVALID_CONFIG, {"1_Pooling", "cls", "mean"});
  fs::rename(dir_ / "own", dir_ / "bge-small-en-v1.5");
  ExpectFailure([&] { Find(kBgeSmall); }, DSW_E_INVALID_CONFIG, {"1_Pooling"}, kLocal);
}

TEST(KnownModelsTest, AgreeWithTheManifest) {
  const nlohmann::json manifest = ReadJson(kData / "../../plugins/embed_fastembed/plugin.json");
  const nlohmann::json& models = manifest.at("providers").at(0).at("models");
  ASSERT_EQ(models.size(), KnownModels().size());
  for (std::size_t i = 0; i < models.size(); ++i) {
    const KnownModel& known = KnownModels()[i];
    EXPECT_EQ(models[i].at("id"), known.id);
    EXPECT_EQ(models[i].at("dimensions"), known.dimensions);
    EXPECT_EQ(models[i].at("max_input_tokens"), known.max_tokens);
  }
}

}  // namespace
}  // namespace dsw::fastembed
