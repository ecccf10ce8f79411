// SPDX-License-Identifier: Apache-2.0
// An instance on the tiny models: vectors against the reference, limits, refusals.
#include "plugins/embed_fastembed/embedder.h"

#include <atomic>
#include <thread>

#include <gtest/gtest.h>

#include "tests/support/temp_dir.h"
#include "tests/unit/plugins/embed_fastembed/support.h"

namespace dsw::fastembed {
namespace {

namespace fs = std::filesystem;

class FastEmbedderTest : public testing::Test {
 protected:
  /// The configuration for model `model` in `dir` with more settings.
  static std::string ConfigJson(const std::string& model,
                                nlohmann::json config = nlohmann::json::object(),
                                const fs::path& dir = kTinyBert) {
    config["model"] = model;
    config["model_dir"] = dir.string();
    config["onnxruntime_lib"] = kOnnxRuntime.string();
    return config.dump();
  }
  FastEmbedder Make(const std::string& model, nlohmann::json config = nlohmann::json::object(),
                    const fs::path& dir = kTinyBert) {
    return {shared_, FakeHost(), ConfigJson(model, std::move(config), dir)};
  }

  static Received Embed(FastEmbedder& embedder, const std::vector<std::string>& texts,
                        std::uint32_t dimensions = 0) {
    Received received;
    const std::vector<dsw_str> views = Views(texts);
    dsw_embed_request request = MakeRequest(views);
    request.dimensions = dimensions;
    embedder.Embed(MakeCall(), request, received.Out());
    return received;
  }

  void ExpectGoldenVectors(const std::string& pooling) {
    const Golden golden = ReadGolden(kTinyBert / pooling / "golden.json");
    std::vector<std::string> texts;
    std::int64_t tokens = 0;
    for (const GoldenRow& row : golden.rows) {
      texts.push_back(row.text);
      tokens += static_cast<std::int64_t>(row.tokens.size());
    }
    FastEmbedder embedder = Make(pooling);
    const Received all = Embed(embedder, texts);
    EXPECT_EQ(all.allocations, 1);
    EXPECT_EQ(all.tokens, tokens);
    for (std::size_t i = 0; i < golden.rows.size(); ++i) {
      const GoldenRow& row = golden.rows[i];
      EXPECT_GE(Cosine(all.row(i), row.vector), 0.99999) << row.text;
      EXPECT_EQ(all.truncated[i], row.truncated) << row.text;
    }
  }

