// SPDX-License-Identifier: Apache-2.0
//
// OpenAI's embeddings, by its OpenAPI document and recorded traffic of 2025.
#include "tests/doubles/openai.h"

#include <cmath>
#include <mutex>
#include <set>

#include "tests/doubles/rate.h"
#include "tests/doubles/wire.h"

namespace dsw::doubles {
namespace {

constexpr std::size_t kMaxItems = 2048;
constexpr std::size_t kMaxTokens = 8192;
constexpr double kMaxRequestTokens = 300'000;
constexpr double kTokensPerByte = 0.25;

const std::vector<KnownModel>& Models() {
  static const std::vector<KnownModel> models = {
      {"text-embedding-3-small", 1536, 1, kMaxTokens, 0},
      {"text-embedding-3-large", 3072, 1, kMaxTokens, 0},
      {"text-embedding-ada-002", 1536, 0, kMaxTokens, 0},
  };
  return models;
}

Reply ErrorReply(int status, std::string_view message, std::string_view type, OrderedJson code,
                 OrderedJson param = nullptr) {
  Reply reply = JsonReply(status, {});
  reply.body = OrderedJson{{"error",
                            {{"message", message},
                             {"type", type},
                             {"param", std::move(param)},
                             {"code", std::move(code)}}}}
                   .dump(4) +
               "\n";
  reply.headers.emplace_back("x-request-id", NextId("req_"));
  return reply;
}

Reply Invalid(std::string_view message, OrderedJson param = nullptr) {
  return ErrorReply(400, message, "invalid_request_error", nullptr, std::move(param));
}

Reply InvalidInput() {
  return Invalid(
      "'$.input' is invalid. Please check the API reference: "
      "https://platform.openai.com/docs/api-reference.");
}

Reply TooLong(std::size_t index, std::uint64_t tokens, bool named) {
  if (named) {
    const std::string input = "input[" + std::to_string(index) + "]";
    return Invalid("Invalid '" + input + "': maximum input length is 8192 tokens.", input);
  }
  const std::string asked = std::to_string(tokens);
  return Invalid("This model's maximum context length is 8192 tokens, however you requested " +
                 asked + " tokens (" + asked +
                 " in your prompt; 0 for the completion). Please reduce your prompt; or "
                 "completion length.");
}

std::string Number(double value) {
  return std::to_string(static_cast<std::int64_t>(value));
}

Reply RateLimited(std::string_view model, std::string_view unit, double limit, double used,
                  double asked, double seconds, bool header) {
  const bool tokens = unit == "tokens";
  char wait[32];
  std::snprintf(wait, sizeof wait, "%.3fs", seconds);
  Reply reply = ErrorReply(
      429,
      "Rate limit reached for " + std::string(model) + " in organization org-double on " +
          std::string(unit) + " per min (" + (tokens ? "TPM" : "RPM") + "): Limit " +
          Number(limit) + ", Used " + Number(used) + ", Requested " + Number(asked) +
          ". Please try again in " + wait +
          ". Visit https://platform.openai.com/account/rate-limits to learn more.",
      unit, "rate_limit_exceeded");
  if (header) {
    reply.headers.emplace_back("retry-after", Number(std::max(1.0, std::ceil(seconds))));
    reply.headers.emplace_back("retry-after-ms", Number(std::ceil(seconds * 1000)));
  }
  return reply;
}

Reply TooLargeForRate(std::string_view model, double limit, double asked) {
  return ErrorReply(
      429,
      "Request too large for " + std::string(model) +
          " in organization org-double on tokens per min (TPM): Limit " + Number(limit) +
          ", Requested " + Number(asked) +
          ". The input or output tokens must be reduced in order to run successfully. Visit "
          "https://platform.openai.com/account/rate-limits to learn more.",
      "tokens", "rate_limit_exceeded");
}

class OpenAi final : public Api {
 public:
  explicit OpenAi(const Options& options)
      : options_(options),
        rows_(options.compact ? ArrayStyle{"[", ",", "]"}
                              : ArrayStyle{"[\n        ", ",\n        ", "\n      ]"},
              options.fast),
        requests_(options.requests_per_minute),
        tokens_(options.tokens_per_minute) {}

