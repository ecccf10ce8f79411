// SPDX-License-Identifier: Apache-2.0
//
// Cohere's embeddings, by its OpenAPI document of 2026-08 and recorded traffic of 2025.
#include "tests/doubles/cohere.h"

#include <mutex>
#include <set>

#include "tests/doubles/rate.h"
#include "tests/doubles/wire.h"

namespace dsw::doubles {
namespace {

constexpr std::size_t kMaxItems = 96;

const std::vector<KnownModel>& Models() {
  static const std::vector<KnownModel> models = {
      {"embed-v4.0", 1536, 256, 128'000, 0},
      {"embed-english-v3.0", 1024, 0, 512, 0},
      {"embed-multilingual-v3.0", 1024, 0, 512, 0},
      {"embed-english-light-v3.0", 384, 0, 512, 0},
      {"embed-multilingual-light-v3.0", 384, 0, 512, 0},
  };
  return models;
}

Reply MessageReply(int status, std::string_view message) {
  Reply reply = JsonReply(status, {{"message", message}});
  reply.headers.emplace_back("x-debug-trace-id", NextId(""));
  reply.headers.emplace_back("server", "envoy");
  return reply;
}

Reply TooLong(std::size_t max_tokens, std::uint64_t tokens) {
  return MessageReply(400, "too many tokens: total number of tokens in the prompt cannot exceed " +
                               std::to_string(max_tokens) + " - received " +
                               std::to_string(tokens) + ". Try using a shorter prompt.");
}

/// The service cuts texts into words before it echoes them: "post_1" comes back as "post _ 1".
std::string Echo(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '_') {
      out += " _ ";
    } else {
      out += c;
    }
  }
  return out;
}

class Cohere final : public Api {
 public:
  explicit Cohere(const Options& options)
      : options_(options),
        rows_({"[", ",", "]"}, options.fast),
        inputs_(options.inputs_per_minute) {}

  Reply Answer(const Request& request, Quirk quirk) override {
    const std::string_view path = PathOf(request);
    switch (CheckKey(request, options_)) {
      case Key::kMissing:
        return MessageReply(401, "no api key supplied");
      case Key::kWrong:
        return MessageReply(401, "invalid api token");
      case Key::kRight:
        break;
    }
    const int version = path == "/v1/embed" ? 1 : path == "/v2/embed" ? 2 : 0;
    if (version == 0) return MessageReply(404, "page not found");
    if (request.method != "POST") return MessageReply(405, "method not allowed");
    const std::optional<Json> body = ParseJson(request.body);
    if (!SentJson(request) || !body || !body->is_object()) {
      return MessageReply(400, "invalid request: the body is not valid JSON");
    }
    return Embed(*body, version, request.at, quirk);
  }

 private:
  static std::optional<Reply> CheckFields(const Json& body, int version) {
    static const std::set<std::string_view> kFirst = {"texts",      "images",          "model",
                                                      "input_type", "embedding_types", "truncate"};
    static const std::set<std::string_view> kSecond = {
        "texts",           "images",   "model",      "input_type",       "inputs",
        "embedding_types", "truncate", "max_tokens", "output_dimension", "priority"};
    const std::set<std::string_view>& known = version == 1 ? kFirst : kSecond;
    for (const auto& [name, value] : body.items()) {
      if (known.count(name) == 0) {
        return MessageReply(
            400, "invalid request: unknown field: parameter '" + name + "' is not a valid field");
      }
    }
    if (const auto truncate = body.find("truncate"); truncate != body.end()) {
      if (*truncate != "NONE" && *truncate != "START" && *truncate != "END") {
        return MessageReply(400, "invalid request: truncate must be one of NONE, START, END");
      }
    }
    if (const auto priority = body.find("priority"); priority != body.end()) {
      if (!priority->is_number_integer() || *priority < 0 || *priority > 999) {
        return MessageReply(400, "invalid request: priority must be between 0 and 999");
      }
    }
    if (const auto tokens = body.find("max_tokens"); tokens != body.end()) {
      if (!tokens->is_number_integer() || *tokens < 1) {
        return MessageReply(400, "invalid request: max_tokens must be a positive integer");
      }
    }
    return std::nullopt;
  }