  Shared shared_;
  TempDir dir_;
};

TEST_F(FastEmbedderTest, AgreesWithTheReferenceUnderClsPooling) {
  ExpectGoldenVectors("cls");
}
TEST_F(FastEmbedderTest, AgreesWithTheReferenceUnderMeanPooling) {
  ExpectGoldenVectors("mean");
}

TEST_F(FastEmbedderTest, DescribesAModelFromItsFiles) {
  dsw_model_facts facts{};
  facts.struct_size = sizeof facts;
  Make("cls").Describe(MakeCall(), facts);
  EXPECT_EQ(facts.dimensions, 32u);
  EXPECT_EQ(facts.max_tokens, 48u);
  EXPECT_EQ(facts.max_batch, 2048u);
}

TEST_F(FastEmbedderTest, DoesNotCountTheTimeInTheQueueAgainstTheDeadline) {
  static std::atomic<std::uint64_t> now{1000};
  static std::atomic<int> checks{0};
  dsw_host host = FakeHost();
  host.now_mono_ns = [](const dsw_host*) { return now.load(); };
  dsw_call call = MakeCall();
  call.deadline_mono_ns = 2000;
  call.cancelled = [](const dsw_call*) -> std::uint32_t {
    ++checks;
    return 0;
  };
  FastEmbedder embedder(shared_, host, ConfigJson("cls", {{"threads", 1}}));
  Received received;
  std::thread caller;
  {
    const Slots::Holder busy = shared_.slots.Acquire(1, [] {});
    caller = std::thread([&] {
      const std::vector<dsw_str> views = {DSW_STR("a")};
      EXPECT_NO_THROW(embedder.Embed(call, MakeRequest(views), received.Out()));
    });
    // The first check is made on entry, the second in the queue.
    while (checks < 2) std::this_thread::yield();
    now = 9000;
  }
  caller.join();
  EXPECT_EQ(received.dimensions, 32u);
}

TEST_F(FastEmbedderTest, CutsTextsAtTheConfiguredLength) {
  FastEmbedder embedder = Make("cls", {{"max_length", 4}});
  const Received cut = Embed(embedder, {"the time of men", "the time", "the time of men"});
  EXPECT_EQ(cut.tokens, 12);
  EXPECT_EQ(cut.truncated, (std::vector<bool>{true, false, true}));
  EXPECT_NEAR(Cosine(cut.row(0), std::vector<float>(cut.row(1), cut.row(1) + 32)), 1, 1e-6);
}

TEST_F(FastEmbedderTest, LeavesVectorsAsTheyAreWhenTold) {
  FastEmbedder scaled = Make("mean");
  FastEmbedder raw = Make("mean", {{"normalize", false}});
  const Received one = Embed(scaled, {"the time of men"});
  const Received two = Embed(raw, {"the time of men"});
  EXPECT_NEAR(Cosine(one.row(0), two.matrix), 1, 1e-6);
  double square = 0;
  for (const float x : two.matrix) square += double{x} * double{x};
  EXPECT_GT(std::abs(square - 1), 0.1);
}

TEST_F(FastEmbedderTest, LetsTheConfigurationOverrideThePooling) {
  FastEmbedder embedder = Make("cls", {{"pooling", "mean"}});
  const Golden golden = ReadGolden(kTinyBert / "mean" / "golden.json");
  const Received received = Embed(embedder, {golden.rows[9].text});
  EXPECT_GE(Cosine(received.row(0), golden.rows[9].vector), 0.99999);
}

TEST_F(FastEmbedderTest, AsksForThePoolingThatNoFileTells) {
  fs::copy(kTinyBert / "cls", dir_ / "own", fs::copy_options::recursive);
  fs::remove_all(dir_ / "own" / "1_Pooling");
  FastEmbedder embedder = Make("own", nlohmann::json::object(), dir_.path());
  ExpectFailure([&] { Embed(embedder, {"a"}); }, DSW_E_INVALID_CONFIG,
                {"/pooling:", (dir_ / "own").string()});
}

TEST_F(FastEmbedderTest, RefusesMoreTokensThanTheModelHasPositions) {
  FastEmbedder embedder = Make("cls", {{"max_length", 65}});
  ExpectFailure([&] { Embed(embedder, {"a"}); }, DSW_E_INVALID_CONFIG, {"/max_length:", "64"});
}

TEST_F(FastEmbedderTest, RefusesOtherDimensions) {
  FastEmbedder embedder = Make("cls");
  EXPECT_EQ(Embed(embedder, {"a"}, 32).dimensions, 32u);
  ExpectFailure([&] { Embed(embedder, {"a"}, 16); }, DSW_E_INVALID_REQUEST, {"32", "16"});
}

TEST_F(FastEmbedderTest, FailsWhenTheHostRefusesTheShape) {
  FastEmbedder embedder = Make("cls");
  Received received;
  received.refuse = true;
  const std::vector<dsw_str> views = {DSW_STR("a")};
  ExpectFailure([&] { embedder.Embed(MakeCall(), MakeRequest(views), received.Out()); },
                DSW_E_CONFLICT, {"32"});
}

TEST_F(FastEmbedderTest, RefusesUnknownCriticalFlags) {
  FastEmbedder embedder = Make("cls");
  Received received;
  const std::vector<dsw_str> views = {DSW_STR("a")};
  dsw_embed_request request = MakeRequest(views);
  request.flags = 1u << 16;
  embedder.Embed(MakeCall(), request, received.Out());
  request.flags = 1;
  ExpectFailure([&] { embedder.Embed(MakeCall(), request, received.Out()); }, DSW_E_UNSUPPORTED,
                {});
}

TEST_F(FastEmbedderTest, StopsWhenCancelledOrLate) {
  FastEmbedder embedder = Make("cls");
  Received received;
  const std::vector<dsw_str> views = {DSW_STR("a")};
  ExpectFailure([&] { embedder.Embed(MakeCall(true), MakeRequest(views), received.Out()); },
                DSW_E_CANCELLED, {});
  dsw_call late = MakeCall();
  late.deadline_mono_ns = 1;
  ExpectFailure([&] { embedder.Embed(late, MakeRequest(views), received.Out()); }, DSW_E_TIMEOUT,
                {});
  EXPECT_EQ(received.allocations, 0);
}

TEST_F(FastEmbedderTest, RefusesADamagedModelAndRecoversOnceItIsMended) {
  fs::copy(kTinyBert / "cls", dir_ / "own", fs::copy_options::recursive);
  WriteFile(dir_ / "own" / "model.onnx", "not a model");
  FastEmbedder embedder = Make("own", nlohmann::json::object(), dir_.path());
  ExpectFailure([&] { Embed(embedder, {"a"}); }, DSW_E_INVALID_CONFIG,
                {(dir_ / "own" / "model.onnx").string(), "ONNX Runtime"}, kLocal);
  fs::copy(kTinyBert / "cls" / "model.onnx", dir_ / "own" / "model.onnx",
           fs::copy_options::overwrite_existing);
  EXPECT_EQ(Embed(embedder, {"a"}).dimensions, 32u);
}

TEST_F(FastEmbedderTest, WhetherAModelSuitsIsTheJobsMatterUnlessItIsAKnownOne) {
  for (const char* name : {"own", "all-MiniLM-L6-v2"}) {
    fs::copy(kTinyBert / "cls", dir_ / name, fs::copy_options::recursive);
    fs::remove(dir_ / name / "config.json");
    nlohmann::json tokenizer = ReadJson(dir_ / name / "tokenizer.json");
    tokenizer["model"]["type"] = "BPE";
    WriteFile(dir_ / name / "tokenizer.json", tokenizer.dump());
    FastEmbedder embedder = Make(name, nlohmann::json::object(), dir_.path());
    ExpectFailure([&] { Embed(embedder, {"a"}); }, DSW_E_INVALID_CONFIG, {"BPE"},
                  name != std::string_view("own"));
  }
}

TEST_F(FastEmbedderTest, SharesAModelBetweenInstances) {
  const Config config = ParseConfig(ConfigJson("cls"));
  const auto first = shared_.models.Get(config, FakeHost());
  EXPECT_EQ(shared_.models.Get(config, FakeHost()), first);
}

}  // namespace
}  // namespace dsw::fastembed
