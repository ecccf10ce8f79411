// SPDX-License-Identifier: Apache-2.0
//
// The self-hosted inference API, an actix-web server over fastembed-rs, by its source of 2026-02:
// one worker per model with a queue of 8 before it.
#include "tests/doubles/fastembed.h"

#include <mutex>

#include "tests/doubles/rate.h"
#include "tests/doubles/wire.h"

namespace dsw::doubles {
namespace {

constexpr std::size_t kMaxItems = 128;
constexpr std::size_t kMaxBody = 2'097'152;
constexpr std::size_t kQueueDepth = 8;

const std::vector<KnownModel>& Models() {
  static const std::vector<KnownModel> models = {
      {"Xenova/bge-small-en-v1.5", 384, 0, 512, 0},
      {"Xenova/bge-base-en-v1.5", 768, 0, 512, 0},
      {"Xenova/bge-large-en-v1.5", 1024, 0, 512, 0},
      {"Qdrant/all-MiniLM-L6-v2-onnx", 384, 0, 256, 0},
      {"BAAI/bge-small-en-v1.5", 384, 0, 512, 0},
  };
  return models;
}

Reply ErrorReply(int status, std::string_view error, std::string_view code) {
  return JsonReply(status, {{"error", error}, {"code", code}});
}

Reply BodyTooLarge(std::uint64_t bytes) {
  return TextReply(413, "JSON payload (" + std::to_string(bytes) +
                            " bytes) is larger than allowed (limit: " + std::to_string(kMaxBody) +
                            " bytes).");
}

Reply NotFound() {
  Reply reply;
  reply.status = 404;
  return reply;
}

Reply BatchTooLarge(std::size_t size, std::size_t limit) {
  return ErrorReply(400,
                    "Bad request: Batch size " + std::to_string(size) + " exceeds maximum " +
                        std::to_string(limit),
                    "BAD_REQUEST");
}

Reply QueueFull(std::string_view model) {
  Reply reply =
      ErrorReply(503,
                 "Service unavailable: Model " + std::string(model) + " queue full (depth " +
                     std::to_string(kQueueDepth) + "), try again later",
                 "SERVICE_UNAVAILABLE");
  reply.headers.emplace_back("retry-after", "5");
  return reply;
}

class FastEmbed final : public Api {
 public:
  explicit FastEmbed(const Options& options)
      : options_(options), rows_({"[", ",", "]"}, options.fast), queue_(kQueueDepth) {}

  std::optional<Reply> Early(std::uint64_t bytes) override {
    if (bytes <= kMaxBody) return std::nullopt;
    return BodyTooLarge(bytes);
  }

  Reply Answer(const Request& request, Quirk quirk) override {
    const std::string_view path = PathOf(request);
    if (request.method == "GET") {
      if (path == "/api/embedders") return ListEmbedders();
      if (path == "/health/live") return JsonReply(200, {{"status", "ok"}});
      if (path == "/health/ready") {
        return JsonReply(200, {{"status", "ok"}, {"embedding", true}, {"reranker", false}});
      }
      if (path == "/health/status") {
        return JsonReply(200, {{"status", "ok"},
                               {"embedding_ready", true},
                               {"reranker_ready", false},
                               {"total_queue_depth", 0},
                               {"gpu_vram_pressure", false}});
      }
      return NotFound();
    }
    const bool batch = path == "/api/embed/batch";
    if (request.method != "POST" || (!batch && path != "/api/embed")) return NotFound();
    if (!SentJson(request)) return TextReply(400, "Content type error");
    if (request.body.size() > kMaxBody) return BodyTooLarge(request.body.size());
    const std::optional<Json> body = ParseJson(request.body);
    if (!body || !body->is_object()) {
      return TextReply(400, "Json deserialize error: expected value at line 1 column 1");
    }
    const std::string field = batch ? "texts" : "text";
    const auto texts = body->find(field);
    if (texts == body->end() || !body->contains("model")) {
      return TextReply(400, "Json deserialize error: missing field `" +
                                (texts == body->end() ? field : "model") + "` at line 1 column " +
                                std::to_string(request.body.size()));
    }
    if (batch != texts->is_array() || !(*body)["model"].is_string() || !StringsOf(*texts)) {
      return TextReply(400, "Json deserialize error: invalid type at line 1 column 10");
    }
    return Embed((*body)["model"].get_ref<const std::string&>(), *StringsOf(*texts), request.at,
                 quirk);
  }

 private:
  Reply ListEmbedders() const {
    OrderedJson list = OrderedJson::array();
    for (const KnownModel& model : Models()) {
      list.push_back({{"id", model.id},
                      {"name", model.id},
                      {"description", "A model"},
                      {"model_type", "embedding"},
                      {"dimensions", options_.dims != 0 ? options_.dims : model.dims}});
    }
    return JsonReply(200, list);
  }

