// SPDX-License-Identifier: Apache-2.0
//
// Embedders that are services: slow ones are not down, and one text costs no others. What a worker
// holds in memory is bounded, however large texts are.
#include <fstream>

#include <nlohmann/json.hpp>

#include "tests/fault/fault_test.h"

namespace dsw::fault_test {
namespace {

using testing::HasSubstr;
using testing::Not;

class UpstreamTest : public FaultTest {
 protected:
  /// One dataset of a service, whose texts are the lines' chunks.
  std::int64_t ImportRemote(const std::string& dataset, int chunks, const std::string& special) {
    nlohmann::json item = {{"title", "t"}, {"chunks", nlohmann::json::array()}};
    for (int i = 1; i < chunks; ++i)
      item["chunks"].push_back(fmt::format("{} text {}", dataset, i));
    item["chunks"].push_back(special);
    return world_.ImportLines(
        dataset, item.dump(),
        {"--embedder", "fault-remote:hash-8", "--batch-size", "100", "--base-url",
         "http://127.0.0.1:1", "--config", nlohmann::json{{"maker", dataset}}.dump()});
  }

  /// Largest resident size of a worker that does all jobs, in MiB.
  std::int64_t PeakOfAWorker() {
    Process worker = world_.Start("w", {}, {"--until-idle"});
    std::int64_t peak_kib = 0;
    while (!worker.Wait(std::chrono::milliseconds(10))) {
      std::ifstream status(fmt::format("/proc/{}/status", worker.pid()));
      for (std::string line; std::getline(status, line);) {
        if (line.starts_with("VmHWM:")) peak_kib = std::max(peak_kib, std::stol(line.substr(6)));
      }
    }
    return peak_kib / 1024;
  }
};

TEST_F(UpstreamTest, ASlowServerIsNotADownOne) {
  const std::int64_t transform = ImportRemote("slow", 200, "the last one");
  world_.Script(R"({"id":"slow","at":"before_embed","do":"sleep","ms_per_text":20,"serial":true})");
  world_.SubmitJob(transform);
  EXPECT_TRUE(world_.Drain(std::chrono::seconds(40), {{"EMBEDDER_TIMEOUT", "1"}}));
  EXPECT_EQ(world_.PointsOf(transform).size(), 200U);
  EXPECT_LE(world_.Sent().size(), 600U);
  EXPECT_THAT(world_.Logs(), Not(HasSubstr("is down")));
  EXPECT_TRUE(world_.DeadLetters().empty());
}

/// What a rule does to calls with the text, and what must stand in the chunk's reason.
struct Poison {
  const char* name;
  const char* rule;
  const char* reason;
};

void PrintTo(const Poison& poison, std::ostream* out) {
  *out << poison.name;
}

class PoisonTest : public UpstreamTest, public testing::WithParamInterface<Poison> {};

TEST_P(PoisonTest, OneTextCostsNoOthers) {
  world_.Set("EMBEDDER_TIMEOUT", "1");
  world_.Set("BATCHES_IN_FLIGHT", "1");
  const std::int64_t transform = ImportRemote("poisoned", 20, "POISON");
  world_.Script(
      fmt::format(R"({{"id":"bad","at":"before_embed","text":"POISON",{}}})", GetParam().rule));
  world_.SubmitJob(transform);
  EXPECT_TRUE(world_.Drain(std::chrono::seconds(30)));
  EXPECT_EQ(world_.PointsOf(transform).size(), 19U);
  // Each call with it has half of the texts of the one before; a few are repeated as they are.
  EXPECT_LE(world_.Sent().size(), 20U * 6);
  EXPECT_THAT(world_.Sql("SELECT coalesce(max(reason), '') FROM dataset_transform_failed_chunks"),
              HasSubstr(GetParam().reason));
  ExpectClean(transform, {.refused = {"POISON"}});
}

constexpr char kWords[] = "json: unsupported value: NaN";
INSTANTIATE_TEST_SUITE_P(
    Upstream, PoisonTest,
    testing::Values(Poison{"Status500",
                           R"("do":"fail","category":"unavailable","http_status":500,
                  "message":"json: unsupported value: NaN")",
                           kWords},
                    Poison{"Status424",
                           R"("do":"fail","category":"bad_response","http_status":424,
                  "message":"json: unsupported value: NaN")",
                           kWords},
                    Poison{"Status400",
                           R"("do":"fail","category":"invalid_request","http_status":400,
                  "message":"json: unsupported value: NaN")",
                           kWords},
                    Poison{"Timeout", R"("do":"sleep","ms":60000)", "the call's deadline passed"},
                    Poison{"BadVector", R"("do":"nan")", "returned a vector that is not finite"}),
    [](const auto& each) { return each.param.name; });

TEST_F(UpstreamTest, LargeTextsDoNotAddUpInMemory) {
  constexpr int kChunks = 40;
  constexpr std::size_t kBytes = 5'000'000;
  world_.Set("WORKER_MEMORY", "64");
  // In one batch, and in batches of several jobs, which share the memory.
  for (const int jobs : {1, 4}) {
    SCOPED_TRACE(jobs);
    std::vector<std::int64_t> transforms;
    for (int i = 0; i < jobs; ++i) {
      const std::string name = fmt::format("large {} of {}", i, jobs);
      transforms.push_back(
          world_.ImportLines(name, R"({"title":"t","chunks":["x"]})",
                             {"--embedder", "fault:hash-8", "--batch-size", "100", "--config",
                              nlohmann::json{{"maker", name}}.dump()}));
      Edit(transforms.back(),
           fmt::format("UPDATE dataset_items SET chunks = (SELECT jsonb_agg(repeat(md5(n::text), "
                       "{})) FROM generate_series(1, {}) n) WHERE dataset_id = DATASET",
                       kBytes / 32, kChunks / jobs));
      world_.SubmitJob(transforms.back());
    }
    const std::int64_t peak = PeakOfAWorker();
    for (const std::int64_t transform : transforms) {
      EXPECT_EQ(world_.PointsOf(transform).size(), static_cast<std::size_t>(kChunks / jobs));
    }
    std::cout << fmt::format("peak RSS {} MiB\n", peak);
    EXPECT_LE(peak, 320) << "200 MB of texts, 5 MB each; 465 without a bound";
  }
}

}  // namespace
}  // namespace dsw::fault_test
