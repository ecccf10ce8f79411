// SPDX-License-Identifier: Apache-2.0
//
// From environment variables to settings: defaults, mistakes, warnings, providers' options.
#include "host/config/settings.h"

#include <algorithm>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "host/config/settings_table.h"
#include "tests/support/matchers.h"

namespace dsw {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

TEST(SettingsTest, HaveTheDocumentedNamesAndDefaults) {
  const std::vector<std::pair<std::string_view, std::string_view>> documented = {
      {"NATS_URL", "nats://localhost:4222"},
      {"DATABASE_URL", "postgresql://localhost/semantic_explorer"},
      {"QDRANT_URL", "http://localhost:6333"},
      {"QDRANT_API_KEY", ""},
      {"WORKER_CONCURRENCY", "4"},
      {"MAX_RETRIES", "3"},
      {"JOB_TIMEOUT", "1800"},
      {"EMBEDDING_BATCH_SIZE", "100"},
      {"MAX_CHUNKS_PER_JOB", "100000"},
      {"EMBEDDER_TIMEOUT", "60"},
      {"EMBEDDER_MAX_RETRIES", "3"},
      {"EMBEDDER_RETRY_DELAY_MS", "1000"},
      {"MAX_EMBEDDER_REQUESTS_PER_SECOND", "10"},
      {"QDRANT_CREATE_COLLECTION", "true"},
      {"QDRANT_DISTANCE", "Cosine"},
      {"QDRANT_HNSW_M", "16"},
      {"QDRANT_HNSW_EF_CONSTRUCT", "100"},
      {"QDRANT_UPLOAD_BATCH_SIZE", "100"},
      {"QDRANT_ENABLE_QUANTIZATION", "false"},
      {"OTEL_EXPORTER_OTLP_ENDPOINT", "http://localhost:4317"},
      {"OTEL_SERVICE_NAME", "worker-datasets"},
      {"OTEL_SERVICE_VERSION", "1.0.0"},
      {"RUST_LOG", "info"},
      {"LOG_FORMAT", "auto"},
      {"USE_LOCAL_EMBEDDER", "false"},
      {"RETRY_SCHEDULE", "30,120,300,900,3600"},
      {"METRICS_PORT", "9090"},
  };
  for (const auto& [name, value] : documented) {
    const auto table = SettingsTable();
    const auto row = std::find_if(table.begin(), table.end(),
                                  [&](const Setting& setting) { return setting.name == name; });
    ASSERT_NE(row, table.end()) << name;
    EXPECT_EQ(row->default_value, value) << name;
  }
}

TEST(SettingsTest, HaveNoNameTwice) {
  std::vector<std::string_view> names;
  for (const Setting& setting : SettingsTable()) names.push_back(setting.name);
  std::sort(names.begin(), names.end());
  EXPECT_EQ(std::adjacent_find(names.begin(), names.end()), names.end());
}

TEST(SettingsTest, AreTheDefaultsWhenNothingIsSet) {
  ASSERT_OK_AND_ASSIGN(const Settings settings, ParseSettings({}));
  EXPECT_EQ(settings.worker_concurrency, 4);
  EXPECT_EQ(settings.job_timeout, seconds(1800));
  EXPECT_EQ(settings.embedder_retry_delay, milliseconds(1000));
  EXPECT_EQ(settings.nats_ack_wait, seconds(60));
  EXPECT_THAT(settings.retry_schedule,
              ElementsAre(seconds(30), seconds(120), seconds(300), seconds(900), seconds(3600)));
  EXPECT_EQ(settings.vector_sink, "qdrant");
  EXPECT_EQ(settings.log_filter.level, LogLevel::kInfo);
  EXPECT_EQ(settings.log_format, LogFormat::kAuto);
  EXPECT_TRUE(settings.nats_create_streams);
  EXPECT_TRUE(settings.encryption_master_key.empty());
  EXPECT_THAT(settings.warnings, IsEmpty());
}

TEST(SettingsTest, TakeAnEmptyVariableAsNotSet) {
  ASSERT_OK_AND_ASSIGN(const Settings settings, ParseSettings({{"WORKER_CONCURRENCY", " "}}));
  EXPECT_EQ(settings.worker_concurrency, 4);
  EXPECT_FALSE(settings.effective.at("WORKER_CONCURRENCY").from_environment);
}

TEST(SettingsTest, ReportAllMistakesAtOnce) {
  const Result<Settings> settings = ParseSettings({{"WORKER_CONCURRENCY", "none"},
                                                   {"METRICS_PORT", "65536"},
                                                   {"QDRANT_DISTANCE", "Manhattan"},
                                                   {"JOB_TIMEOUT", "0"},
                                                   {"RETRY_SCHEDULE", "30,soon"},
                                                   {"RUST_LOG", "inof"},
                                                   {"NATS_URL", "localhost"},
                                                   {"NATS_STREAM", "two words"},
                                                   {"USE_LOCAL_EMBEDDER", "maybe"}});
  ASSERT_FALSE(settings);
  EXPECT_EQ(settings.error().code, Code::kInvalid);
  const std::string& message = settings.error().message;
  EXPECT_EQ(std::count(message.begin(), message.end(), '\n'), 8);
  EXPECT_THAT(message,
              HasSubstr("WORKER_CONCURRENCY=none: expected a whole number from 1 to 1024"));
  EXPECT_THAT(message, HasSubstr("METRICS_PORT=65536: expected a whole number from 0 to 65535"));
  EXPECT_THAT(message, HasSubstr("QDRANT_DISTANCE=Manhattan: expected one of Cosine, Euclid, Dot"));
  EXPECT_THAT(message, HasSubstr("JOB_TIMEOUT=0: expected a duration from 1s to 168h"));
  EXPECT_THAT(message, HasSubstr("RETRY_SCHEDULE=30,soon: expected a duration"));
  EXPECT_THAT(message, HasSubstr("RUST_LOG=inof: \"inof\" is not a level"));
  EXPECT_THAT(message,
              HasSubstr("NATS_URL=localhost: expected an address that starts with nats://"));
  EXPECT_THAT(message, HasSubstr("NATS_STREAM=two words: expected letters"));
  EXPECT_THAT(message, HasSubstr("USE_LOCAL_EMBEDDER=maybe: expected true or false"));
}

TEST(SettingsTest, DoNotRepeatSecretsInMistakes) {
  const Result<Settings> settings = ParseSettings({{"ENCRYPTION_MASTER_KEY", "not-hexadecimal"},
                                                   {"DATABASE_URL", "mysql://me:hunter22@db/x"},
                                                   {"NATS_URL", "me:sesame77@nats:4222"}});
  ASSERT_FALSE(settings);
  EXPECT_THAT(settings.error().message, HasSubstr("ENCRYPTION_MASTER_KEY=***: expected 64"));
  EXPECT_THAT(settings.error().message, Not(HasSubstr("not-hex")));
  EXPECT_THAT(settings.error().message, Not(HasSubstr("hunter22")));
  EXPECT_THAT(settings.error().message, Not(HasSubstr("sesame77")));
}

TEST(SettingsTest, ReadDurationsWithUnits) {
  ASSERT_OK_AND_ASSIGN(const Settings settings,
                       ParseSettings({{"RETRY_SCHEDULE", "30s, 2m,1h,100ms"},
                                      {"EMBEDDER_RETRY_DELAY_MS", "250"},
                                      {"JOB_TIMEOUT", "2h"}}));
  EXPECT_THAT(settings.retry_schedule,
              ElementsAre(seconds(30), seconds(120), seconds(3600), milliseconds(100)));
  EXPECT_EQ(settings.embedder_retry_delay, milliseconds(250));
  EXPECT_EQ(settings.job_timeout, seconds(7200));
}

TEST(SettingsTest, LetLogLevelWinOverRustLog) {
  ASSERT_OK_AND_ASSIGN(const Settings both,
                       ParseSettings({{"RUST_LOG", "trace"}, {"LOG_LEVEL", "warn"}}));
  EXPECT_EQ(both.log_filter.level, LogLevel::kWarn);
  ASSERT_OK_AND_ASSIGN(const Settings alone, ParseSettings({{"RUST_LOG", "debug"}}));
  EXPECT_EQ(alone.log_filter.level, LogLevel::kDebug);
}

TEST(SettingsTest, MaskSecretsInWhatIsInForce) {
  const std::string key(64, 'a');
  ASSERT_OK_AND_ASSIGN(const Settings settings,
                       ParseSettings({{"ENCRYPTION_MASTER_KEY", key},
                                      {"DATABASE_URL", "postgresql://me:hunter22@db/x"}}));
  EXPECT_EQ(settings.encryption_master_key.Reveal(), key);
  EXPECT_EQ(settings.effective.at("ENCRYPTION_MASTER_KEY").value, "***");
  EXPECT_EQ(settings.database_url, "postgresql://me:hunter22@db/x");
  EXPECT_EQ(settings.effective.at("DATABASE_URL").value, "postgresql://me:***@db/x");
}

TEST(SettingsTest, BecomeTheDefaultOptionsOfProviders) {
  ASSERT_OK_AND_ASSIGN(const Settings settings,
                       ParseSettings({{"FASTEMBED_THREADS", "2"},
                                      {"SQLITE_PATH", "/data/\"quoted\".sqlite"},
                                      {"QDRANT_ENABLE_QUANTIZATION", "YES"},
                                      {"QDRANT_API_KEY", "qdrant-secret"}}));
  using Json = nlohmann::json;
  EXPECT_EQ(Json::parse(settings.provider_defaults.at("fastembed")), (Json{{"threads", 2}}));
  EXPECT_EQ(Json::parse(settings.provider_defaults.at("sqlite")),
            (Json{{"path", "/data/\"quoted\".sqlite"}}));
  EXPECT_EQ(Json::parse(settings.provider_defaults.at("qdrant")),
            (Json{{"url", "http://localhost:6333"},
                  {"hnsw_m", 16},
                  {"hnsw_ef_construct", 100},
                  {"quantization", true},
                  {"transport", "auto"}}));
}

TEST(SettingsTest, KeepKeysOfServicesApart) {
  ASSERT_OK_AND_ASSIGN(const Settings settings, ParseSettings({{"OPENAI_API_KEY", "sk-of-openai"},
                                                               {"QDRANT_API_KEY", "env:OTHER"}}));
  EXPECT_EQ(settings.provider_keys.at("openai").Reveal(), "sk-of-openai");
  EXPECT_EQ(settings.provider_keys.at("qdrant").Reveal(), "env:OTHER");
  EXPECT_EQ(settings.provider_keys.count("cohere"), 0u);
  EXPECT_EQ(settings.effective.at("OPENAI_API_KEY").value, "***");
  for (const auto& [provider, options] : settings.provider_defaults) {
    EXPECT_EQ(options.find("sk-of-openai"), std::string::npos) << provider;
  }
}

TEST(SettingsTest, NameTheAllowedValuesOfQdrant) {
  EXPECT_FAIL(ParseSettings({{"QDRANT_TRANSPORT", "http"}}), Code::kInvalid,
              "QDRANT_TRANSPORT=http: expected one of auto, grpc, rest");
  EXPECT_FAIL(ParseSettings({{"QDRANT_DISTANCE", "cosine distance"}}), Code::kInvalid,
              "expected one of Cosine, Euclid, Dot");
  EXPECT_FAIL(ParseSettings({{"QDRANT_HNSW_EF_CONSTRUCT", "3"}}), Code::kInvalid,
              "a whole number from 4 to");
  EXPECT_FAIL(ParseSettings({{"FAILED_CHUNK_POLICY", "skip"}}), Code::kInvalid,
              "expected one of record, fail");
}

TEST(SettingsTest, SayWhereRequestsMayGo) {
  const auto settings =
      ParseSettings({{"EGRESS_ALLOW", "a.example, 10.0.0.0/8"}, {"EGRESS_DENY", "10.0.0.1"}});
  ASSERT_OK(settings);
  EXPECT_EQ(settings->egress.allow.size(), 2u);
  EXPECT_EQ(settings->egress.deny.size(), 1u);
  EXPECT_FAIL(ParseSettings({{"EGRESS_DENY", "a.example,10.0.0.1/8"}}), Code::kInvalid,
              "`10.0.0.1/8` is no rule: expected a host");
}

TEST(SettingsTest, WarnAboutVariablesThatLookMisspelled) {
  ASSERT_OK_AND_ASSIGN(
      const Settings settings,
      ParseSettings({{"WORKER_CONCURENCY", "8"}, {"PATH", "/bin"}, {"HOME", "/"}}));
  EXPECT_THAT(settings.warnings,
              ElementsAre("WORKER_CONCURENCY is not a setting: is WORKER_CONCURRENCY meant?"));
}

TEST(SettingsTest, ReadTheEnvironmentOfTheProcess) {
  ASSERT_EQ(setenv("DSW_SETTINGS_TEST", "a=b", 1), 0);
  EXPECT_EQ(ProcessEnvironment().at("DSW_SETTINGS_TEST"), "a=b");
}

TEST(SettingsTest, GrantsAreByPlugin) {
  ASSERT_OK_AND_ASSIGN(
      const Settings settings,
      ParseSettings({{"PLUGIN_GRANTS", "org.example.acme:net, org.example.acme:files,b:net"}}));
  EXPECT_THAT(settings.plugin_grants.at("org.example.acme"), ElementsAre("files", "net"));
  EXPECT_THAT(settings.plugin_grants.at("b"), ElementsAre("net"));
  for (const char* wrong : {"acme", "acme:", ":net", "acme:root"}) {
    EXPECT_FAIL(ParseSettings({{"PLUGIN_GRANTS", wrong}}), Code::kInvalid, "org.example.acme:net")
        << wrong;
  }
}

}  // namespace
}  // namespace dsw
