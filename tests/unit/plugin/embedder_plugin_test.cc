// SPDX-License-Identifier: Apache-2.0
#include "host/plugin/embedder_plugin.h"

#include <cstdint>
#include <functional>
#include <limits>

#include "tests/support/matchers.h"
#include "tests/unit/plugin/fake_tables.h"

namespace dsw {
namespace {

using EmbedBody = std::function<dsw_status(const dsw_embed_request&, const dsw_embed_out&)>;

/// An embedder of 2 dimensions whose embed call is `body_`.
class EmbedderPluginTest : public testing::Test {
 protected:
  EmbedderPluginTest() {
    ops_.struct_size = sizeof ops_;
    ops_.embed = [](void* self, const dsw_call*, const dsw_embed_request* request,
                    const dsw_embed_out* out, dsw_error*) {
      return static_cast<EmbedderPluginTest*>(self)->body_(*request, *out);
    };
    ops_.describe = [](void* self, const dsw_call*, dsw_model_facts* facts, dsw_error*) {
      const std::uint32_t size = facts->struct_size;
      *facts = static_cast<EmbedderPluginTest*>(self)->facts_;
      facts->struct_size = size;
      return dsw_status{DSW_OK};
    };
    provider_.embedder = &ops_;
    provider_.max_batch = 3;
    provider_.max_request_bytes = 1000;
  }

  std::unique_ptr<EmbedderPlugin> Open() {
    auto instance = PluginInstance::Create(Loaded(provider_, this), "{}");
    return std::make_unique<EmbedderPlugin>(*std::move(instance));
  }

  static float* Alloc(const dsw_embed_request& request, const dsw_embed_out& out) {
    return out.alloc(&out, static_cast<std::uint32_t>(request.text_count), 2);
  }

  static dsw_model_facts MakeFacts() {
    dsw_model_facts facts{};
    facts.struct_size = sizeof facts;
    facts.dimensions = 2;
    facts.max_tokens = 512;
    return facts;
  }