  Reply Answer(const Request& request, Quirk quirk) override {
    switch (CheckKey(request, options_)) {
      case Key::kMissing:
        return ErrorReply(
            401,
            "You didn't provide an API key. You need to provide your API key in an Authorization "
            "header using Bearer auth (i.e. Authorization: Bearer YOUR_KEY).",
            "invalid_request_error", nullptr);
      case Key::kWrong:
        return CannedReply("openai", "wrong_key");
      case Key::kRight:
        break;
    }
    const std::string_view path = PathOf(request);
    if (path == "/v1/models" && request.method == "GET") return ListModels();
    if (path != "/v1/embeddings") {
      return ErrorReply(404, "Invalid URL (" + request.method + " " + request.path + ")",
                        "invalid_request_error", nullptr);
    }
    if (request.method != "POST") {
      return ErrorReply(405,
                        "Not allowed to " + request.method +
                            " on /v1/embeddings. (HINT: Perhaps you meant to make your HTTP "
                            "request using a different HTTP method?)",
                        "invalid_request_error", "method_not_supported");
    }
    const std::optional<Json> body = ParseJson(request.body);
    if (!SentJson(request) || !body || !body->is_object()) {
      return Invalid(
          "We could not parse the JSON body of your request. (HINT: This likely means you aren't "
          "using your HTTP library correctly. The OpenAI API expects a JSON payload, but what was "
          "sent was not valid JSON.)");
    }
    return Embed(*body, request.at, quirk);
  }

 private:
  Reply ListModels() const {
    OrderedJson data = OrderedJson::array();
    for (const KnownModel& model : Models()) {
      data.push_back(
          {{"id", model.id}, {"object", "model"}, {"created", 1705948997}, {"owned_by", "system"}});
    }
    return JsonReply(200, {{"object", "list"}, {"data", std::move(data)}});
  }

  Reply Embed(const Json& body, Time now, Quirk quirk) {
    static const std::set<std::string_view> kFields = {"input", "model", "encoding_format",
                                                       "dimensions", "user"};
    for (const auto& [name, value] : body.items()) {
      if (kFields.count(name) == 0)
        return Invalid("Unrecognized request argument supplied: " + name);
    }
    const auto name = body.find("model");
    if (name == body.end() || !name->is_string())
      return Invalid("you must provide a model parameter");
    const std::string& id = name->get_ref<const std::string&>();
    const std::optional<KnownModel> model = FindModel(Models(), id, options_);
    if (!model) {
      return ErrorReply(404,
                        "The model `" + id + "` does not exist or you do not have access to it.",
                        "invalid_request_error", "model_not_found");
    }
    if (body.contains("user") && !body["user"].is_string()) {
      return Invalid("Invalid type for 'user': expected a string.", "user");
    }
    const std::string format = body.value("encoding_format", Json("float")).is_string()
                                   ? body.value("encoding_format", "float")
                                   : body["encoding_format"].dump();
    if (format != "float" && format != "base64") {
      return Invalid("Invalid value for 'encoding_format' = " + format +
                     ". Supported values: ['float', 'base64'].");
    }
    Texts texts{id, {}, model->dims, format == "base64", quirk};
    if (const auto dims = body.find("dimensions"); dims != body.end()) {
      if (model->min_dims == 0)
        return Invalid("This model does not support specifying dimensions.");
      if (!dims->is_number_integer() || dims->get<std::int64_t>() < 1 ||
          dims->get<std::size_t>() > model->dims) {
        return Invalid("Invalid value for 'dimensions' = " + dims->dump() +
                       ". Must be less than or equal to " + std::to_string(model->dims) + ".");
      }
      texts.dims = dims->get<std::size_t>();
    }
    const auto strings = body.contains("input") ? StringsOf(body["input"]) : std::nullopt;
    const std::size_t max_items = options_.max_items != 0 ? options_.max_items : kMaxItems;
    if (!strings || strings->empty() || strings->size() > max_items) return InvalidInput();
    texts.texts = *strings;
    return CheckSizes(texts, now);
  }

