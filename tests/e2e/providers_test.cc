// SPDX-License-Identifier: Apache-2.0
//
// The providers that call a service, from the job to the points: against doubles that refuse what
// the services refuse.
#include <chrono>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/doubles/double.h"
#include "tests/e2e/world.h"

namespace dsw {
namespace {

using doubles::Double;
using doubles::Rule;
using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::HasSubstr;
using testing::Not;

constexpr char kKey[] = "sk-a-key-that-nobody-may-see";

struct Service {
  std::string api;       ///< The double's.
  std::string provider;  ///< With its model.
  std::string key;       ///< That the double wants.
};

/// With DSW_REAL_TIME set, tests take the sizes and times of the world outside: minutes.
bool RealTime() {
  return std::getenv("DSW_REAL_TIME") != nullptr;
}

class ProvidersTest : public testing::Test {
 protected:
  ProvidersTest() {
    for (const char* plugin : {DSW_EMBED_OPENAI, DSW_EMBED_COHERE, DSW_EMBED_JINA, DSW_EMBED_VOYAGE,
                               DSW_EMBED_INTERNAL}) {
      world_.AddPlugin(plugin);
    }
    world_.Set("SERVICE_KEY", kKey);
    world_.Set("MAX_EMBEDDER_REQUESTS_PER_SECOND", "0");
  }

  /// Imports items of one chunk each for `embedder` at `url`.
  std::int64_t Import(const std::string& url, const std::string& embedder,
                      const std::vector<std::string>& texts, const std::string& config = "{}") {
    std::string lines;
    for (const std::string& text : texts) {
      lines += nlohmann::json{{"title", "an item"}, {"text", text}}.dump() + "\n";
    }
    return world_.ImportLines(fmt::format("dataset {}", ++datasets_), lines,
                              {"--embedder", embedder, "--base-url", url, "--api-key",
                               "env:SERVICE_KEY", "--config", config});
  }

  static std::vector<std::string> Texts(int count, const std::string& what = "text") {
    std::vector<std::string> texts;
    for (int i = 0; i < count; ++i) texts.push_back(fmt::format("{} number {}", what, i));
    return texts;
  }