  Reply Embed(const Json& body, int version, Time now, Quirk quirk) {
    if (auto refused = CheckFields(body, version)) return *std::move(refused);
    const auto id = body.find("model");
    if (id == body.end() || !id->is_string()) {
      return MessageReply(400, "invalid request: model is required");
    }
    const std::string& name = id->get_ref<const std::string&>();
    const std::optional<KnownModel> model = FindModel(Models(), name, options_);
    if (!model) {
      return MessageReply(404, "model '" + name +
                                   "' not found, make sure the correct model ID was used and that "
                                   "you have access to the model.");
    }
    static const std::set<std::string_view> kInputTypes = {"search_document", "search_query",
                                                           "classification", "clustering", "image"};
    const auto input_type = body.find("input_type");
    if (input_type == body.end() || !input_type->is_string() ||
        kInputTypes.count(input_type->get_ref<const std::string&>()) == 0) {
      return MessageReply(
          400, "invalid request: valid input_type must be provided with the provided model");
    }
    Texts texts{name, {}, model->dims, false, quirk};
    if (const auto dims = body.find("output_dimension"); dims != body.end()) {
      if (model->min_dims == 0) {
        return MessageReply(400,
                            "invalid request: output_dimension is not supported for this model");
      }
      if (*dims != 256 && *dims != 512 && *dims != 1024 && *dims != 1536) {
        return MessageReply(
            400, "invalid request: output_dimension must be one of 256, 512, 1024, 1536");
      }
      texts.dims = dims->get<std::size_t>();
    }
    std::set<std::string> types;
    for (const Json& type : body.value("embedding_types", Json::array())) {
      static const std::set<std::string> kTypes = {"float", "base64"};
      const std::string wanted = type.is_string() ? type.get<std::string>() : type.dump();
      if (kTypes.count(wanted) == 0 || (version == 1 && wanted == "base64")) {
        return MessageReply(
            400, "invalid request: embedding_types contains an invalid type: '" + wanted + "'");
      }
      types.insert(wanted);
    }
    const auto strings = body.contains("texts") && body["texts"].is_array()
                             ? StringsOf(body["texts"])
                             : std::nullopt;
    if (!strings || strings->empty()) {
      return MessageReply(400, "invalid request: at least one of texts or images must be provided");
    }
    texts.texts = *strings;
    if (auto refused = CheckTexts(texts, *model, body.value("truncate", "END"))) {
      return *std::move(refused);
    }
    {
      const std::lock_guard lock(mutex_);
      if (!inputs_.Take(static_cast<double>(texts.texts.size()), now)) {
        return CannedReply("cohere", "rate_limit");
      }
    }
    return Embedded(texts, version, types);
  }

  std::optional<Reply> CheckTexts(const Texts& texts, const KnownModel& model,
                                  const std::string& truncate) const {
    const std::size_t max_items = options_.max_items != 0 ? options_.max_items : kMaxItems;
    if (texts.texts.size() > max_items) {
      return MessageReply(400, "invalid request: total number of texts must be at most " +
                                   std::to_string(max_items) + " - received " +
                                   std::to_string(texts.texts.size()));
    }
    for (std::size_t i = 0; i < texts.texts.size(); ++i) {
      if (texts.texts[i].empty()) {
        return MessageReply(
            400, "invalid request: inputs contains an element that is the empty string at index " +
                     std::to_string(i));
      }
      const std::uint64_t tokens = TokensOf(texts.texts[i]);
      if (truncate == "NONE" && tokens > model.max_tokens) {
        return TooLong(model.max_tokens, tokens);
      }
    }
    if (PoisonIn(texts.texts, options_)) return TooLong(model.max_tokens, model.max_tokens + 1);
    return std::nullopt;
  }

