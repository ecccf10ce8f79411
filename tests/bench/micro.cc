// SPDX-License-Identifier: Apache-2.0
//
// What the wire costs without the wire: each iteration makes or reads what carries 1000 chunks of
// about 200 tokens, or their vectors of 1536, in calls of 100.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <benchmark/benchmark.h>

#include "plugins/embed_common/embedding_reader.h"
#include "plugins/embed_openai/wire.h"
#include "plugins/sink_qdrant/bodies.h"
#include "plugins/sink_qdrant/upsert_message.h"
#include "tests/doubles/api.h"

namespace dsw {
namespace {

constexpr std::uint32_t kDimensions = 1536;
constexpr std::size_t kTexts = 100;
constexpr std::size_t kCalls = 10;
constexpr std::size_t kPadding = 64;

class FixedMatrix final : public VectorMatrix {
 public:
  float* Allocate(std::uint32_t rows, std::uint32_t dimensions) override {
    floats_.resize(std::size_t{rows} * dimensions);
    return floats_.data();
  }
  const float* data() const { return floats_.data(); }

 private:
  std::vector<float> floats_;
};

/// A call's worth of texts of about 900 bytes.
class Texts {
 public:
  Texts() {
    for (std::size_t i = 0; i < kTexts; ++i) {
      std::string text = "Chunk " + std::to_string(i) + ":";
      while (text.size() < 900) text += " the quick brown fox \"jumps\" over the lazy dog\n";
      texts_.push_back(std::move(text));
    }
    for (const std::string& text : texts_) views_.push_back(Str(text));
    request_.struct_size = sizeof request_;
    request_.texts = views_.data();
    request_.text_count = views_.size();
  }
  Texts(const Texts&) = delete;
  Texts& operator=(const Texts&) = delete;

  const dsw_embed_request& request() const { return request_; }

 private:
  std::vector<std::string> texts_;
  std::vector<dsw_str> views_;
  dsw_embed_request request_{};
};

openai::Config ConfigFor(const std::string& encoding) {
  return openai::ReadConfig(
      R"({"model":"text-embedding-3-small","api_key":"key","encoding_format":")" + encoding +
      "\"}");
}

/// The double's answer to a call, with room behind it as the host leaves.
std::string Answer(const std::string& encoding, bool compact) {
  doubles::Options options;
  options.compact = compact;
  const Texts texts;
  const openai::Config config = ConfigFor(encoding);
  doubles::Request request;
  request.method = "POST";
  request.path = "/v1/embeddings";
  request.headers = {{"authorization", "Bearer key"}, {"content-type", "application/json"}};
  request.body = openai::Body(config, texts.request());
  return doubles::MakeApi("openai", options)->Answer(request, doubles::Quirk::kNone).body;
}

void Decode(benchmark::State& state, const std::string& encoding, bool compact) {
  std::string body = Answer(encoding, compact);
  const std::size_t size = body.size();
  body.append(kPadding, '\0');
  FixedMatrix matrix;
  for (auto _ : state) {
    for (std::size_t call = 0; call < kCalls; ++call) {
      benchmark::DoNotOptimize(
          ReadEmbeddings(std::string_view(body).substr(0, size), {kTexts, kDimensions}, matrix));
    }
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations() * kCalls * size));
}

void DecodeBase64(benchmark::State& state) {
  Decode(state, "base64", false);
}
BENCHMARK(DecodeBase64)->Unit(benchmark::kMillisecond);

void DecodeFloatsCompact(benchmark::State& state) {
  Decode(state, "float", true);
}
BENCHMARK(DecodeFloatsCompact)->Unit(benchmark::kMillisecond);

void DecodeFloatsWithWhiteSpace(benchmark::State& state) {
  Decode(state, "float", false);
}
BENCHMARK(DecodeFloatsWithWhiteSpace)->Unit(benchmark::kMillisecond);

void BuildRequest(benchmark::State& state) {
  const Texts texts;
  const openai::Config config = ConfigFor("base64");
  std::size_t bytes = 0;
  for (auto _ : state) {
    for (std::size_t call = 0; call < kCalls; ++call) {
      bytes += openai::Body(config, texts.request()).size();
    }
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(bytes));
}
BENCHMARK(BuildRequest)->Unit(benchmark::kMillisecond);

/// A call's worth of points with payloads of about 1000 bytes.
class Points {
 public:
  Points() {
    ReadEmbeddings(Padded(), {kTexts, kDimensions}, matrix_);
    const Texts texts;
    for (std::size_t i = 0; i < kTexts; ++i) {
      ids_.push_back("6fa459ea-ee8a-3ca4-894e-db77e160" + std::to_string(1000 + i));
      payloads_.push_back(R"({"dataset_item_id":17,"chunk_index":3,"text":")" +
                          std::string(900, 'x') +
                          R"(","source_file":null,"author":null,"title":"An item",)"
                          R"("custom_metadata":{"page":4,"tags":["a","b"]}})");
    }
    for (std::size_t i = 0; i < kTexts; ++i) {
      id_views_.push_back(Str(ids_[i]));
      payload_views_.push_back(Str(payloads_[i]));
      point_ids_.push_back(qdrant::MakePointId(ids_[i]));
    }
    points_.struct_size = sizeof points_;
    points_.dimensions = kDimensions;
    points_.count = kTexts;
    points_.ids = id_views_.data();
    points_.vectors = matrix_.data();
    points_.row_stride_bytes = kDimensions * sizeof(float);
    points_.payloads = payload_views_.data();
  }
  Points(const Points&) = delete;
  Points& operator=(const Points&) = delete;

  qdrant::PointRange range() const { return {&points_, point_ids_.data(), 0, kTexts}; }

 private:
  std::string_view Padded() {
    answer_ = Answer("base64", true);
    const std::size_t size = answer_.size();
    answer_.append(kPadding, '\0');
    return std::string_view(answer_).substr(0, size);
  }

  std::string answer_;
  FixedMatrix matrix_;
  std::vector<std::string> ids_;
  std::vector<std::string> payloads_;
  std::vector<dsw_str> id_views_;
  std::vector<dsw_str> payload_views_;
  std::vector<qdrant::PointId> point_ids_;
  dsw_points points_{};
};

void BuildQdrantRest(benchmark::State& state) {
  const Points points;
  for (auto _ : state) {
    for (std::size_t call = 0; call < kCalls; ++call) {
      const qdrant::UpsertBody body(points.range());
      benchmark::DoNotOptimize(body.pieces().data());
    }
  }
}
BENCHMARK(BuildQdrantRest)->Unit(benchmark::kMillisecond);

void BuildQdrantGrpc(benchmark::State& state) {
  const Points points;
  for (auto _ : state) {
    for (std::size_t call = 0; call < kCalls; ++call) {
      // One for each call, as the sink does it.
      qdrant::UpsertMessage message;
      if (!message.Encode("collection", points.range(), true, 60)) {
        state.SkipWithError("the points cannot go over gRPC");
      }
      benchmark::DoNotOptimize(message.pieces().data());
    }
  }
}
BENCHMARK(BuildQdrantGrpc)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace dsw