  World world_;
  int datasets_ = 0;
};

TEST_F(ProvidersTest, EachEmbedsADataset) {
  const Service services[] = {
      {"openai", "openai:text-embedding-3-small", kKey},
      {"cohere", "cohere:embed-english-v3.0", kKey},
      {"jina", "jina:jina-embeddings-v3", kKey},
      {"voyage", "voyage:voyage-3.5", kKey},
      {"fastembed", "internal:Xenova/bge-small-en-v1.5", ""},
      {"embed", "internal:BAAI/bge-small-en-v1.5", ""},
      {"tei", "internal:BAAI/bge-small-en-v1.5", ""},
      {"ollama", "internal:all-minilm", ""},
  };
  std::vector<std::unique_ptr<Double>> doubles;
  std::vector<std::int64_t> transforms;
  for (const Service& service : services) {
    doubles.push_back(std::make_unique<Double>(service.api, doubles::Options{.key = service.key}));
    transforms.push_back(Import(doubles.back()->Url(), service.provider, Texts(230)));
    world_.Submit(transforms.back());
  }
  ASSERT_EQ(world_.RunUntilIdle(), 0) << world_.Log();
  for (std::size_t i = 0; i < transforms.size(); ++i) {
    EXPECT_EQ(world_.PointIds(transforms[i]), world_.ExpectedPointIds(transforms[i]))
        << services[i].api << '\n'
        << world_.Log();
    EXPECT_EQ(doubles[i]->counters().duplicates, 0u) << services[i].api;
  }
  EXPECT_TRUE(world_.DeadLetters().empty());
}

TEST_F(ProvidersTest, NoSecondSeesMoreRequestsThanAllowed) {
  world_.Set("MAX_EMBEDDER_REQUESTS_PER_SECOND", "10");
  Double openai("openai", {.key = kKey});
  for (int job = 0; job < 3; ++job) {
    world_.Submit(Import(openai.Url(), "openai:text-embedding-3-small",
                         Texts(12, fmt::format("job {}", job)), R"({"max_batch":1})"));
  }
  ASSERT_EQ(world_.RunUntilIdle(), 0) << world_.Log();
  EXPECT_EQ(openai.counters().requests, 36u);
  EXPECT_LE(openai.counters().max_per_second, 10u);
}

TEST_F(ProvidersTest, APaceThatTheServiceEnforcesIsKeptWithoutARefusal) {
  const double rate = RealTime() ? 2000 : 6000;
  const int count = RealTime() ? 5000 : 1000;
  Double cohere("cohere", {.key = kKey, .inputs_per_minute = rate});
  const std::int64_t transform = Import(cohere.Url(), "cohere:embed-english-v3.0", Texts(count),
                                        fmt::format(R"({{"inputs_per_minute":{}}})", rate));
  world_.Submit(transform);
  ASSERT_EQ(world_.RunUntilIdle(), 0) << world_.Log();
  EXPECT_EQ(cohere.counters().by_status[429], 0u);
  EXPECT_EQ(world_.PointIds(transform).size(), static_cast<std::size_t>(count));
  const std::vector<doubles::Entry> entries = cohere.entries();
  std::cout << count << " inputs in "
            << std::chrono::duration<double>(entries.back().at - entries.front().at).count()
            << " s\n";
}

TEST_F(ProvidersTest, AServiceThatIsDownForAWhileCostsNoJob) {
  auto openai = std::make_unique<Double>("openai", doubles::Options{.key = kKey});
  const int port = openai->port();
  openai->Add({.first = 4, .times = 0, .fault = doubles::Fault::kReset});
  const std::int64_t transform =
      Import(openai->Url(), "openai:text-embedding-3-small", Texts(400), R"({"max_batch":20})");
  world_.Submit(transform);
  world_.Set("MAX_RETRIES", "0");
  Process worker = world_.StartWorker({"--until-idle"});
  // First it breaks connections, then there is nobody, then it says that it is overloaded.
  ASSERT_TRUE(Eventually([&] { return openai->counters().requests > 6; }));
  openai.reset();
  std::this_thread::sleep_for(seconds(RealTime() ? 120 : 3));
  openai = std::make_unique<Double>("openai", doubles::Options{.key = kKey},
                                    doubles::DoubleOptions{.port = port});
  openai->Add({.times = 2, .reply = doubles::Reply{.status = 503}});
  const auto up = std::chrono::steady_clock::now();
  const auto status = worker.Wait(std::chrono::minutes(5));
  ASSERT_TRUE(status && status->ok()) << world_.Log();
  EXPECT_TRUE(world_.DeadLetters().empty());
  EXPECT_EQ(world_.PointIds(transform), world_.ExpectedPointIds(transform));
  EXPECT_THAT(world_.Log(), Not(HasSubstr("job failed")));
  for (const doubles::Entry& entry : openai->entries()) {
    std::cout << entry.status << " at " << std::chrono::duration<double>(entry.at - up).count()
              << " s\n";
  }
}

TEST_F(ProvidersTest, PoisonIsRecordedAndCostsOnlyItself) {
  for (const bool named : {true, false}) {
    Double openai("openai", {.key = kKey, .poison = "POISON", .poison_named = named});
    std::vector<std::string> texts = Texts(RealTime() ? 20000 : 5000);
    const std::size_t poison = texts.size() / 1000;
    for (std::size_t i = 0; i < poison; ++i) texts[i * 997 + 13].insert(0, "POISON ");
    const std::int64_t transform = Import(openai.Url(), "openai:text-embedding-3-small", texts);
    world_.Submit(transform);
    ASSERT_EQ(world_.RunUntilIdle(), 0) << world_.Log();
    EXPECT_EQ(world_.PointIds(transform).size(), texts.size() - poison);
    EXPECT_EQ(world_.Sql(fmt::format(
                  "SELECT count(*) FROM dataset_transform_failed_chunks f JOIN embedded_datasets e "
                  "USING (embedded_dataset_id) WHERE e.dataset_transform_id = {} AND "
                  "f.reason <> ''",
                  transform)),
              std::to_string(poison));
    EXPECT_LE(openai.counters().requests, texts.size() / 100 + 12 * poison) << "named: " << named;
    EXPECT_TRUE(world_.DeadLetters().empty());
  }
}

TEST_F(ProvidersTest, PoisonFailsTheJobWhereThatIsAskedFor) {
  world_.Set("FAILED_CHUNK_POLICY", "fail");
  Double openai("openai", {.key = kKey, .poison = "POISON"});
  std::vector<std::string> texts = Texts(30);
  texts[7] += " POISON";
  world_.Submit(Import(openai.Url(), "openai:text-embedding-3-small", texts));
  ASSERT_EQ(world_.RunUntilIdle(), 1) << world_.Log();
  ASSERT_EQ(world_.DeadLetters().size(), 1u);
  EXPECT_THAT(world_.DeadLetters()[0].error, HasSubstr("chunk"));
}

TEST_F(ProvidersTest, AWrongKeyIsADeadLetterThatSaysSo) {
  Double openai("openai", {.key = "another-key"});
  world_.Submit(Import(openai.Url(), "openai:text-embedding-3-small", Texts(3)));
  ASSERT_EQ(world_.RunUntilIdle(), 1) << world_.Log();
  ASSERT_EQ(world_.DeadLetters().size(), 1u);
  EXPECT_EQ(world_.DeadLetters()[0].error_type, "unauthenticated");
  EXPECT_THAT(world_.DeadLetters()[0].error, HasSubstr("API key"));
}

TEST_F(ProvidersTest, AnAddressThatIsDeniedIsADeadLetterThatSaysSo) {
  Double openai("openai", {.key = kKey});
  const std::int64_t transform = Import(openai.Url(), "openai:text-embedding-3-small", Texts(3));
  const auto reason = [&] {
    world_.Submit(transform);
    EXPECT_EQ(world_.RunUntilIdle(), 1) << world_.Log();
    const std::vector<DeadLetter> letters = world_.DeadLetters();
    EXPECT_EQ(letters.size(), 1u) << world_.Log();
    EXPECT_TRUE(world_.Run({"dlq", "purge", "--yes"}).status.ok());
    if (letters.empty()) return std::string();
    EXPECT_EQ(letters.front().attempts, "1");
    return letters.front().error;
  };
  world_.Set("EGRESS_ALLOW", "api.openai.com");
  EXPECT_THAT(reason(), HasSubstr("requests to 127.0.0.1, port"));
  EXPECT_EQ(openai.counters().requests, 0u);
  world_.Set("EGRESS_ALLOW", "");
  world_.Sql("UPDATE embedders SET base_url = 'http://169.254.169.254/'");
  EXPECT_THAT(reason(), HasSubstr("an operator can name it in EGRESS_ALLOW"));
  EXPECT_EQ(world_.Sql("SELECT count(*) FROM dataset_transform_failed_chunks"), "0");

  const Output refused = world_.Run({"import", "--dataset", "denied", "--embedder", "openai:m",
                                     "--base-url", "http://169.254.169.254/", "-"},
                                    R"({"title":"t","text":"x"})");
  EXPECT_FALSE(refused.status.ok());
  EXPECT_THAT(refused.err, HasSubstr("EGRESS_ALLOW"));
}

TEST_F(ProvidersTest, AJobMayNotSendTheStoredKeyToAnotherAddress) {
  Double right("openai", {.key = kKey});
  Double wrong("openai");
  const std::int64_t transform = Import(right.Url(), "openai:text-embedding-3-small", Texts(3));
  world_.Publish(fmt::format(
      R"({{"job_id":"j","dataset_transform_id":{},"embedder_config":{{"base_url":"{}"}}}})",
      transform, wrong.Url()));
  ASSERT_EQ(world_.RunUntilIdle(), 1) << world_.Log();
  for (const doubles::Entry& entry : wrong.entries()) {
    for (const auto& [name, value] : entry.headers) EXPECT_THAT(value, Not(HasSubstr(kKey)));
  }
}

TEST_F(ProvidersTest, NoKeyIsSeenAnywhere) {
  constexpr char kLiteral[] = "sk-of-the-database-in-clear";
  constexpr char kWorkers[] = "sk-of-the-workers-environment";
  world_.Set("LOG_LEVEL", "trace");
  world_.Set("OPENAI_API_KEY", kWorkers);
  Double good("openai", {.key = kKey});
  Double other("openai", {.key = kLiteral});
  Double refusing("openai", {.key = "one-that-nobody-has"});
  const std::int64_t first = Import(good.Url(), "openai:text-embedding-3-small", Texts(150));
  const std::int64_t second = Import(other.Url(), "openai:text-embedding-3-small", Texts(5));
  const std::int64_t third = Import(refusing.Url(), "openai:text-embedding-3-small", Texts(5));
  world_.Sql(fmt::format("UPDATE embedders SET api_key_encrypted = '{}' WHERE base_url = '{}'",
                         kLiteral, other.Url()));
  good.FailNext("rate_limit");
  for (const std::int64_t transform : {first, second, third}) world_.Submit(transform);

  const Output plugins = world_.Run({"plugins", "--json"});
  const Output check = world_.Run({"check-config"});
  ASSERT_EQ(world_.RunUntilIdle(), 1) << world_.Log();
  EXPECT_EQ(world_.PointIds(second).size(), 5u);

  std::string seen = world_.Log() + plugins.out + plugins.err + check.out + check.err;
  for (const DeadLetter& letter : world_.DeadLetters()) seen += letter.error + letter.payload;
  seen +=
      world_.Sql("SELECT coalesce(string_agg(t::text, ''), '') FROM dataset_transform_batches t");
  for (const char* key : {kKey, kLiteral, kWorkers}) EXPECT_THAT(seen, Not(HasSubstr(key)));
  EXPECT_THAT(seen, HasSubstr("the API key was refused"));
}

}  // namespace
}  // namespace dsw
