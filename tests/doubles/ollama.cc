// SPDX-License-Identifier: Apache-2.0
//
// Ollama, by its source of 2026: its own route, and the lists by which clients tell it from others.
#include "tests/doubles/ollama.h"

#include <atomic>

#include "tests/doubles/wire.h"

namespace dsw::doubles {
namespace {

const std::vector<KnownModel>& Models() {
  static const std::vector<KnownModel> models = {
      {"nomic-embed-text", 768, 1, 2048, 0},
      {"all-minilm", 384, 1, 512, 0},
      {"embeddinggemma", 768, 1, 2048, 0},
  };
  return models;
}

Reply ErrorReply(int status, std::string_view error) {
  return JsonReply(status, {{"error", error}});
}

Reply TooLong() {
  return ErrorReply(400, "the input length exceeds the context length");
}

class Ollama final : public Api {
 public:
  explicit Ollama(const Options& options)
      : options_(options), rows_({"[", ",", "]"}, options.fast) {}

  Reply Answer(const Request& request, Quirk quirk) override {
    const std::string_view path = PathOf(request);
    if (request.method == "GET") {
      if (path == "/") return TextReply(200, "Ollama is running");
      if (path == "/api/version") return JsonReply(200, {{"version", "0.13.5"}});
      if (path == "/api/tags") return List("models", "name");
      if (path == "/v1/models") return List("data", "id");
    }
    if (path != "/api/embed") return TextReply(404, "404 page not found");
    if (request.method != "POST") return TextReply(405, "405 method not allowed");
    const std::optional<Json> body = ParseJson(request.body);
    if (!body || !body->is_object()) {
      return ErrorReply(400, "invalid character looking for beginning of value");
    }
    const auto input = body->find("input");
    const auto strings = input == body->end() ? std::vector<std::string_view>() : StringsOf(*input);
    if (!strings) return ErrorReply(400, "invalid input type");
    return Embed(*body, *strings, quirk);
  }

 private:
  Reply List(std::string_view member, std::string_view key) const {
    OrderedJson list = OrderedJson::array();
    for (const KnownModel& model : Models()) {
      list.push_back({{std::string(key), std::string(model.id) + ":latest"}, {"object", "model"}});
    }
    OrderedJson body = OrderedJson::object();
    if (key == "id") body["object"] = "list";
    body[std::string(member)] = std::move(list);
    return JsonReply(200, body);
  }

  Reply Embed(const Json& body, const std::vector<std::string_view>& strings, Quirk quirk) {
    const std::string name = body.value("model", "");
    if (name.empty()) return ErrorReply(400, "model is required");
    const std::string bare = name.substr(0, name.find(":latest"));
    const std::optional<KnownModel> model = FindModel(Models(), bare, options_);
    if (!model) {
      return ErrorReply(404, "model \"" + name + "\" not found, try pulling it first");
    }
    const bool truncate = body.value("truncate", true);
    for (const std::string_view text : strings) {
      if (!truncate && TokensOf(text) > model->max_tokens) return TooLong();
    }
    if (PoisonIn(strings, options_)) return TooLong();
    Texts texts{bare, strings, model->dims, false, quirk};
    if (const Json dims = body.value("dimensions", Json()); dims.is_number_integer()) {
      if (dims < 1 || dims > model->dims) return ErrorReply(400, "invalid dimensions");
      texts.dims = dims.get<std::size_t>();
    }
    Reply reply;
    Serve(reply, texts, options_);
    if (!loaded_.exchange(true)) reply.delay += options_.first_call;
    reply.headers = {{"content-type", "application/json; charset=utf-8"}};
    reply.body = "{\"model\":" + Json(name).dump() + ",\"embeddings\":" + VectorList(rows_, texts) +
                 ",\"total_duration\":" + std::to_string(reply.delay.count() * 1'000'000) +
                 ",\"load_duration\":1019500";
    if (quirk != Quirk::kNoUsage) {
      reply.body += ",\"prompt_eval_count\":" + std::to_string(reply.tokens);
    }
    reply.body += '}';
    return reply;
  }

  const Options options_;
  Rows rows_;
  std::atomic<bool> loaded_{false};
};

}  // namespace

std::unique_ptr<Api> MakeOllama(const Options& options) {
  return std::make_unique<Ollama>(options);
}

std::vector<Canned> OllamaReplies() {
  return {
      {"too_long", TooLong()},
      {"model_not_found", ErrorReply(404, "model \"x\" not found, try pulling it first")},
      {"runner_crashed", ErrorReply(400, "llama runner process has terminated: signal: killed")},
      {"nan", ErrorReply(400, "embedding contains NaN or Inf values")},
      {"cancelled", ErrorReply(499, "context canceled")},
      {"busy",
       ErrorReply(503, "server busy, please try again.  maximum pending requests exceeded")},
      {"server_error", ErrorReply(500, "internal error")},
      {"bad_gateway_html", HtmlReply(502, "502 Bad Gateway")},
  };
}

}  // namespace dsw::doubles
