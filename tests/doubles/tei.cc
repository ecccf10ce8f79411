// SPDX-License-Identifier: Apache-2.0
//
// text-embeddings-inference 1.9.3, by its source: its own route and the OpenAI route, which words
// errors in another shape; a permit for each text of a request.
#include "tests/doubles/tei.h"

#include "tests/doubles/rate.h"
#include "tests/doubles/wire.h"

namespace dsw::doubles {
namespace {

constexpr std::size_t kMaxItems = 32;
constexpr std::size_t kMaxConcurrent = 512;
constexpr std::size_t kMaxTokens = 512;
constexpr std::size_t kMaxBody = 2'000'000;
constexpr std::size_t kDims = 384;
constexpr char kModel[] = "BAAI/bge-small-en-v1.5";

Reply ErrorReply(bool native, int status, std::string_view error, std::string_view type) {
  if (native) return JsonReply(status, {{"error", error}, {"error_type", type}});
  return JsonReply(status, {{"message", error}, {"code", status}, {"type", type}});
}

Reply BodyTooLarge() {
  return TextReply(413, "Failed to buffer the request body: length limit exceeded");
}

Reply BatchTooLarge(bool native, int status, std::size_t size, std::size_t limit) {
  return ErrorReply(native, status,
                    "batch size " + std::to_string(size) + " > maximum allowed batch size " +
                        std::to_string(limit),
                    "Validation");
}

Reply TooLong(bool native, std::uint64_t tokens) {
  return ErrorReply(native, 422,
                    "Input validation error: `inputs` must have less than " +
                        std::to_string(kMaxTokens) + " tokens. Given: " + std::to_string(tokens),
                    "Validation");
}

class Tei final : public Api {
 public:
  explicit Tei(const Options& options)
      : options_(options),
        rows_({"[", ",", "]"}, options.fast),
        permits_(options.max_concurrency != 0 ? options.max_concurrency : kMaxConcurrent) {}

  std::optional<Reply> Early(std::uint64_t bytes) override {
    if (bytes <= kMaxBody) return std::nullopt;
    return BodyTooLarge();
  }

  Reply Answer(const Request& request, Quirk quirk) override {
    const std::string_view path = PathOf(request);
    if (!options_.key.empty() && CheckKey(request, options_) != Key::kRight) return Empty(401);
    if (path == "/info" && request.method == "GET") return Info();
    if ((path == "/health" || path == "/" || path == "/ping") && request.method == "GET") {
      return Empty(200);
    }
    const bool native = path == "/embed";
    if (!native && path != "/v1/embeddings" && path != "/embeddings") return Empty(404);
    if (request.method != "POST") return Empty(405);
    if (!SentJson(request)) {
      return TextReply(415, "Expected request with `Content-Type: application/json`");
    }
    if (request.body.size() > kMaxBody) return BodyTooLarge();
    const std::optional<Json> body = ParseJson(request.body);
    if (!body) return TextReply(400, "Failed to parse the request body as JSON");
    const std::string field = native ? "inputs" : "input";
    if (!body->is_object() || !body->contains(field)) {
      return TextReply(422,
                       "Failed to deserialize the JSON body into the target type: missing "
                       "field `" +
                           field + "` at line 1 column " + std::to_string(request.body.size()));
    }
    const auto strings = StringsOf((*body)[field]);
    if (!strings) {
      return TextReply(422, "Failed to deserialize the JSON body into the target type: " + field +
                                ": data did not match any variant of untagged enum Input at line 1 "
                                "column " +
                                std::to_string(request.body.size()));
    }
    return Embed(*body, native, *strings, quirk);
  }

 private:
  static Reply Empty(int status) {
    Reply reply;
    reply.status = status;
    return reply;
  }

  std::size_t max_items() const { return options_.max_items != 0 ? options_.max_items : kMaxItems; }

  Reply Info() const {
    return JsonReply(200,
                     {{"model_id", kModel},
                      {"model_sha", "5c38ec7c405ec4b44b94cc5a9bb96e735b38267a"},
                      {"model_dtype", "float32"},
                      {"served_model_name", kModel},
                      {"model_type", {{"embedding", {{"pooling", "cls"}}}}},
                      {"max_concurrent_requests",
                       options_.max_concurrency != 0 ? options_.max_concurrency : kMaxConcurrent},
                      {"max_input_length", kMaxTokens},
                      {"max_batch_tokens", 16384},
                      {"max_batch_requests", nullptr},
                      {"max_client_batch_size", max_items()},
                      {"auto_truncate", true},
                      {"tokenization_workers", 4},
                      {"version", "1.9.3"},
                      {"sha", nullptr},
                      {"docker_label", nullptr}});
  }