  Reply CheckSizes(Texts& texts, Time now) {
    std::size_t bytes = 0;
    for (const std::string_view text : texts.texts) {
      if (text.empty()) return InvalidInput();
      bytes += text.size();
    }
    const double estimate = static_cast<double>(bytes) * kTokensPerByte;
    if (estimate > kMaxRequestTokens) {
      return ErrorReply(
          400,
          "Requested " + Number(std::ceil(estimate)) + " tokens, max 300000 tokens per request",
          "max_tokens_per_request", "max_tokens_per_request");
    }
    for (std::size_t i = 0; i < texts.texts.size(); ++i) {
      const std::uint64_t tokens = TokensOf(texts.texts[i]);
      if (tokens > kMaxTokens) return TooLong(i, tokens, options_.poison_named);
    }
    if (const auto poison = PoisonIn(texts.texts, options_)) {
      return TooLong(*poison, kMaxTokens + 1, options_.poison_named);
    }
    return Meter(texts, std::ceil(estimate), now);
  }

  Reply Meter(Texts& texts, double tokens, Time now) {
    const std::lock_guard lock(mutex_);
    if (tokens_.limited() && tokens > tokens_.capacity()) {
      return TooLargeForRate(texts.model, tokens_.capacity(), tokens);
    }
    const auto refused = [&](std::string_view unit, TokenBucket& bucket, double amount) {
      return RateLimited(texts.model, unit, bucket.capacity(),
                         bucket.capacity() - bucket.Level(now), amount,
                         bucket.Until(amount, now).count(), true);
    };
    if (requests_.limited() && requests_.Level(now) < 1) return refused("requests", requests_, 1);
    if (!tokens_.Take(tokens, now)) return refused("tokens", tokens_, tokens);
    requests_.Take(1, now);

    Reply reply = Embedded(texts);
    const auto header = [&](const std::string& unit, TokenBucket& bucket, double unlimited) {
      const double limit = bucket.limited() ? bucket.capacity() : unlimited;
      const double left = bucket.limited() ? bucket.Level(now) : unlimited;
      reply.headers.emplace_back("x-ratelimit-limit-" + unit, Number(limit));
      reply.headers.emplace_back("x-ratelimit-remaining-" + unit, Number(left));
      reply.headers.emplace_back("x-ratelimit-reset-" + unit,
                                 GoDuration(bucket.Until(limit, now).count()));
    };
    header("requests", requests_, 10'000);
    header("tokens", tokens_, 10'000'000);
    return reply;
  }

  Reply Embedded(const Texts& asked) {
    Texts texts = asked;
    if (texts.quirk == Quirk::kBase64Ignored) texts.base64 = false;
    Reply reply;
    Serve(reply, texts, options_);
    reply.headers = {{"content-type", "application/json"},
                     {"openai-version", "2020-10-01"},
                     {"openai-model", texts.model},
                     {"openai-organization", "org-double"},
                     {"openai-processing-ms", std::to_string(reply.delay.count())},
                     {"x-request-id", NextId("req_")}};
    reply.chunked = true;
    std::string& out = reply.body;
    out = "{\n  \"object\": \"list\",\n  \"data\": [";
    bool first = true;
    for (const Item& item : ItemsOf(texts)) {
      out += first ? "\n    {\n      \"object\": \"embedding\",\n"
                   : ",\n    {\n      \"object\": \"embedding\",\n";
      first = false;
      if (item.index) out += "      \"index\": " + std::to_string(*item.index) + ",\n";
      out += "      \"embedding\": ";
      if (texts.base64) out += '"';
      rows_.Append(out, texts, item.text);
      if (texts.base64) out += '"';
      out += "\n    }";
    }
    const std::string model =
        texts.model == "text-embedding-ada-002" ? "text-embedding-ada-002-v2" : texts.model;
    out += "\n  ],\n  \"model\": " + Json(model).dump();
    if (texts.quirk != Quirk::kNoUsage) {
      const std::string tokens = std::to_string(reply.tokens);
      out += ",\n  \"usage\": {\n    \"prompt_tokens\": " + tokens +
             ",\n    \"total_tokens\": " + tokens + "\n  }";
    }
    out += "\n}\n";
    return reply;
  }

  const Options options_;
  Rows rows_;
  std::mutex mutex_;
  TokenBucket requests_;  // Guarded by mutex_.
  TokenBucket tokens_;    // Guarded by mutex_.
};

}  // namespace

std::string GoDuration(double seconds) {
  const auto whole_ms = static_cast<std::int64_t>(std::llround(seconds * 1000));
  if (whole_ms == 0) return "0s";
  if (whole_ms < 1000) return std::to_string(whole_ms) + "ms";
  const std::int64_t hours = whole_ms / 3'600'000;
  const std::int64_t minutes = whole_ms / 60'000 % 60;
  std::string out;
  if (hours > 0) out += std::to_string(hours) + "h";
  if (hours > 0 || minutes > 0) out += std::to_string(minutes) + "m";
  out += std::to_string(whole_ms / 1000 % 60);
  if (whole_ms % 1000 != 0) {
    std::string fraction = std::to_string(1000 + whole_ms % 1000).substr(1);
    while (fraction.back() == '0') fraction.pop_back();
    out += "." + fraction;
  }
  return out + "s";
}

std::unique_ptr<Api> MakeOpenAi(const Options& options) {
  return std::make_unique<OpenAi>(options);
}

std::vector<Canned> OpenAiReplies() {
  constexpr std::string_view kModel = "text-embedding-3-small";
  Reply text_only = RateLimited(kModel, "tokens", 1000000, 976163, 70716, 2.812, false);
  Reply seconds = RateLimited(kModel, "requests", 3000, 3000, 1, 20, false);
  seconds.headers.emplace_back("retry-after", "20");
  Reply date = RateLimited(kModel, "requests", 3000, 3000, 1, 20, false);
  date.headers.emplace_back("retry-after", "Fri, 31 Dec 2100 23:59:59 GMT");
  Reply slow_down = ErrorReply(503, "Slow Down", "server_error", "slow_down");
  return {
      {"wrong_key",
       ErrorReply(401,
                  "Incorrect API key provided: sk-wrong**********************cret. You can find "
                  "your API key at https://platform.openai.com/account/api-keys.",
                  "invalid_request_error", "invalid_api_key")},
      {"wrong_country", ErrorReply(403, "Country, region, or territory not supported",
                                   "request_forbidden", "unsupported_country_region_territory")},
      {"rate_limit", RateLimited(kModel, "tokens", 1000000, 976163, 70716, 2.812, true)},
      {"rate_limit_text_only", std::move(text_only)},
      {"rate_limit_seconds", std::move(seconds)},
      {"rate_limit_date", std::move(date)},
      {"rate_limit_too_large", TooLargeForRate(kModel, 30000, 31538)},
      {"insufficient_quota",
       ErrorReply(429,
                  "You exceeded your current quota, please check your plan and billing details. "
                  "For more information on this error, read the docs: "
                  "https://platform.openai.com/docs/guides/error-codes/api-errors.",
                  "insufficient_quota", "insufficient_quota")},
      {"too_long", TooLong(0, 10738, false)},
      {"too_long_named", TooLong(2, 0, true)},
      {"too_many_tokens", ErrorReply(400, "Requested 319487 tokens, max 300000 tokens per request",
                                     "max_tokens_per_request", "max_tokens_per_request")},
      {"invalid_input", InvalidInput()},
      {"server_error",
       ErrorReply(500, "The server had an error while processing your request. Sorry about that!",
                  "server_error", nullptr)},
      {"overloaded", ErrorReply(503, "The engine is currently overloaded, please try again later",
                                "server_error", nullptr)},
      {"slow_down", std::move(slow_down)},
      {"bad_gateway_html", HtmlReply(502, "502 Bad Gateway")},
      {"origin_timeout_html", HtmlReply(524, "524: A timeout occurred")},
  };
}

}  // namespace dsw::doubles
