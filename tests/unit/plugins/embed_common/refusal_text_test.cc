// SPDX-License-Identifier: Apache-2.0
#include "plugins/embed_common/refusal_text.h"

#include <string>

#include <gtest/gtest.h>

#include <dsw/plugin.h>

namespace dsw {
namespace {

struct SizeCase {
  const char* text;
  std::uint32_t unit;
  std::int64_t allowed;
  std::int64_t asked;
};

TEST(RefusalTextTest, FindsTheSizesThatServicesName) {
  const SizeCase cases[] = {
      {"invalid request: total number of texts must be at most 96 - received 104", DSW_LIMIT_ITEMS,
       96, 104},
      {"Each input list can contain at most 512 items.", DSW_LIMIT_ITEMS, 512, 0},
      {"List should have at most 512 items after validation, not 600", DSW_LIMIT_ITEMS, 512, 600},
      {"The batch size limit is 1000. Please reduce the number of texts.", DSW_LIMIT_ITEMS, 1000,
       0},
      {"Bad request: Batch size 200 exceeds maximum 128", DSW_LIMIT_ITEMS, 128, 200},
      {"batch size 64 > maximum allowed batch size 32", DSW_LIMIT_ITEMS, 32, 64},
      {"Requested 319487 tokens, max 300000 tokens per request", DSW_LIMIT_TOKENS, 300000, 319487},
      {"Request too large for text-embedding-3-small in organization org-x on tokens per min "
       "(TPM): Limit 30000, Requested 31538. The input or output tokens must be reduced",
       DSW_LIMIT_TOKENS, 30000, 31538},
      {"Request too large", DSW_LIMIT_TOKENS, 0, 0},
      {"Request to model 'voyage-code-3' failed. The max allowed tokens per submitted batch is "
       "120000. Your batch has 124417 tokens after truncation. Please lower the number of tokens "
       "in the batch.",
       DSW_LIMIT_TOKENS, 120000, 124417},
      {"The max allowed tokens per submitted batch is 1,000,000.", DSW_LIMIT_TOKENS, 1000000, 0},
      {"JSON payload (2200000 bytes) is larger than allowed (limit: 2097152 bytes).",
       DSW_LIMIT_BYTES, 2097152, 2200000},
      {"Failed to buffer the request body: length limit exceeded", DSW_LIMIT_BYTES, 0, 0},
  };
  for (const SizeCase& each : cases) {
    const auto refusal = FindSizeRefusal(each.text);
    ASSERT_TRUE(refusal) << each.text;
    EXPECT_EQ(refusal->unit, each.unit) << each.text;
    EXPECT_EQ(refusal->allowed, each.allowed) << each.text;
    EXPECT_EQ(refusal->asked, each.asked) << each.text;
  }
}

TEST(RefusalTextTest, FindsNoSizeInOtherTexts) {
  for (const char* text : {"", "Rate limit reached: Limit 1000000, Used 976163, Requested 70716.",
                           "This model's maximum context length is 8192 tokens", "at most many"}) {
    EXPECT_FALSE(FindSizeRefusal(text)) << text;
  }
}

TEST(RefusalTextTest, KnowsTextsAboutTheLengthOfAnInput) {
  for (const char* text :
       {"This model's maximum context length is 8192 tokens, however you requested 10738 tokens",
        "Invalid 'input[0]': maximum input length is 8192 tokens.",
        "Input validation error: `inputs` must have less than 512 tokens. Given: 534",
        "the input length exceeds the context length", "too many tokens: 600",
        "One of the inputs exceeds the model's context length of 4000 tokens.",
        "Input text exceeds the maximum length of 8192 tokens"}) {
    EXPECT_TRUE(SaysInputTooLong(text)) << text;
  }
  for (const char* text : {"", "Requested 319487 tokens, max 300000 tokens per request",
                           "valid input_type must be provided with the provided model"}) {
    EXPECT_FALSE(SaysInputTooLong(text)) << text;
  }
}

TEST(RefusalTextTest, FindsTheInput) {
  EXPECT_EQ(FindItem("Invalid 'input[3]': maximum input length is 8192 tokens."), 3u);
  EXPECT_EQ(FindItem("an element that is the empty string at index 0"), 0u);
  EXPECT_EQ(FindItem("body -> jina-embeddings-v3 -> input -> 12 -> text"), 12u);
  EXPECT_EQ(FindItem("body.input.7"), 7u);
  EXPECT_EQ(FindItem("input is too long"), std::nullopt);
}

TEST(RefusalTextTest, FindsHowLongToWait) {
  EXPECT_EQ(FindRetryAfterMs("Please try again in 2.812s. Visit https://x"), 2812);
  EXPECT_EQ(FindRetryAfterMs("Please try again in 590ms."), 590);
  EXPECT_EQ(FindRetryAfterMs("Please try again in 6m0s."), 360'000);
  EXPECT_EQ(FindRetryAfterMs("try again in 1h2m3.5s"), 3'723'500);
  EXPECT_EQ(FindRetryAfterMs("Rate limiting exceeded. Retry after 5s"), 5'000);
  EXPECT_EQ(FindRetryAfterMs("Please retry in 20 seconds"), 20'000);
  EXPECT_EQ(FindRetryAfterMs("try again in 99999h"), 86'400'000) << "a day at most";
  EXPECT_EQ(FindRetryAfterMs("try again later"), std::nullopt);
  EXPECT_EQ(FindRetryAfterMs("try again in a minute"), std::nullopt);
  EXPECT_EQ(FindRetryAfterMs("try again in 7"), std::nullopt);
}

TEST(RefusalTextTest, TakesLongTextsQuickly) {
  const std::string text = std::string(100'000, 'a') + " request too large limit 1";
  EXPECT_FALSE(FindSizeRefusal(text)) << "beyond what is looked at";
}

}  // namespace
}  // namespace dsw