  Reply Embed(const Json& body, bool native, const std::vector<std::string_view>& strings,
              Quirk quirk) {
    if (strings.empty()) return ErrorReply(native, 400, "`inputs` cannot be empty", "Empty");
    if (strings.size() > max_items()) {
      return BatchTooLarge(native, options_.batch_limit_is_413 ? 413 : 422, strings.size(),
                           max_items());
    }
    const Json truncate = body.value("truncate", Json());
    for (const std::string_view text : strings) {
      if (text.empty()) {
        return ErrorReply(native, 400, "Input validation error: `inputs` cannot be empty", "Empty");
      }
      const std::uint64_t tokens = TokensOf(text);
      if (truncate == false && tokens >= kMaxTokens) return TooLong(native, tokens);
    }
    if (PoisonIn(strings, options_)) return TooLong(native, kMaxTokens + 22);
    std::shared_ptr<void> permits = permits_.Take(strings.size());
    if (permits == nullptr) return ErrorReply(native, 429, "Model is overloaded", "Overloaded");

    Texts texts{kModel, strings, options_.dims != 0 ? options_.dims : kDims, false, quirk};
    const Json dims = body.value("dimensions", Json());
    if (dims.is_number_integer() && dims > 0 && dims <= texts.dims) {
      texts.dims = dims.get<std::size_t>();
    }
    Reply reply;
    Serve(reply, texts, options_);
    reply.held = std::move(permits);
    const std::string ms = std::to_string(reply.delay.count());
    reply.headers = {{"content-type", "application/json"},
                     {"x-compute-type", "cpu"},
                     {"x-compute-time", ms},
                     {"x-compute-characters", std::to_string(reply.tokens * 4)},
                     {"x-compute-tokens", std::to_string(reply.tokens)},
                     {"x-total-time", ms},
                     {"x-tokenization-time", "0"},
                     {"x-queue-time", "0"},
                     {"x-inference-time", ms}};
    if (native) {
      reply.body = VectorList(rows_, texts);
      return reply;
    }
    texts.base64 =
        body.value("encoding_format", Json()) == "base64" && quirk != Quirk::kBase64Ignored;
    reply.body = "{\"object\":\"list\",\"data\":[";
    for (const Item& item : ItemsOf(texts)) {
      if (reply.body.back() != '[') reply.body += ',';
      reply.body += "{\"object\":\"embedding\",\"embedding\":";
      if (texts.base64) reply.body += '"';
      rows_.Append(reply.body, texts, item.text);
      if (texts.base64) reply.body += '"';
      if (item.index) reply.body += ",\"index\":" + std::to_string(*item.index);
      reply.body += '}';
    }
    const std::string tokens = std::to_string(reply.tokens);
    reply.body += "],\"model\":" + Json(kModel).dump() + ",\"usage\":{\"prompt_tokens\":" + tokens +
                  ",\"total_tokens\":" + tokens + "}}";
    return reply;
  }

  const Options options_;
  Rows rows_;
  Permits permits_;
};

}  // namespace

std::unique_ptr<Api> MakeTei(const Options& options) {
  return std::make_unique<Tei>(options);
}

std::vector<Canned> TeiReplies() {
  return {
      {"empty", ErrorReply(true, 400, "Input validation error: `inputs` cannot be empty", "Empty")},
      {"batch_too_large", BatchTooLarge(true, 422, 64, 32)},
      {"batch_too_large_413", BatchTooLarge(true, 413, 64, 32)},
      {"batch_too_large_openai", BatchTooLarge(false, 422, 64, 32)},
      {"too_long", TooLong(true, 534)},
      {"tokenizer", ErrorReply(true, 422, "Tokenization error", "Tokenizer")},
      {"backend", ErrorReply(true, 424, "Inference failed", "Backend")},
      {"overloaded", ErrorReply(true, 429, "Model is overloaded", "Overloaded")},
      {"unhealthy", ErrorReply(true, 503, "unhealthy", "Unhealthy")},
      {"body_too_large", BodyTooLarge()},
      {"missing_inputs", TextReply(422,
                                   "Failed to deserialize the JSON body into the target type: "
                                   "missing field `inputs` at line 1 column 30")},
      {"content_type", TextReply(415, "Expected request with `Content-Type: application/json`")},
      {"bad_gateway_html", HtmlReply(502, "502 Bad Gateway")},
  };
}

}  // namespace dsw::doubles
