// SPDX-License-Identifier: Apache-2.0
//
// Jina AI's embeddings, by its OpenAPI document of 2026-02 and error texts of issue threads. Which
// fields a request may have depends on its model; others are refused.
#include "tests/doubles/jina.h"

#include <mutex>
#include <set>

#include "tests/doubles/rate.h"
#include "tests/doubles/wire.h"

namespace dsw::doubles {
namespace {

constexpr std::size_t kMaxItems = 512;

using Names = std::set<std::string_view>;

struct Family {
  std::string_view prefix;
  Names fields;  ///< Beside model, input, embedding_type and truncate.
  Names tasks;
};

const Family& FamilyOf(std::string_view model) {
  static const std::vector<Family> families = {
      {"jina-embeddings-v2", {"normalized"}, {}},
      {"jina-embeddings-v4",
       {"task", "dimensions", "late_chunking", "return_multivector", "return_tokenized_input"},
       {"text-matching", "retrieval.query", "retrieval.passage", "code.query", "code.passage"}},
      {"jina-code-embeddings",
       {"task", "dimensions"},
       {"nl2code.query", "nl2code.passage", "qa.query", "qa.passage", "code2code.query",
        "code2code.passage", "code2nl.query", "code2nl.passage", "code2completion.query",
        "code2completion.passage"}},
      {"jina-clip-v1", {"normalized"}, {}},
      {"jina-clip-v2", {"normalized", "task", "dimensions"}, {"retrieval.query"}},
      {"jina-embeddings-v",
       {"normalized", "task", "dimensions", "late_chunking"},
       {"retrieval.query", "retrieval.passage", "text-matching", "classification", "separation"}},
  };
  for (const Family& family : families) {
    if (model.substr(0, family.prefix.size()) == family.prefix) return family;
  }
  return families.back();
}

const std::vector<KnownModel>& Models() {
  static const std::vector<KnownModel> models = {
      {"jina-embeddings-v3", 1024, 1, 8192, 0},
      {"jina-embeddings-v4", 2048, 1, 32768, 0},
      {"jina-embeddings-v5-text-small", 1024, 32, 32768, 0},
      {"jina-embeddings-v5-text-nano", 768, 32, 8192, 0},
      {"jina-embeddings-v2-base-en", 768, 0, 8192, 0},
      {"jina-embeddings-v2-base-de", 768, 0, 8192, 0},
      {"jina-embeddings-v2-base-es", 768, 0, 8192, 0},
      {"jina-embeddings-v2-base-zh", 768, 0, 8192, 0},
      {"jina-embeddings-v2-base-code", 768, 0, 8192, 0},
      {"jina-code-embeddings-0.5b", 896, 1, 32768, 0},
      {"jina-code-embeddings-1.5b", 1536, 1, 32768, 0},
      {"jina-clip-v1", 768, 0, 8192, 0},
      {"jina-clip-v2", 1024, 1, 8192, 0},
  };
  return models;
}

Reply CodeReply(int status, std::string_view code, std::string_view detail) {
  return JsonReply(status, {{"detail", detail}, {"code", code}, {"request_id", NextId("")}});
}

Reply FieldReply(std::string_view model, const std::string& field, std::string_view message,
                 std::string_view type, const Json& input) {
  const std::string place = "body -> " + std::string(model) + " -> " + field;
  return JsonReply(
      422, {{"detail", "[RID: " + NextId("") + "] Validation error: '" + place + "' " +
                           std::string(message) + ". Field errors: " + place + ": " +
                           std::string(message)},
            {"errors", OrderedJson::array({{{"field", place},
                                            {"message", message},
                                            {"type", type},
                                            {"input", OrderedJson::parse(input.dump())}}})}});
}

Reply TooManyItems(std::size_t max_items) {
  return CodeReply(400, "INPUT_TOO_MANY_ITEMS",
                   "Each input list can contain at most " + std::to_string(max_items) + " items.");
}

Reply TooLong(std::size_t index, std::size_t max_tokens, std::uint64_t tokens) {
  return CodeReply(400, "INPUT_TOO_LONG",
                   "Input text at index " + std::to_string(index) + " exceeds maximum length of " +
                       std::to_string(max_tokens) + " tokens: " + std::to_string(tokens) +
                       " tokens. Consider setting truncate to true.");
}

class Jina final : public Api {
 public:
  explicit Jina(const Options& options)
      : options_(options),
        rows_({"[", ",", "]"}, options.fast),
        permits_(options.max_concurrency),
        requests_(options.requests_per_minute),
        tokens_(options.tokens_per_minute) {}

