// SPDX-License-Identifier: Apache-2.0
//
// What reads the settings of the embedding providers and the answers of their services.
#include <cctype>
#include <cmath>
#include <memory>
#include <optional>
#include <string>

#include <nlohmann/json.hpp>

#include <dsw/plugin.hpp>

#include "plugins/embed_cohere/config.h"
#include "plugins/embed_cohere/wire.h"
#include "plugins/embed_common/base64.h"
#include "plugins/embed_common/base_url.h"
#include "plugins/embed_common/embedding_reader.h"
#include "plugins/embed_common/json_text.h"
#include "plugins/embed_common/number_list.h"
#include "plugins/embed_common/refusal_text.h"
#include "plugins/embed_common/upstream_error.h"
#include "plugins/embed_internal/config.h"
#include "plugins/embed_internal/dialect.h"
#include "plugins/embed_internal/wire.h"
#include "plugins/embed_jina/config.h"
#include "plugins/embed_jina/wire.h"
#include "plugins/embed_openai/config.h"
#include "plugins/embed_openai/wire.h"
#include "plugins/embed_voyage/config.h"
#include "plugins/embed_voyage/wire.h"
#include "tests/fuzz/targets.h"

namespace dsw {
namespace {

using Json = nlohmann::json;

/// In memory of its own, so that a sanitizer sees what is read behind the padding.
class Padded {
 public:
  explicit Padded(std::string_view text) : bytes_(text.begin(), text.end()), size_(text.size()) {
    bytes_.resize(size_ + DSW_HTTP_BODY_PADDING);
    bytes_.shrink_to_fit();
  }
  std::string_view view() const { return {bytes_.data(), size_}; }

 private:
  std::vector<char> bytes_;
  std::size_t size_;
};

class Matrix final : public VectorMatrix {
 public:
  float* Allocate(std::uint32_t rows, std::uint32_t dimensions) override {
    Must(!floats_, "one matrix per answer");
    size = std::size_t{rows} * dimensions;
    floats_.reset(new float[size]());
    return floats_.get();
  }
  const float* floats() const { return floats_.get(); }
  std::size_t size = 0;

