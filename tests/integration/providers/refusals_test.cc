// SPDX-License-Identifier: Apache-2.0
//
// The services' tables of errors, row by row: what the host makes of each.
#include <chrono>
#include <optional>

#include "tests/integration/providers/provider_fixture.h"

namespace dsw {
namespace {

using std::chrono::milliseconds;
using Unit = SizeLimit::Unit;

struct Row {
  std::string pairing;
  std::string canned;
  Code code;
  std::optional<SizeLimit> limit{};
  std::optional<std::uint32_t> item{};
  std::optional<milliseconds> retry_after{};
};

void PrintTo(const Row& row, std::ostream* out) {
  *out << row.pairing << ' ' << row.canned;
}

std::vector<Row> Rows() {
  const auto items = [](std::int64_t allowed, std::int64_t asked = 0) {
    return SizeLimit{Unit::kItems, allowed, asked};
  };
  const auto tokens = [](std::int64_t allowed, std::int64_t asked) {
    return SizeLimit{Unit::kTokens, allowed, asked};
  };
  std::vector<Row> rows = {
      {"OpenAi", "wrong_key", Code::kUnauthenticated},
      {"OpenAi", "wrong_country", Code::kUnauthenticated},
      {"OpenAi", "rate_limit", Code::kRateLimited, {}, {}, milliseconds(2812)},
      {"OpenAi", "rate_limit_text_only", Code::kRateLimited, {}, {}, milliseconds(2812)},
      {"OpenAi", "rate_limit_seconds", Code::kRateLimited, {}, {}, milliseconds(20'000)},
      {"OpenAi", "rate_limit_too_large", Code::kTooLarge, tokens(30'000, 31'538)},
      {"OpenAi", "insufficient_quota", Code::kQuota},
      {"OpenAi", "too_long", Code::kInputTooLong},
      {"OpenAi", "too_long_named", Code::kInputTooLong, {}, 2},
      {"OpenAi", "too_many_tokens", Code::kTooLarge, tokens(300'000, 319'487)},
      {"OpenAi", "invalid_input", Code::kTooLarge},
      {"OpenAi", "server_error", Code::kUnavailable},
      {"OpenAi", "overloaded", Code::kOverloaded},
      {"OpenAi", "slow_down", Code::kOverloaded},
      {"OpenAi", "bad_gateway_html", Code::kUnavailable},
      {"OpenAi", "origin_timeout_html", Code::kUnavailable},

      {"Jina", "no_key", Code::kUnauthenticated},
      {"Jina", "wrong_key", Code::kUnauthenticated},
      {"Jina", "wrong_key_format", Code::kUnauthenticated},
      {"Jina", "balance", Code::kQuota},
      {"Jina", "resource_limit", Code::kQuota},
      {"Jina", "model_not_found", Code::kNotFound},
      {"Jina", "not_found", Code::kNotFound},
      {"Jina", "too_many_items", Code::kTooLarge, items(512)},
      {"Jina", "too_long", Code::kInputTooLong, {}, 1},
      {"Jina", "extra_field", Code::kInvalid},
      {"Jina", "busy", Code::kUnavailable},
      {"Jina", "request_rate", Code::kRateLimited},
      {"Jina", "token_rate", Code::kRateLimited},
      {"Jina", "ip_rate", Code::kRateLimited},
      {"Jina", "concurrency", Code::kOverloaded},
      {"Jina", "server_error", Code::kUnavailable},
      {"Jina", "unavailable", Code::kUnavailable},
      {"Jina", "gateway_timeout", Code::kTimeout},
      {"Jina", "bad_gateway_html", Code::kUnavailable},

      {"Voyage", "wrong_key", Code::kUnauthenticated},
      {"Voyage", "blocked", Code::kUnauthenticated},
      {"Voyage", "malformed", Code::kInvalid},
      {"Voyage", "extra_field", Code::kInvalid},
      {"Voyage", "too_many_tokens", Code::kTooLarge, tokens(120'000, 124'417)},
      {"Voyage", "empty_text", Code::kInvalid},
      {"Voyage", "rate_limit", Code::kRateLimited},
      {"Voyage", "no_payment", Code::kRateLimited, {}, {}, milliseconds(20'000)},
      {"Voyage", "server_error", Code::kUnavailable},
      {"Voyage", "bad_gateway_html", Code::kUnavailable},
      {"Voyage", "unavailable", Code::kOverloaded},
      {"Voyage", "gateway_timeout", Code::kTimeout},

      {"InternalFastEmbed", "batch_too_large", Code::kTooLarge, items(128, 200)},
      {"InternalFastEmbed", "unsupported_model", Code::kNotFound},
      {"InternalFastEmbed", "not_preloaded", Code::kNotFound},
      {"InternalFastEmbed", "missing_field", Code::kInvalid},
      {"InternalFastEmbed", "content_type", Code::kInvalid},
      {"InternalFastEmbed", "not_found", Code::kNotFound},
      {"InternalFastEmbed", "body_too_large", Code::kTooLarge,
       SizeLimit{Unit::kBytes, 2'097'152, 2'500'000}},
      {"InternalFastEmbed", "embedding_error", Code::kUnavailable},
      {"InternalFastEmbed", "internal_error", Code::kUnavailable},
      {"InternalFastEmbed", "queue_full", Code::kOverloaded, {}, {}, milliseconds(5000)},
      {"InternalFastEmbed", "vram_pressure", Code::kOverloaded, {}, {}, milliseconds(5000)},
      {"InternalFastEmbed", "model_load", Code::kOverloaded},

      {"InternalTei", "empty", Code::kInvalid},
      {"InternalTei", "batch_too_large", Code::kTooLarge, items(32, 64)},
      {"InternalTei", "batch_too_large_413", Code::kTooLarge, items(32, 64)},
      {"InternalTei", "too_long", Code::kInputTooLong},
      {"InternalTei", "tokenizer", Code::kInvalid},
      {"InternalTei", "backend", Code::kUnavailable},
      {"InternalTei", "overloaded", Code::kOverloaded},
      {"InternalTei", "unhealthy", Code::kOverloaded},
      {"InternalTei", "body_too_large", Code::kTooLarge},
      {"InternalTei", "missing_inputs", Code::kInvalid},
      {"InternalTei", "content_type", Code::kInvalid},

      {"InternalOllama", "too_long", Code::kInputTooLong},
      {"InternalOllama", "model_not_found", Code::kNotFound},
      {"InternalOllama", "runner_crashed", Code::kBadResponse},
      {"InternalOllama", "nan", Code::kBadResponse},
      {"InternalOllama", "cancelled", Code::kUnavailable},
      {"InternalOllama", "busy", Code::kOverloaded},
      {"InternalOllama", "server_error", Code::kUnavailable},

      {"InternalOpenAi", "rate_limit_text_only", Code::kRateLimited, {}, {}, milliseconds(2812)},
      {"InternalOpenAi", "rate_limit_too_large", Code::kTooLarge, tokens(30'000, 31'538)},
      {"InternalOpenAi", "too_long", Code::kInputTooLong},
      {"InternalOpenAi", "too_long_named", Code::kInputTooLong, {}, 2},
      {"InternalEmbed", "server_error", Code::kUnavailable},
      {"InternalEmbed", "unavailable", Code::kOverloaded},
  };
  for (const std::string version : {"CohereV1", "CohereV2"}) {
    const std::vector<Row> both = {
        {version, "no_key", Code::kUnauthenticated},
        {version, "wrong_key", Code::kUnauthenticated},
        {version, "billing", Code::kQuota},
        {version, "forbidden", Code::kUnauthenticated},
        {version, "unprocessable", Code::kInvalid},
        {version, "too_many_items", Code::kTooLarge, items(96, 104)},
        {version, "empty_text", Code::kInvalid, {}, 1},
        {version, "too_long", Code::kInputTooLong},
        {version, "rate_limit", Code::kRateLimited},
        {version, "rate_limit_short", Code::kRateLimited},
        {version, "rate_limit_trial_tokens", Code::kRateLimited},
        {version, "monthly_trial", Code::kQuota},
        {version, "denied_token", Code::kUnauthenticated},
        {version, "cancelled", Code::kUnavailable},
        {version, "server_error", Code::kUnavailable},
        {version, "not_implemented", Code::kInvalid},
        {version, "unavailable", Code::kOverloaded},
        {version, "gateway_timeout", Code::kTimeout},
        {version, "bad_gateway_html", Code::kUnavailable},
    };
    rows.insert(rows.end(), both.begin(), both.end());
  }
  return rows;
}

class RefusalTest : public ProviderTest, public testing::WithParamInterface<Row> {};

TEST_P(RefusalTest, MeansWhatTheTableSays) {
  const Row& row = GetParam();
  StartNamed(row.pairing);
  doubles::Rule rule;
  rule.times = 0;
  rule.reply = doubles::CannedReply(pairing().service, row.canned);
  service().Add(rule);
  const Result<Vectors> vectors = Embed({"a", "b", "c"});
  ASSERT_TRUE(FailsWith(vectors, row.code));
  const Error& error = vectors.error();
  EXPECT_EQ(error.limit, row.limit) << error.message;
  EXPECT_EQ(error.item, row.item) << error.message;
  EXPECT_EQ(error.retry_after, row.retry_after) << error.message;
  EXPECT_EQ(error.message.find('<'), std::string::npos) << error.message;
}

INSTANTIATE_TEST_SUITE_P(Tables, RefusalTest, testing::ValuesIn(Rows()), [](const auto& test) {
  return test.param.pairing + '_' + test.param.canned;
});

}  // namespace
}  // namespace dsw