  Reply Answer(const Request& request, Quirk quirk) override {
    const std::string_view path = PathOf(request);
    switch (CheckKey(request, options_)) {
      case Key::kMissing:
        return CannedReply("jina", "no_key");
      case Key::kWrong:
        return CannedReply("jina", "wrong_key");
      case Key::kRight:
        break;
    }
    if (path != "/v1/embeddings") return JsonReply(404, {{"detail", "Not Found"}});
    if (request.method != "POST") return JsonReply(405, {{"detail", "Method Not Allowed"}});
    const std::optional<Json> body = ParseJson(request.body);
    if (!SentJson(request) || !body || !body->is_object()) {
      return JsonReply(422, {{"detail", "[RID: " + NextId("") +
                                            "] Validation error: JSON decode "
                                            "error"},
                             {"errors", OrderedJson::array()}});
    }
    return Embed(*body, request.at, quirk);
  }

 private:
  Reply Embed(const Json& body, Time now, Quirk quirk) {
    const auto id = body.find("model");
    if (id == body.end() || !id->is_string()) {
      return FieldReply("", "model", "Field required", "missing", body);
    }
    const std::string& name = id->get_ref<const std::string&>();
    const std::optional<KnownModel> model = FindModel(Models(), name, options_);
    if (!model) {
      return CodeReply(400, "INPUT_MODEL_NOT_FOUND", "Model '" + name + "' not found.");
    }
    Texts texts{name, {}, model->dims, false, quirk};
    if (auto refused = CheckFields(body, *model, texts)) return *std::move(refused);
    const auto strings = body.contains("input") ? StringsOf(body["input"]) : std::nullopt;
    if (!strings) {
      return FieldReply(name, "input", "Input should be a valid string", "string_type",
                        body.value("input", Json()));
    }
    if (strings->empty()) {
      return FieldReply(name, "input", "List should have at least 1 item", "too_short",
                        Json::array());
    }
    const std::size_t max_items = options_.max_items != 0 ? options_.max_items : kMaxItems;
    if (strings->size() > max_items) return TooManyItems(max_items);
    texts.texts = *strings;
    const bool truncate = body.value("truncate", false);
    std::uint64_t tokens = 0;
    for (std::size_t i = 0; i < strings->size(); ++i) {
      const std::uint64_t own = TokensOf((*strings)[i]);
      if (!truncate && own > model->max_tokens) return TooLong(i, model->max_tokens, own);
      tokens += own;
    }
    if (const auto poison = PoisonIn(*strings, options_)) {
      return TooLong(*poison, model->max_tokens, model->max_tokens + 1);
    }
    return Meter(texts, static_cast<double>(tokens), now);
  }

  static std::optional<Reply> CheckFields(const Json& body, const KnownModel& model, Texts& texts) {
    static const Names kCommon = {"model", "input", "embedding_type", "truncate"};
    static const Names kTypes = {"float", "base64", "binary", "ubinary"};
    const Family& family = FamilyOf(model.id);
    for (const auto& [field, value] : body.items()) {
      if (kCommon.count(field) == 0 && family.fields.count(field) == 0) {
        return FieldReply(model.id, field, "Extra inputs are not permitted", "extra_forbidden",
                          value);
      }
      const bool flag = field == "truncate" || field == "normalized" || field == "late_chunking" ||
                        field == "return_multivector" || field == "return_tokenized_input";
      if (flag && !value.is_boolean()) {
        return FieldReply(model.id, field, "Input should be a valid boolean", "bool_type", value);
      }
      if (field == "embedding_type") {
        if (!value.is_string() || kTypes.count(value.get_ref<const std::string&>()) == 0) {
          return FieldReply(model.id, field,
                            "Input should be 'float', 'base64', 'binary' or 'ubinary'", "enum",
                            value);
        }
        texts.base64 = value == "base64";
      }
      if (field == "task" &&
          (!value.is_string() || family.tasks.count(value.get_ref<const std::string&>()) == 0)) {
        return FieldReply(model.id, field, "Input should be one of the tasks of the model", "enum",
                          value);
      }
      if (field == "dimensions") {
        if (!value.is_number_integer() || value < 1 || value > model.dims) {
          return FieldReply(model.id, field,
                            "Input should be less than or equal to " + std::to_string(model.dims),
                            "less_than_equal", value);
        }
        texts.dims = value.get<std::size_t>();
      }
    }
    return std::nullopt;
  }

  Reply Meter(const Texts& texts, double tokens, Time now) {
    std::shared_ptr<void> permit = permits_.Take(1);
    if (permit == nullptr) {
      const std::string limit = std::to_string(options_.max_concurrency);
      return CodeReply(
          429, "RATE_CONCURRENCY_LIMIT_EXCEEDED",
          "Concurrency limit exceeded: " + std::to_string(options_.max_concurrency + 1) + "/" +
              limit + " concurrent requests. Reduce the number of parallel requests.");
    }
    Headers rates;
    {
      const std::lock_guard lock(mutex_);
      if (requests_.limited() && requests_.Level(now) < 1) {
        const std::string limit = std::to_string(static_cast<std::size_t>(requests_.capacity()));
        return CodeReply(429, "RATE_REQUEST_LIMIT_EXCEEDED",
                         "Request rate limit exceeded: " + limit + "/" + limit +
                             " requests per minute. Please slow down.");
      }
      if (!tokens_.Take(tokens, now)) return CannedReply("jina", "token_rate");
      requests_.Take(1, now);
      const auto left = [&](TokenBucket& bucket, double unlimited) {
        const double level = bucket.limited() ? bucket.Level(now) : unlimited;
        return std::to_string(static_cast<std::size_t>(level));
      };
      rates = {{"x-ratelimit-remaining-requests", left(requests_, 500)},
               {"x-ratelimit-remaining-tokens", left(tokens_, 1'000'000)}};
    }
    Reply reply = Embedded(texts);
    reply.headers.insert(reply.headers.end(), rates.begin(), rates.end());
    reply.held = std::move(permit);
    return reply;
  }

