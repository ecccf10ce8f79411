// SPDX-License-Identifier: Apache-2.0
#include "plugins/embed_common/embedding_reader.h"

#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <dsw/plugin.hpp>

#include "tests/unit/plugins/embed_common/bodies.h"

namespace dsw {
namespace {

class Matrix final : public VectorMatrix {
 public:
  float* Allocate(std::uint32_t rows, std::uint32_t dimensions) override {
    EXPECT_TRUE(floats.empty()) << "called twice";
    floats.assign(std::size_t{rows} * dimensions, 0);
    return floats.data();
  }
  std::vector<float> floats;
};

using Floats = std::vector<float>;

Floats Read(const std::string& body, std::size_t count, std::uint32_t dimensions = 0,
            TokenUsage* usage = nullptr) {
  const PaddedBody padded(body);
  Matrix matrix;
  const TokenUsage tokens = ReadEmbeddings(padded.view(), {count, dimensions}, matrix);
  if (usage != nullptr) *usage = tokens;
  return matrix.floats;
}

/// Why `body` is refused; empty when it is not.
std::string Refusal(const std::string& body, std::size_t count = 1, std::uint32_t dimensions = 0) {
  try {
    Read(body, count, dimensions);
    return "";
  } catch (const Failure& failure) {
    EXPECT_EQ(failure.error().category, DSW_E_BAD_RESPONSE);
    return failure.what();
  }
}

const Floats kOneToFour = {1, 2, 3, 4};

TEST(EmbeddingReaderTest, ReadsEveryShapeOfAnswer) {
  for (const char* body : {
           R"({"data":[{"index":0,"embedding":[1,2]},{"index":1,"embedding":[3,4]}]})",
           R"({"data":[{"embedding":[1,2]},{"embedding":[3,4]}]})",
           R"({"data":[{"embedding":{"float":[1,2]}},{"embedding":{"float":[3,4]}}]})",
           R"({"data":[{"embeddings":[[1,2]]},{"embeddings":[[3,4]]}]})",
           R"({"data":[[1,2],[3,4]]})",
           R"({"embeddings":[[1,2],[3,4]]})",
           R"({"embeddings":[{"embedding":[1,2]},{"embedding":[3,4]}]})",
           R"({"embeddings":{"float":[[1,2],[3,4]]}})",
           R"({"embeddings":{"int8":null,"float":[[1,2],[3,4]]}})",
           "[[1,2],[3,4]]",
           "[[[1,2]],[[3,4]]]",
           R"([{"index":1,"embedding":[[3,4]]},{"index":0,"embedding":[[1,2]]}])",
           " \n[ [1 , 2] ,\n [ 3,4 ] ] \r\n",
       }) {
    EXPECT_EQ(Read(body, 2), kOneToFour) << body;
  }
  for (const char* body :
       {"[1,2,3,4]", " [ 1, 2, 3, 4 ]\n", "[[1,2,3,4]]", R"({"embedding":[1,2,3,4]})",
        R"({"embedding":[[1,2,3,4]]})", R"({"embedding":{"float":[1,2,3,4]}})"}) {
    EXPECT_EQ(Read(body, 1), kOneToFour) << body;
  }
}

TEST(EmbeddingReaderTest, ReadsBase64WhereverAListMayBe) {
  const std::string text = '"' + Base64Of(kOneToFour) + '"';
  for (const std::string& body :
       {R"({"data":[{"index":0,"embedding":)" + text + "}]}", R"({"embeddings":[)" + text + "]}",
        R"({"embeddings":{"base64":[)" + text + "]}}", R"({"embedding": )" + text + " }",
        R"({"data":[{"embedding":{"base64":)" + text + "}}]}", "[" + text + "]"}) {
    EXPECT_EQ(Read(body, 1), kOneToFour) << body;
  }
}

TEST(EmbeddingReaderTest, ReadsBase64WithEscapes) {
  const Floats vector = {-1.0e-38f, 3.5f, 0.1f};
  std::string text;
  for (char c : Base64Of(vector)) {
    text += c == '/' ? "\\/" : c == '=' ? "\\u003d" : std::string(1, c);
  }
  EXPECT_EQ(Read(R"({"embedding":")" + text + "\"}", 1), vector) << text;
}

TEST(EmbeddingReaderTest, PutsVectorsWhereTheirIndexSays) {
  EXPECT_EQ(Read(R"({"data":[{"embedding":[3,4],"index":1},{"index":0,"embedding":[1,2]}]})", 2),
            kOneToFour);
}

TEST(EmbeddingReaderTest, GoesByPositionWhenAllIndicesAreTheSame) {
  EXPECT_EQ(Read(R"({"data":[{"index":0,"embedding":[1,2]},{"index":0,"embedding":[3,4]}]})", 2),
            kOneToFour);
  EXPECT_EQ(Read(R"({"data":[{"index":7,"embedding":[1,2,3,4]}]})", 1), kOneToFour);
}

TEST(EmbeddingReaderTest, RefusesIndicesThatAreNoOrder) {
  const auto three = [](const char* a, const char* b, const char* c) {
    std::string items;
    for (const std::string index : {a, b, c}) {
      if (!items.empty()) items += ",";
      items += R"({"embedding":[1,2])" + (index.empty() ? "" : R"(,"index":)" + index) + "}";
    }
    return R"({"data":[)" + items + "]}";
  };
  EXPECT_EQ(Refusal(three("0", "1", "1"), 3), "index 1 occurs twice");
  EXPECT_EQ(Refusal(three("1", "2", "3"), 3), "vector 3 has index 3, with 3 vectors in all");
  EXPECT_EQ(Refusal(three("0", "", "2"), 3), "vector 2 has no index while others have one");
  EXPECT_EQ(Refusal(three("-1", "0", "1"), 3), "vector 1 has no index while others have one");
}

TEST(EmbeddingReaderTest, ReadsUsage) {
  TokenUsage usage;
  Read(R"({"usage":{"prompt_tokens":8,"total_tokens":9},"embedding":[1]})", 1, 0, &usage);
  EXPECT_EQ(usage.prompt, 8);
  EXPECT_EQ(usage.total, 9);
  Read(R"({"embedding":[1],"usage":{"total_tokens":9}})", 1, 0, &usage);
  EXPECT_EQ(usage.prompt, 9) << "embedding has no other tokens";
  Read(R"({"embeddings":[[1]],"meta":{"billed_units":{"input_tokens":7.0}}})", 1, 0, &usage);
  EXPECT_EQ(usage.total, 7);
  Read(R"({"embeddings":[[1]],"prompt_eval_count":5})", 1, 0, &usage);
  EXPECT_EQ(usage.prompt, 5);
  Read(R"({"embeddings":[[1]],"usage":null,"meta":3})", 1, 0, &usage);
  EXPECT_EQ(usage.prompt, -1);
  Read(R"({"embeddings":[[1]],"usage":{"prompt_tokens":"many","total_tokens":-3}})", 1, 0, &usage);
  EXPECT_EQ(usage.total, -1);
}

TEST(EmbeddingReaderTest, RefusesAnotherNumberOfVectors) {
  EXPECT_EQ(Refusal(R"({"data":[]})", 3), "0 vectors for 3 texts");
  EXPECT_EQ(Refusal("[[1],[2]]", 3), "2 vectors for 3 texts");
  EXPECT_EQ(Refusal("[[1],[2]]", 1), "2 vectors for 1 texts");
  EXPECT_EQ(Refusal("[]", 1), "0 vectors for 1 texts");
}

TEST(EmbeddingReaderTest, RefusesAnotherLength) {
  EXPECT_EQ(Refusal("[[1,2,3]]", 1, 4), "vectors of 3 floats where 4 were expected");
  EXPECT_EQ(Refusal("[[1,2,3],[1,2]]", 2), "vector 2 has 2 values, the first one 3");
  EXPECT_EQ(Refusal("[[1,2,3],[1,2,3,4]]", 2), "vector 2 has 4 values, the first one 3");
  EXPECT_EQ(Refusal(R"(["AACAPw==","AACAPwAAgD8="])", 2), "vector 2 has 2 floats, the first one 1");
  EXPECT_EQ(Refusal("[[]]"), "vector 1 is empty");
  EXPECT_EQ(Refusal(R"([""])"), "vector 1 is empty");
}

TEST(EmbeddingReaderTest, RefusesNumbersThatAreNone) {
  const std::string not_finite = "vector 1 is not a list of finite numbers";
  for (const char* body : {"[[1,NaN]]", "[[Infinity,1]]", "[[1e39,1]]", "[[null,1]]", "[NaN]",
                           R"([["1",2]])", "[[true,1]]", "[[1,[2]]]", "[1,2"}) {
    EXPECT_EQ(Refusal(body), not_finite) << body;
  }
  const float infinity = std::numeric_limits<float>::infinity();
  EXPECT_EQ(Refusal("[\"" + Base64Of(Floats{1, infinity}) + "\"]"),
            "vector 1 has a number that is not finite");
  EXPECT_EQ(Refusal("[\"" + Base64Of(Floats{std::nanf(""), 1}) + "\"]"),
            "vector 1 has a number that is not finite");
  EXPECT_EQ(Refusal("[[1,2],[0,-0.0]]", 2), "vector 2 is all zeros");
}

TEST(EmbeddingReaderTest, LooksAtEveryFloat) {
  constexpr std::size_t kLength = 11;
  for (std::size_t i = 0; i < kLength; ++i) {
    Floats vector(kLength, std::numeric_limits<float>::lowest());
    for (const float bad : {std::nanf(""), -std::numeric_limits<float>::infinity()}) {
      vector[i] = bad;
      EXPECT_EQ(Refusal("[\"" + Base64Of(vector) + "\"]"),
                "vector 1 has a number that is not finite");
    }
    Floats sparse(kLength, -0.0f);
    sparse[i] = std::numeric_limits<float>::denorm_min();
    EXPECT_EQ(Read("[\"" + Base64Of(sparse) + "\"]", 1), sparse);
  }
}

TEST(EmbeddingReaderTest, RefusesBase64ThatIsNone) {
  for (const char* text : {"AACAPw", "AACAPw=", "AACA!w==", "AAAA", "AACAPx==", "[1,2]"}) {
    EXPECT_EQ(Refusal("[\"" + std::string(text) + "\"]"), "vector 1 is not base64 of float32")
        << text;
  }
}

TEST(EmbeddingReaderTest, RefusesVectorsThatAreMissing) {
  EXPECT_EQ(Refusal(R"({"data":[{"index":0}]})"), "vector 1 is missing");
  EXPECT_EQ(Refusal(R"({"data":[{"index":0,"embedding":null}]})"), "vector 1 is missing");
  EXPECT_EQ(Refusal(R"({"embedding":{"int8":[1]}})"), "vector 1 is missing");
  EXPECT_EQ(Refusal("[[1],null]", 2), "vector 2 is missing");
  EXPECT_EQ(Refusal("[[[1],[2]]]"), "a text has several vectors; ask for one per text");
}

TEST(EmbeddingReaderTest, SaysWhatCameInstead) {
  EXPECT_EQ(Refusal(""), "the answer is empty");
  EXPECT_EQ(Refusal(" \n"), "the answer is empty");
  EXPECT_EQ(Refusal("<html><body>502"), "the answer is not JSON; it begins: <html><body>502");
  EXPECT_EQ(Refusal(R"({"object":"list","model":"m"})"),
            "no vectors in the answer, an object of object, model");
  EXPECT_EQ(Refusal(R"({"error":{"message":"Provider returned error","code":429}})"),
            "an error instead of vectors: Provider returned error");
}

TEST(EmbeddingReaderTest, RefusesBodiesCutAnywhere) {
  const std::string text = R"({"object":"list","data":[{"object":"embedding","index":0,)"
                           R"("embedding":[0.25,-1.5e-3]},{"index":1,"embedding":"AACAPwAAgD8="}],)"
                           R"("usage":{"total_tokens":3}})";
  ASSERT_EQ(Refusal(text, 2), "");
  for (std::size_t size = 0; size < text.size(); ++size) {
    EXPECT_NE(Refusal(text.substr(0, size), 2), "") << text.substr(0, size);
  }
}

TEST(EmbeddingReaderTest, RefusesWhatFollowsTheAnswer) {
  EXPECT_NE(Refusal("[[1]] [[2]]"), "");
  EXPECT_NE(Refusal(R"({"embedding":[1]}{"embedding":[1]})"), "");
}

}  // namespace
}  // namespace dsw
