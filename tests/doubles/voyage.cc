// SPDX-License-Identifier: Apache-2.0
//
// Voyage AI's embeddings, by its API reference 1.1, recorded traffic of 2025 and error texts of
// issue threads.
#include "tests/doubles/voyage.h"

#include <mutex>
#include <set>

#include "tests/doubles/rate.h"
#include "tests/doubles/wire.h"

namespace dsw::doubles {
namespace {

constexpr std::size_t kMaxItems = 1000;
/// The limits of a customer without a payment method.
constexpr double kUnpaidRequests = 3;

const std::vector<KnownModel>& Models() {
  static const std::vector<KnownModel> models = {
      {"voyage-4", 1024, 256, 32'000, 320'000},
      {"voyage-4-large", 1024, 256, 32'000, 120'000},
      {"voyage-4-lite", 1024, 256, 32'000, 1'000'000},
      {"voyage-3-large", 1024, 256, 32'000, 120'000},
      {"voyage-code-3", 1024, 256, 32'000, 120'000},
      {"voyage-3.5", 1024, 256, 32'000, 320'000},
      {"voyage-3.5-lite", 1024, 256, 32'000, 1'000'000},
      {"voyage-finance-2", 1024, 0, 32'000, 120'000},
      {"voyage-law-2", 1024, 0, 16'000, 120'000},
      {"voyage-code-2", 1536, 0, 16'000, 120'000},
      {"voyage-2", 1024, 0, 4'000, 320'000},
      {"voyage-3-lite", 512, 0, 32'000, 1'000'000},
  };
  return models;
}

Reply Detail(int status, std::string_view detail) {
  Reply reply = JsonReply(status, {{"detail", detail}});
  reply.headers.emplace_back("server", "uvicorn");
  reply.headers.emplace_back("via", "1.1 google");
  return reply;
}

Reply Extra(const std::string& field) {
  return Detail(400, "Argument '" + field + "' is not supported by our API");
}

Reply TooManyTokens(std::string_view model, std::size_t limit, std::uint64_t tokens) {
  return Detail(400, "Request to model '" + std::string(model) +
                         "' failed. The max allowed tokens per submitted batch is " +
                         std::to_string(limit) + ". Your batch has " + std::to_string(tokens) +
                         " tokens after truncation. Please lower the number of tokens in the "
                         "batch.");
}

Reply TooManyItems(std::size_t limit) {
  return Detail(400, "The batch size limit is " + std::to_string(limit) +
                         ". Please reduce the number of texts in the input list.");
}

Reply TooLong(std::string_view model, std::size_t limit) {
  return Detail(400, "Request to model '" + std::string(model) +
                         "' failed. One of the inputs exceeds the model's context length of " +
                         std::to_string(limit) + " tokens.");
}

class Voyage final : public Api {
 public:
  explicit Voyage(const Options& options)
      : options_(options),
        rows_({"[", ",", "]"}, options.fast),
        requests_(options.requests_per_minute),
        tokens_(options.tokens_per_minute) {}

  Reply Answer(const Request& request, Quirk quirk) override {
    if (PathOf(request) != "/v1/embeddings") return Detail(404, "Not Found");
    if (request.method != "POST") return Detail(405, "Method Not Allowed");
    if (CheckKey(request, options_) != Key::kRight) return CannedReply("voyage", "wrong_key");
    const std::optional<Json> body = ParseJson(request.body);
    if (!SentJson(request) || !body || !body->is_object()) {
      return Detail(400, "The request body is not valid JSON");
    }
    return Embed(*body, request.at, quirk);
  }

 private:
  static std::optional<Reply> CheckFields(const Json& body) {
    static const std::set<std::string_view> kFields = {
        "input",        "model",          "input_type", "truncation", "output_dimension",
        "output_dtype", "encoding_format"};
    for (const auto& [field, value] : body.items()) {
      if (kFields.count(field) == 0) return Extra(field);
      if (field == "encoding_format" && !value.is_null() && value != "base64") {
        return Detail(400, "Value '" +
                               (value.is_string() ? value.get<std::string>() : value.dump()) +
                               "' provided for parameter 'encoding_format' is invalid. Valid "
                               "values are: [None, 'base64']");
      }
      if (field == "input_type" && !value.is_null() && value != "query" && value != "document") {
        return Detail(400,
                      "Value provided for parameter 'input_type' is invalid. Valid values "
                      "are: [None, 'query', 'document']");
      }
      if (field == "truncation" && !value.is_boolean()) {
        return Detail(400, "Value provided for parameter 'truncation' is invalid");
      }
      if (field == "output_dtype" && value != "float" && value != "int8" && value != "uint8" &&
          value != "binary" && value != "ubinary") {
        return Detail(400, "Value provided for parameter 'output_dtype' is invalid");
      }
    }
    return std::nullopt;
  }

  Reply Embed(const Json& body, Time now, Quirk quirk) {
    if (auto refused = CheckFields(body)) return *std::move(refused);
    const auto id = body.find("model");
    if (id == body.end() || !id->is_string()) return Detail(400, "Argument 'model' is required");
    const std::string& name = id->get_ref<const std::string&>();
    const std::optional<KnownModel> model = FindModel(Models(), name, options_);
    if (!model) return Detail(400, "Model " + name + " is not supported.");
    Texts texts{name, {}, model->dims, body.value("encoding_format", Json()) == "base64", quirk};
    if (const Json dims = body.value("output_dimension", Json()); !dims.is_null()) {
      if (model->min_dims == 0 || (dims != 256 && dims != 512 && dims != 1024 && dims != 2048)) {
        return Detail(400, "Value '" + dims.dump() +
                               "' provided for parameter 'output_dimension' is invalid for model " +
                               name);
      }
      texts.dims = dims.get<std::size_t>();
    }
    const auto strings = body.contains("input") ? StringsOf(body["input"]) : std::nullopt;
    if (!strings || strings->empty()) {
      return Detail(400, "Argument 'input' must be a string or a non-empty list of strings");
    }
    const std::size_t max_items = options_.max_items != 0 ? options_.max_items : kMaxItems;
    if (strings->size() > max_items) return TooManyItems(max_items);
    const bool truncation = body.value("truncation", true);
    std::uint64_t tokens = 0;
    for (const std::string_view text : *strings) {
      if (text.empty()) return Detail(400, "Input cannot contain empty strings or empty lists");
      const std::uint64_t own = TokensOf(text);
      if (!truncation && own > model->max_tokens) return TooLong(name, model->max_tokens);
      tokens += std::min<std::uint64_t>(own, model->max_tokens);
    }
    if (PoisonIn(*strings, options_)) return TooLong(name, model->max_tokens);
    if (tokens > model->max_request_tokens) {
      return TooManyTokens(name, model->max_request_tokens, tokens);
    }
    {
      const std::lock_guard lock(mutex_);
      if (requests_.limited() && requests_.Level(now) < 1) return RateLimited();
      if (!tokens_.Take(static_cast<double>(tokens), now)) return RateLimited();
      requests_.Take(1, now);
    }
    texts.texts = *strings;
    return Embedded(texts);
  }

  Reply RateLimited() const {
    const bool unpaid = options_.requests_per_minute == kUnpaidRequests;
    return CannedReply("voyage", unpaid ? "no_payment" : "rate_limit");
  }

  Reply Embedded(const Texts& asked) {
    Texts texts = asked;
    if (texts.quirk == Quirk::kBase64Ignored) texts.base64 = false;
    Reply reply;
    Serve(reply, texts, options_);
    reply.headers = {{"content-type", "application/json"},
                     {"x-api-warning", ""},
                     {"server", "uvicorn"},
                     {"via", "1.1 google"}};
    reply.body = "{\"object\":\"list\",\"data\":[";
    bool first = true;
    for (const Item& item : ItemsOf(texts)) {
      reply.body += first ? "{\"object\":\"embedding\",\"embedding\":"
                          : ",{\"object\":\"embedding\",\"embedding\":";
      first = false;
      if (texts.base64) reply.body += '"';
      rows_.Append(reply.body, texts, item.text);
      if (texts.base64) reply.body += '"';
      if (item.index) reply.body += ",\"index\":" + std::to_string(*item.index);
      reply.body += '}';
    }
    reply.body += "],\"model\":" + Json(texts.model).dump();
    if (texts.quirk != Quirk::kNoUsage) {
      reply.body += ",\"usage\":{\"total_tokens\":" + std::to_string(reply.tokens) + "}";
    }
    reply.body += '}';
    return reply;
  }

  const Options options_;
  Rows rows_;
  std::mutex mutex_;
  TokenBucket requests_;  // Guarded by mutex_.
  TokenBucket tokens_;    // Guarded by mutex_.
};

}  // namespace

std::unique_ptr<Api> MakeVoyage(const Options& options) {
  return std::make_unique<Voyage>(options);
}

std::vector<Canned> VoyageReplies() {
  return {
      {"wrong_key", Detail(401, "Provided API key is invalid.")},
      {"blocked", Detail(403, "Your IP address is not allowed.")},
      {"malformed", Detail(422, "Malformed request")},
      {"extra_field", Extra("dimensions")},
      {"too_many_items", TooManyItems(1000)},
      {"too_many_tokens", TooManyTokens("voyage-code-3", 120'000, 124'417)},
      {"too_long", TooLong("voyage-2", 4'000)},
      {"empty_text", Detail(400, "Input cannot contain empty strings or empty lists")},
      {"rate_limit", Detail(429, "Rate limit exceeded. Please slow down.")},
      {"no_payment",
       Detail(
           429,
           "You have not yet added your payment method in the billing page and will have reduced "
           "rate limits of 3 RPM and 10K TPM. To unlock our standard rate limits, please add a "
           "payment method in the billing page for the appropriate organization in the user "
           "dashboard.")},
      {"server_error", TextReply(500, "Internal Server Error")},
      {"bad_gateway_html", HtmlReply(502, "502 Bad Gateway")},
      {"unavailable", TextReply(503, "no healthy upstream")},
      {"gateway_timeout", TextReply(504, "upstream request timeout")},
  };
}

}  // namespace dsw::doubles