  Reply Embed(const std::string& name, std::vector<std::string_view> strings, Time now,
              Quirk quirk) {
    const std::size_t max_items = options_.max_items != 0 ? options_.max_items : kMaxItems;
    if (strings.size() > max_items) return BatchTooLarge(strings.size(), max_items);
    const std::optional<KnownModel> model = FindModel(Models(), name, options_);
    if (!model) {
      return ErrorReply(400,
                        "Unsupported model: Model " + name + " is not in the allowed models list",
                        "UNSUPPORTED_MODEL");
    }
    if (PoisonIn(strings, options_)) {
      return ErrorReply(500, "Embedding generation failed: tokenizer error", "EMBEDDING_ERROR");
    }
    Reply reply;
    if (strings.empty()) {
      return JsonReply(
          200,
          {{"embeddings", OrderedJson::array()}, {"model", name}, {"count", 0}, {"dimensions", 0}});
    }
    const Texts texts{name, std::move(strings), model->dims, false, quirk};
    Serve(reply, texts, options_);
    {
      const std::lock_guard lock(mutex_);
      if (queue_.Full(now)) return QueueFull(name);
      const std::size_t waiting = queue_.Waiting(now);
      const auto work = reply.delay;
      reply.delay = queue_.Add(work, now);
      reply.headers = {{"content-type", "application/json"},
                       {"x-queue-depth", std::to_string(waiting)},
                       {"x-queue-capacity", std::to_string(kQueueDepth)},
                       {"x-estimated-wait-ms", std::to_string((reply.delay - work).count())}};
    }
    const std::string embeddings = VectorList(rows_, texts);
    reply.body = "{\"embeddings\":" + embeddings + ",\"model\":" + Json(name).dump() +
                 ",\"count\":" + std::to_string(texts.texts.size()) +
                 ",\"dimensions\":" + std::to_string(texts.dims) + "}";
    return reply;
  }

  const Options options_;
  Rows rows_;
  std::mutex mutex_;
  SerialQueue queue_;  // Guarded by mutex_.
};

/// Answers every model; what shape it answers in is up to the quirk: {"embeddings"}, or {"data"}
/// when asked for indexes.
class PlainEmbed final : public Api {
 public:
  explicit PlainEmbed(const Options& options)
      : options_(options), rows_({"[", ",", "]"}, options.fast) {}

  Reply Answer(const Request& request, Quirk quirk) override {
    if (request.method != "POST" || PathOf(request) != "/embed") return NotFound();
    const std::optional<Json> body = ParseJson(request.body);
    if (!SentJson(request) || !body || !body->is_object() || !body->contains("input")) {
      return JsonReply(400, {{"error", "the body must be a JSON object with \"input\""}});
    }
    for (const auto& [field, value] : body->items()) {
      if (field != "input" && field != "model") {
        return JsonReply(400, {{"error", "unknown field \"" + field + "\""}});
      }
    }
    const auto strings = StringsOf((*body)["input"]);
    if (!strings || strings->empty()) {
      return JsonReply(400, {{"error", "\"input\" must be a list of texts"}});
    }
    if (PoisonIn(*strings, options_)) {
      return JsonReply(400, {{"error", "the input length exceeds the context length"}});
    }
    const Texts texts{body->value("model", ""), *strings, options_.dims != 0 ? options_.dims : 384,
                      false, quirk};
    Reply reply;
    Serve(reply, texts, options_);
    reply.headers = {{"content-type", "application/json"}};
    if (quirk == Quirk::kBareList) {
      reply.body = VectorList(rows_, texts);
    } else if (quirk == Quirk::kShuffled || quirk == Quirk::kIndexAllZero) {
      reply.body = "{\"data\":[";
      for (const Item& item : ItemsOf(texts)) {
        if (reply.body.back() != '[') reply.body += ',';
        reply.body += "{\"index\":" + std::to_string(*item.index) + ",\"embedding\":";
        rows_.Append(reply.body, texts, item.text);
        reply.body += '}';
      }
      reply.body += "]}";
    } else {
      reply.body = "{\"embeddings\":" + VectorList(rows_, texts) + "}";
    }
    return reply;
  }

 private:
  const Options options_;
  Rows rows_;
};

}  // namespace

std::unique_ptr<Api> MakeFastEmbed(const Options& options) {
  return std::make_unique<FastEmbed>(options);
}

std::vector<Canned> FastEmbedReplies() {
  Reply vram = ErrorReply(503, "Service unavailable: GPU VRAM pressure high, try again later",
                          "SERVICE_UNAVAILABLE");
  vram.headers.emplace_back("retry-after", "5");
  return {
      {"batch_too_large", BatchTooLarge(200, 128)},
      {"unsupported_model",
       ErrorReply(400, "Unsupported model: Model X is not in the allowed models list",
                  "UNSUPPORTED_MODEL")},
      {"not_preloaded",
       ErrorReply(400, "Unsupported model: Model X not preloaded. Please check configuration.",
                  "UNSUPPORTED_MODEL")},
      {"missing_field",
       TextReply(400, "Json deserialize error: missing field `texts` at line 1 column 20")},
      {"content_type", TextReply(400, "Content type error")},
      {"not_found", NotFound()},
      {"body_too_large", BodyTooLarge(2'500'000)},
      {"embedding_error",
       ErrorReply(500, "Embedding generation failed: out of memory", "EMBEDDING_ERROR")},
      {"internal_error", ErrorReply(500, "Internal error", "INTERNAL_ERROR")},
      {"queue_full", QueueFull("BAAI/bge-small-en-v1.5")},
      {"vram_pressure", std::move(vram)},
      {"model_load",
       ErrorReply(503, "Service unavailable: Failed to load model", "MODEL_LOAD_ERROR")},
      {"bad_gateway_html", HtmlReply(502, "502 Bad Gateway")},
  };
}

std::unique_ptr<Api> MakePlainEmbed(const Options& options) {
  return std::make_unique<PlainEmbed>(options);
}

std::vector<Canned> PlainEmbedReplies() {
  return {
      {"tei_in_disguise",
       TextReply(422,
                 "Failed to deserialize the JSON body into the target type: missing field "
                 "`inputs` at line 1 column 30")},
      {"server_error", TextReply(500, "Internal Server Error")},
      {"unavailable", TextReply(503, "Service Unavailable")},
  };
}

}  // namespace dsw::doubles
