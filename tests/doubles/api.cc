// SPDX-License-Identifier: Apache-2.0
#include "tests/doubles/api.h"

#include <algorithm>
#include <stdexcept>

#include "tests/doubles/cohere.h"
#include "tests/doubles/fastembed.h"
#include "tests/doubles/jina.h"
#include "tests/doubles/ollama.h"
#include "tests/doubles/openai.h"
#include "tests/doubles/tei.h"
#include "tests/doubles/voyage.h"

namespace dsw::doubles {
namespace {

/// The rate limits of a new customer, 0 for none.
struct Rates {
  double requests = 0;
  double tokens = 0;
  double inputs = 0;
  std::size_t concurrency = 0;
};

struct Service {
  std::string_view name;
  std::string_view base_path;
  std::unique_ptr<Api> (*make)(const Options&);
  std::vector<Canned> canned;
  Rates rates;
};

const std::vector<Service>& Services() {
  static const std::vector<Service> services = {
      {"openai", "/v1", &MakeOpenAi, OpenAiReplies(), {3'000, 1'000'000, 0, 0}},
      {"cohere", "/v1", &MakeCohere, CohereReplies(), {0, 0, 2'000, 0}},
      {"jina", "/v1", &MakeJina, JinaReplies(), {500, 1'000'000, 0, 5}},
      {"voyage", "/v1", &MakeVoyage, VoyageReplies(), {3, 10'000, 0, 0}},
      {"fastembed", "", &MakeFastEmbed, FastEmbedReplies(), {}},
      {"embed", "", &MakePlainEmbed, PlainEmbedReplies(), {}},
      {"tei", "", &MakeTei, TeiReplies(), {}},
      {"ollama", "", &MakeOllama, OllamaReplies(), {}},
  };
  return services;
}

const Service& Find(std::string_view name) {
  for (const Service& service : Services()) {
    if (service.name == name) return service;
  }
  throw std::invalid_argument("there is no double of \"" + std::string(name) + "\"");
}

}  // namespace

const std::vector<std::string>& ApiNames() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> all;
    for (const Service& service : Services()) all.emplace_back(service.name);
    return all;
  }();
  return names;
}

std::unique_ptr<Api> MakeApi(std::string_view name, const Options& options) {
  return Find(name).make(options);
}

const std::vector<Canned>& CannedReplies(std::string_view api) {
  return Find(api).canned;
}

const Reply& CannedReply(std::string_view api, std::string_view name) {
  for (const Canned& canned : CannedReplies(api)) {
    if (canned.name == name) return canned.reply;
  }
  throw std::invalid_argument("the double of " + std::string(api) + " has no answer \"" +
                              std::string(name) + "\"");
}

Options WithRealRates(std::string_view api, Options options) {
  const Rates& rates = Find(api).rates;
  options.requests_per_minute = rates.requests;
  options.tokens_per_minute = rates.tokens;
  options.inputs_per_minute = rates.inputs;
  options.max_concurrency = rates.concurrency;
  return options;
}

std::string_view BasePath(std::string_view api) {
  return Find(api).base_path;
}

}  // namespace dsw::doubles