 private:
  std::unique_ptr<float[]> floats_;
};

void Reader(std::string_view input) {
  const Padded body(input);
  for (std::size_t count : {1u, 2u}) {
    Matrix matrix;
    try {
      ReadEmbeddings(body.view(), {count, 0}, matrix);
    } catch (const Failure& failure) {
      Must(failure.error().category == DSW_E_BAD_RESPONSE, "a bad answer is called one");
      continue;
    }
    Must(matrix.size >= count, "an answer has vectors");
    for (std::size_t i = 0; i < matrix.size; ++i) {
      Must(std::isfinite(matrix.floats()[i]), "vectors are finite");
    }
  }
}

void Numbers(std::string_view input) {
  const Padded json(input);
  const std::size_t count = input.empty() ? 0 : CountNumbers(json.view());
  const std::unique_ptr<float[]> row(new float[count]());
  if (!ReadNumbers(json.view(), row.get(), count)) return;
  const Json list = Json::parse(input, nullptr, false);
  Must(list.is_array() && list.size() == count, "only lists are read as lists");
  for (std::size_t i = 0; i < count; ++i) {
    Must(list[i].is_number(), "only numbers are read as numbers");
    const auto expected = list[i].get<float>();
    // The other reader rounds twice.
    Must(std::fabs(row[i] - expected) <= std::fabs(expected) * 1.2e-7f + 2e-45f,
         "numbers are what they say");
  }
}

void Base64(std::string_view input) {
  const std::optional<std::size_t> count = Base64FloatCount(input);
  if (!count) return;
  const std::unique_ptr<float[]> row(new float[*count]());
  if (!DecodeBase64Floats(input, row.get())) return;
  for (const char c : input) {
    Must(std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '+' || c == '/' || c == '=',
         "only the alphabet is decoded");
  }
}

void JsonText(std::string_view input) {
  std::string text;
  AppendJsonString(text, input);
  const Json parsed = Json::parse(text, nullptr, false);
  Must(parsed.is_string(), "texts are JSON strings");
  const auto same = parsed.get<std::string>();
  Must(same == input || same.find("\xef\xbf\xbd") != same.npos, "texts are kept or repaired");
}

void Settings(std::string_view input) {
  const auto tried = [](const auto& read) {
    try {
      read();
    } catch (const Failure& failure) {
      Must(failure.error().category == DSW_E_INVALID_CONFIG, "bad settings are called so");
    }
  };
  tried([&] { cohere::ReadConfig(input); });
  tried([&] { self_hosted::ReadConfig(input); });
  tried([&] { openai::ReadConfig(input); });
  tried([&] { voyage::ReadConfig(input); });
  tried([&] {
    std::string warning;
    jina::ReadConfig(input, warning);
  });
}

void Errors(std::string_view input) {
  std::vector<Refine> readings = {&cohere::Refine, &openai::Refine, &voyage::Refine, &jina::Refine};
  for (const self_hosted::Dialect dialect : self_hosted::kProbeOrder) {
    readings.push_back(self_hosted::RefineOf(dialect));
  }
  for (int status : {400, 403, 413, 422, 429}) {
    const UpstreamError error = ParseUpstreamError(status, input);
    for (const Refine refine : readings) {
      Failure failure(DSW_E_INVALID_REQUEST, error.message);
      refine(error, failure);
      Must(failure.error().retry_after_ms >= -1, "a wait is none or one");
      Must(failure.error().limit >= 0 && failure.error().asked >= 0, "sizes are sizes");
      Must(failure.error().limit_unit == DSW_LIMIT_NONE || failure.error().limit > 0,
           "a unit has a number");
    }
  }
}

void Probe(std::string_view input) {
  for (const self_hosted::Dialect dialect : self_hosted::kProbeOrder) {
    self_hosted::ReadProbe(dialect, input, "m");
  }
}

void BaseUrl(std::string_view input) {
  std::string url;
  try {
    url = EndpointUrl("p", input, "/embeddings");
  } catch (const Failure& failure) {
    Must(failure.error().category == DSW_E_INVALID_CONFIG, "a bad address is called one");
    return;
  }
  Must(url.find("/embeddings") != url.npos, "the endpoint is in the address");
  Must(SameHost(url, url), "an address has its own host");
  const self_hosted::Address address = self_hosted::ReadAddress(url);
  for (const self_hosted::Dialect dialect : self_hosted::kProbeOrder) {
    Must(!self_hosted::PostUrl(address, dialect).empty(), "there is where to post to");
    Must(!self_hosted::ProbeUrl(address, dialect).empty(), "there is what to ask");
  }
}

}  // namespace

std::vector<FuzzTarget> ProviderTargets() {
  return {
      {"reader",
       &Reader,
       {R"({"object":"list","data":[{"object":"embedding","index":1,"embedding":[0.25,-1.5e-3]},)"
        R"({"object":"embedding","index":0,"embedding":"AACAPwAAgD8="}],"model":"m",)"
        R"("usage":{"prompt_tokens":8,"total_tokens":8}})",
        R"({"id":"x","texts":["a"],"embeddings":{"float":[[0.5,1]],"base64":["AACAPwAAgD8="]},)"
        R"("meta":{"billed_units":{"input_tokens":7}}})",
        R"({"model":"m","embeddings":[[1,2],[3,4]],"prompt_eval_count":3})", "[[1,2],[3,4]]",
        "[0.1,-0.2]", R"([{"index":0,"embedding":[[1,2]]}])", R"({"embedding":"AACA\/w\u003d="})",
        R"({"error":{"message":"m"}})"}},
      {"numbers",
       &Numbers,
       {"[0,-0.0,1e5,-2.5E-3,123456789012345678901234567890]", "[ 1 , 2\n,3 ]", "[]",
        "[0.012345678,-0.0063925171]", "[1e-50,3.4028235e38,1.17549435e-38,1e-45]",
        "[1.000000059604644775390625]", "[0.5e-400,12e-999999999999,1e400]"}},
      {"base64",
       &Base64,
       {"AACAPwAAgD8=", "AACAPw==", "AACAPwAAAEAAAEBAAACAQAAAoEAAAMBA", "AACAPwAAgD8AAIA/"}},
      {"json_text",
       &JsonText,
       {"plain text of some length", "\"quoted\"\\\n\t\x01", "grüße 漢字 😀",
        "\xed\xa0\x80\xff\xc3"}},
      {"settings",
       &Settings,
       {R"({"model":"text-embedding-3-small","api_key":"k","dimensions":256,"headers":{"X":"y"}})",
        R"({"model":"voyage-3.5","api_key":null,"base_url":"http://localhost:8000/v1?a=b"})",
        R"({"model":"jina-embeddings-v3","api_key":"k","task":"retrieval","truncate":true})",
        R"({"model":"embed-v4.0","api_key":"k","api_version":2,"truncate":"END","max_tokens":9})",
        R"({"model":"m","dialect":"ollama","keep_alive":"5m","options":{"num_ctx":8}})",
        R"({"model":"m","api_key":"k","tokens_per_minute":1000000,"extra_body":{"a":[1,{}]}})"}},
      {"errors",
       &Errors,
       {R"({"error":{"message":"Requested 319487 tokens, max 300000 tokens per request",)"
        R"("type":"t","param":"input[3]","code":"max_tokens_per_request"}})",
        R"({"detail":"The max allowed tokens per submitted batch is 120,000. Your batch has 7 tokens"})",
        R"({"detail":[{"loc":["body","input",3],"msg":"maximum context length is 8 tokens"}]})",
        R"({"detail":"d","errors":[{"field":"f","message":"at most 512 items"}]})",
        R"({"error":"batch size 64 > maximum allowed batch size 32","error_type":"Validation"})",
        R"({"message":"total number of texts must be at most 96 - received 104"})",
        R"({"error":"the input length exceeds the context length"})",
        "Request too large: Limit 1, Requested 2. Please try again in 1h2m3.5s", "<html>"}},
      {"probe",
       &Probe,
       {R"({"model_id":"BAAI/bge-m3","max_input_length":512,"max_client_batch_size":32,)"
        R"("max_concurrent_requests":512,"model_type":{"embedding":{"pooling":"cls"}}})",
        R"({"models":[{"name":"m:latest","model":"m:latest","details":{"family":"bert"}}]})",
        R"({"object":"list","data":[{"id":"m","object":"model","max_model_len":8192}]})",
        R"({"embedders":[{"id":"m","name":"m","dimensions":384}]})", R"(["m","n"])"}},
      {"base_url",
       &BaseUrl,
       {"https://api.openai.com/v1", "http://[::1]:8080/v1/embeddings?api-version=2024-02-01",
        "http://h/api/embed/batch/", "https://u:p@h/#f", "HTTP://H.example:443"}},
  };
}

}  // namespace dsw