  Reply Embedded(const Texts& texts, int version, const std::set<std::string>& types) {
    Reply reply;
    Serve(reply, texts, options_);
    reply.headers = {{"content-type", "application/json"},
                     {"num_chars", std::to_string(reply.tokens * 4)},
                     {"num_tokens", std::to_string(reply.tokens)},
                     {"x-debug-trace-id", NextId("")},
                     {"x-envoy-upstream-service-time", std::to_string(reply.delay.count())},
                     {"server", "envoy"}};
    const bool by_type = version == 2 || !types.empty();
    std::string embeddings;
    if (by_type) {
      for (const std::string& type : types.empty() ? std::set<std::string>{"float"} : types) {
        Texts typed = texts;
        typed.base64 = type == "base64" && texts.quirk != Quirk::kBase64Ignored;
        embeddings += embeddings.empty() ? "{" : ",";
        embeddings += typed.base64 ? "\"base64\":" : "\"float\":";
        embeddings += VectorList(rows_, typed);
      }
      embeddings += '}';
    } else {
      embeddings = VectorList(rows_, texts);
    }
    Json echo = Json::array();
    for (const std::string_view text : texts.texts) echo.push_back(Echo(text));
    reply.body = "{\"id\":\"" + NextId("") + "\",\"texts\":" + echo.dump() +
                 ",\"embeddings\":" + embeddings + ",\"meta\":{\"api_version\":{\"version\":\"" +
                 std::to_string(version) + "\"}";
    if (texts.quirk != Quirk::kNoUsage) {
      reply.body += ",\"billed_units\":{\"input_tokens\":" + std::to_string(reply.tokens) + "}";
    }
    reply.body += std::string("},\"response_type\":\"") +
                  (by_type ? "embeddings_by_type" : "embeddings_floats") + "\"}";
    return reply;
  }

  const Options options_;
  Rows rows_;
  std::mutex mutex_;
  TokenBucket inputs_;  // Guarded by mutex_.
};

}  // namespace

std::unique_ptr<Api> MakeCohere(const Options& options) {
  return std::make_unique<Cohere>(options);
}

std::vector<Canned> CohereReplies() {
  return {
      {"no_key", MessageReply(401, "no api key supplied")},
      {"wrong_key", MessageReply(401, "invalid api token")},
      {"billing", MessageReply(402, "Please check your billing details.")},
      {"forbidden", MessageReply(403, "You do not have access to this resource.")},
      {"unprocessable", MessageReply(422, "unprocessable entity")},
      {"too_many_items",
       MessageReply(400,
                    "invalid request: total number of texts must be at most 96 - received 104")},
      {"empty_text",
       MessageReply(400,
                    "invalid request: inputs contains an element that is the empty string at index "
                    "1")},
      {"too_long", TooLong(512, 513)},
      {"rate_limit",
       MessageReply(429,
                    "You are past the per minute request limit, please wait and try again later.")},
      {"rate_limit_short", MessageReply(429, "Please wait and try again later")},
      {"rate_limit_trial_tokens",
       MessageReply(429, "trial token rate limit exceeded, limit is 100000 tokens per minute")},
      {"monthly_trial",
       MessageReply(429,
                    "You are using a Trial key, which is limited to 1000 API calls / month. You "
                    "can continue to use the Trial key for free or upgrade to a Production key "
                    "with higher rate limits.")},
      {"denied_token", MessageReply(498, "this token is on the deny list")},
      {"cancelled", MessageReply(499, "request cancelled")},
      {"server_error", MessageReply(500, "internal server error, this has been reported")},
      {"not_implemented", MessageReply(501, "not implemented")},
      {"unavailable", MessageReply(503, "service unavailable")},
      {"gateway_timeout", MessageReply(504, "gateway timeout")},
      {"bad_gateway_html", HtmlReply(502, "502 Bad Gateway")},
  };
}

}  // namespace dsw::doubles