  dsw_embedder_ops ops_{};
  dsw_provider provider_ = FakeProvider(DSW_KIND_EMBEDDER);
  dsw_model_facts facts_ = MakeFacts();
  EmbedBody body_;
  const std::vector<std::string_view> texts_{"one", "two"};
};

TEST_F(EmbedderPluginTest, HandsOnTheMatrixThatThePluginFilled) {
  const float* filled = nullptr;
  body_ = [&](const dsw_embed_request& request, const dsw_embed_out& out) {
    EXPECT_EQ(request.text_count, 2u);
    EXPECT_EQ(ViewOf(request.texts[1]), "two");
    EXPECT_EQ(request.input_type, std::uint32_t{DSW_INPUT_QUERY});
    float* rows = Alloc(request, out);
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(rows) % 64, 0u);
    for (int i = 0; i < 4; ++i) {
      EXPECT_EQ(rows[i], 0.0f);
      rows[i] = static_cast<float>(i);
    }
    out.item_truncated(&out, 1);
    const dsw_usage usage{sizeof usage, 1, 5, 7};
    out.usage(&out, &usage);
    filled = rows;
    return dsw_status{DSW_OK};
  };
  ASSERT_OK_AND_ASSIGN(const Vectors vectors, Open()->Embed({}, texts_, InputType::kQuery));
  EXPECT_EQ(vectors.matrix.data(), filled);
  EXPECT_EQ(vectors.matrix.rows(), 2u);
  EXPECT_THAT(vectors.matrix.row(1), testing::ElementsAre(2.0f, 3.0f));
  EXPECT_THAT(vectors.truncated, testing::ElementsAre(false, true));
  ASSERT_EQ(vectors.item_errors.size(), 2u);
  EXPECT_FALSE(vectors.item_errors[0] || vectors.item_errors[1]);
  EXPECT_EQ(vectors.tokens, 7);
}

TEST_F(EmbedderPluginTest, ReportsTextsThatFailed) {
  body_ = [](const dsw_embed_request& request, const dsw_embed_out& out) {
    Alloc(request, out)[0] = std::numeric_limits<float>::quiet_NaN();
    dsw_error error = {};
    error.struct_size = sizeof error;
    error.category = DSW_E_INVALID_REQUEST;
    error.retry_after_ms = -1;
    error.message[0] = '?';
    out.item_error(&out, 0, &error);
    return dsw_status{DSW_OK};
  };
  ASSERT_OK_AND_ASSIGN(const Vectors vectors, Open()->Embed({}, texts_, InputType::kDocument));
  ASSERT_TRUE(vectors.item_errors[0]);
  EXPECT_EQ(vectors.item_errors[0]->code, Code::kInvalid);
  EXPECT_FALSE(vectors.item_errors[1]);
  EXPECT_FALSE(vectors.tokens);
}

TEST_F(EmbedderPluginTest, LooksAtEveryFloatOfAVector) {
  constexpr std::uint32_t kLength = 11;
  facts_.dimensions = kLength;
  const auto embedder = Open();
  constexpr std::string_view kText[] = {"text"};
  for (std::size_t i = 0; i < kLength; ++i) {
    float value = 0;
    body_ = [&](const dsw_embed_request&, const dsw_embed_out& out) {
      out.alloc(&out, 1, kLength)[i] = value;
      return dsw_status{DSW_OK};
    };
    value = std::numeric_limits<float>::lowest();
    EXPECT_OK(embedder->Embed({}, kText, InputType::kDocument));
    for (const float bad :
         {-std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
      value = bad;
      EXPECT_FAIL(embedder->Embed({}, kText, InputType::kDocument), Code::kBadResponse,
                  "not finite");
    }
  }
}

TEST_F(EmbedderPluginTest, AVectorThatIsNotFiniteIsItsTextsFailureAlone) {
  facts_.dimensions = 1;
  const auto embedder = Open();
  constexpr std::string_view kTexts[] = {"a", "b", "c"};
  body_ = [&](const dsw_embed_request&, const dsw_embed_out& out) {
    float* const values = out.alloc(&out, 3, 1);
    values[0] = values[2] = 1;
    values[1] = std::numeric_limits<float>::quiet_NaN();
    return dsw_status{DSW_OK};
  };
  const Result<Vectors> vectors = embedder->Embed({}, kTexts, InputType::kDocument);
  ASSERT_OK(vectors);
  EXPECT_FALSE(vectors->item_errors[0]);
  ASSERT_TRUE(vectors->item_errors[1]);
  EXPECT_EQ(vectors->item_errors[1]->code, Code::kBadResponse);
  EXPECT_FALSE(vectors->item_errors[2]);
}

TEST_F(EmbedderPluginTest, KnowsItsLimits) {
  const auto embedder = Open();
  EXPECT_EQ(embedder->provider(), "fake");
  EXPECT_EQ(embedder->limits().max_batch, 3u);
  EXPECT_EQ(embedder->limits().max_bytes, 1000u);
  ASSERT_OK_AND_ASSIGN(ModelFacts facts, embedder->Describe({}));
  EXPECT_EQ(facts.dimensions, 2u);
  EXPECT_EQ(facts.max_tokens, 512u);
  EXPECT_EQ(facts.max_batch, 3u);
  facts_.max_batch = 1;
  ASSERT_OK_AND_ASSIGN(facts, embedder->Describe({}));
  EXPECT_EQ(facts.max_batch, 1u);
  EXPECT_EQ(embedder->limits().max_batch, 1u);
}

TEST_F(EmbedderPluginTest, RefusesMoreTextsThanThePluginTakes) {
  body_ = [](const dsw_embed_request&, const dsw_embed_out&) {
    ADD_FAILURE() << "was called";
    return dsw_status{DSW_OK};
  };
  const std::vector<std::string_view> texts(4, "text");
  EXPECT_FAIL(Open()->Embed({}, texts, InputType::kDocument), Code::kTooLarge, "at most 3");
}

TEST_F(EmbedderPluginTest, CallsNothingForNoTexts) {
  ASSERT_OK_AND_ASSIGN(const Vectors vectors, Open()->Embed({}, {}, InputType::kDocument));
  EXPECT_EQ(vectors.matrix.rows(), 0u);
}

TEST_F(EmbedderPluginTest, HoldsThePluginToTheDimensionsOfItsFirstAnswer) {
  std::uint32_t dimensions = 5;
  body_ = [&](const dsw_embed_request&, const dsw_embed_out& out) {
    return out.alloc(&out, 2, dimensions) != nullptr ? dsw_status{DSW_OK}
                                                     : dsw_status{DSW_E_CONFLICT};
  };
  facts_.dimensions = 0;
  const auto embedder = Open();
  ASSERT_OK(embedder->Describe({}));
  ASSERT_OK(embedder->Embed({}, texts_, InputType::kDocument));
  ASSERT_OK_AND_ASSIGN(const ModelFacts facts, embedder->Describe({}));
  EXPECT_EQ(facts.dimensions, 5u);
  dimensions = 6;
  EXPECT_FAIL(embedder->Embed({}, texts_, InputType::kDocument), Code::kInternal,
              "vectors of 6 dimensions from a model of 5");
}

TEST_F(EmbedderPluginTest, DoesNotCopyTheMatrixOnAFailedCall) {
  body_ = [](const dsw_embed_request& request, const dsw_embed_out& out) {
    Alloc(request, out);
    return dsw_status{DSW_E_UNAVAILABLE};
  };
  EXPECT_FAIL(Open()->Embed({}, texts_, InputType::kDocument), Code::kUnavailable);
}

}  // namespace
}  // namespace dsw