  Reply Embedded(const Texts& asked) {
    Texts texts = asked;
    if (texts.quirk == Quirk::kBase64Ignored) texts.base64 = false;
    Reply reply;
    Serve(reply, texts, options_);
    reply.headers = {{"content-type", "application/json"}};
    const std::string tokens = std::to_string(reply.tokens);
    reply.body = "{\"model\":" + Json(texts.model).dump() + ",\"object\":\"list\"";
    if (texts.quirk != Quirk::kNoUsage) {
      reply.body += ",\"usage\":{\"total_tokens\":" + tokens + ",\"prompt_tokens\":" + tokens + "}";
    }
    reply.body += ",\"data\":[";
    bool first = true;
    for (const Item& item : ItemsOf(texts)) {
      reply.body += first ? "{\"object\":\"embedding\"" : ",{\"object\":\"embedding\"";
      first = false;
      if (item.index) reply.body += ",\"index\":" + std::to_string(*item.index);
      reply.body += texts.base64 ? ",\"embedding\":\"" : ",\"embedding\":";
      rows_.Append(reply.body, texts, item.text);
      reply.body += texts.base64 ? "\"}" : "}";
    }
    reply.body += "]}";
    return reply;
  }

  const Options options_;
  Rows rows_;
  Permits permits_;
  std::mutex mutex_;
  TokenBucket requests_;  // Guarded by mutex_.
  TokenBucket tokens_;    // Guarded by mutex_.
};

}  // namespace

std::unique_ptr<Api> MakeJina(const Options& options) {
  return std::make_unique<Jina>(options);
}

std::vector<Canned> JinaReplies() {
  return {
      {"no_key", CodeReply(401, "AUTH_MISSING_API_KEY",
                           "Missing API key. Provide your API key in the Authorization header.")},
      {"wrong_key",
       CodeReply(
           401, "AUTH_INVALID_API_KEY",
           "Invalid API key. Verify your API key at https://jina.ai/api-dashboard/key-manager "
           "or generate a new one.")},
      {"wrong_key_format",
       CodeReply(401, "AUTH_INVALID_FORMAT", "Invalid authorization format. Use 'Bearer'.")},
      {"balance",
       CodeReply(403, "AUTHZ_INSUFFICIENT_BALANCE",
                 "Insufficient account balance. Recharge your account at https://jina.ai/.")},
      {"resource_limit",
       CodeReply(403, "AUTHZ_RESOURCE_LIMIT_EXCEEDED", "Resource limit of your account exceeded.")},
      {"model_not_found", CodeReply(400, "INPUT_MODEL_NOT_FOUND", "Model 'x' not found.")},
      {"not_found", JsonReply(404, {{"detail", "Not Found"}})},
      {"too_many_items", TooManyItems(512)},
      {"too_long", TooLong(1, 8192, 9000)},
      {"extra_field", FieldReply("jina-embeddings-v3", "encoding_format",
                                 "Extra inputs are not permitted", "extra_forbidden", "base64")},
      {"busy", CodeReply(409, "CONFLICT_RESOURCE_BUSY", "The resource is busy.")},
      {"request_rate", CodeReply(429, "RATE_REQUEST_LIMIT_EXCEEDED",
                                 "Request rate limit exceeded: 500/500 requests per minute. Please "
                                 "slow down.")},
      {"token_rate", CodeReply(429, "RATE_TOKEN_LIMIT_EXCEEDED",
                               "Token rate limit exceeded: 1000000/1000000 tokens per minute.")},
      {"ip_rate",
       CodeReply(429, "RATE_IP_LIMIT_EXCEEDED", "IP rate limit exceeded. Use an API key.")},
      {"concurrency", CodeReply(429, "RATE_CONCURRENCY_LIMIT_EXCEEDED",
                                "Concurrency limit exceeded: 6/5 concurrent requests. Reduce the "
                                "number of parallel requests.")},
      {"server_error", CodeReply(500, "INTERNAL_ERROR", "Internal server error.")},
      {"unavailable", CodeReply(503, "SERVICE_UNAVAILABLE", "Service temporarily unavailable.")},
      {"gateway_timeout", CodeReply(504, "SERVICE_TIMEOUT", "The request timed out.")},
      {"bad_gateway_html", HtmlReply(502, "502 Bad Gateway")},
  };
}

}  // namespace dsw::doubles
