// SPDX-License-Identifier: Apache-2.0
//
// dsw-double: a double of an embedding service as a program, for benchmarks and shell tests. Prints
// its base URL, serves until SIGTERM or SIGINT, then prints what it counted, as JSON. GET
// /_double/counters gives the same at any time.
#include <cstdint>
#include <iostream>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>
#include <signal.h>

#include "tests/doubles/double.h"

namespace {

using dsw::doubles::Rule;

/// "[first][xTIMES]=what", as "3=rate_limit", "1x0=503" or "5x2=cut-body".
Rule ParseRule(const std::string& api, const std::string& text) {
  const std::size_t equals = text.find('=');
  if (equals == std::string::npos) throw std::invalid_argument("expected N=WHAT: " + text);
  const std::string when = text.substr(0, equals);
  const std::string what = text.substr(equals + 1);
  Rule rule;
  rule.first = std::stoull(when);
  if (const std::size_t x = when.find('x'); x != std::string::npos) {
    rule.times = std::stoull(when.substr(x + 1));
  }
  if (what.size() == 3 && what.find_first_not_of("0123456789") == std::string::npos) {
    rule.reply.emplace().status = std::stoi(what);
    return rule;
  }
  try {
    rule.fault = dsw::doubles::FaultOf(what);
    return rule;
  } catch (const std::invalid_argument&) {
  }
  try {
    rule.quirk = dsw::doubles::QuirkOf(what);
    return rule;
  } catch (const std::invalid_argument&) {
  }
  rule.reply = dsw::doubles::CannedReply(api, what);
  return rule;
}

void PrintCanned(const std::string& api) {
  for (const auto& [name, reply] : dsw::doubles::CannedReplies(api)) {
    std::cout << nlohmann::json{{"api", api},
                                {"name", name},
                                {"status", reply.status},
                                {"response", reply.body}}
                     .dump()
              << '\n';
  }
}

int Run(int argc, char** argv) {
  std::string api;
  dsw::doubles::Options options;
  dsw::doubles::DoubleOptions where;
  std::int64_t latency_ms = 0;
  std::int64_t latency_per_item_us = 0;
  std::int64_t first_call_ms = 0;
  bool floats = false;
  bool real_rates = false;
  bool canned = false;
  std::vector<std::string> rules;

  CLI::App app{"A double of an embedding service", "dsw-double"};
  app.add_option("api", api, "Which service")
      ->required()
      ->check(CLI::IsMember(dsw::doubles::ApiNames()));
  app.add_option("--port", where.port, "0: any free one");
  app.add_option("--key", options.key, "The only API key that is taken");
  app.add_option("--dims", options.dims, "Size of all vectors; any model name is taken then");
  app.add_flag("--fast", options.fast, "Few different vectors, encoded beforehand");
  app.add_flag("--compact", options.compact, "Vectors without white space, unlike OpenAI's");
  app.add_flag("--float", floats, "Ignore a wish for base64");
  app.add_option("--latency-ms", latency_ms, "Of each answer");
  app.add_option("--latency-per-item-us", latency_per_item_us, "Of each text of an answer");
  app.add_option("--first-call-ms", first_call_ms, "More latency of the first answer");
  app.add_flag("--real-rates", real_rates, "The service's own rate limits for a new customer");
  app.add_option("--requests-per-minute", options.requests_per_minute, "0: no limit");
  app.add_option("--tokens-per-minute", options.tokens_per_minute, "0: no limit");
  app.add_option("--inputs-per-minute", options.inputs_per_minute, "0: no limit");
  app.add_option("--max-concurrency", options.max_concurrency, "0: no limit, or the service's");
  app.add_option("--max-items", options.max_items, "Texts per request; 0: the service's limit");
  app.add_option("--poison", options.poison, "Texts with this are refused as too long");
  app.add_flag("--poison-named", options.poison_named, "Say which text was refused");
  app.add_option("--rule", rules,
                 "N=WHAT or NxTIMES=WHAT: from the N-th POST on, an answer, a "
                 "quirk, a fault or a bare status; 0 times: for ever");
  app.add_option("--capture", where.capture, "File for all exchanges, a JSON object a line");
  app.add_flag("--canned", canned, "Print the answers that rules can name, one a line, and end");
  app.add_option("--certificate", where.certificate_file, "PEM file, for TLS");
  app.add_option("--certificate-key", where.key_file, "PEM file, for TLS");
  CLI11_PARSE(app, argc, argv);

  if (canned) {
    PrintCanned(api);
    return 0;
  }
  options.latency = std::chrono::milliseconds(latency_ms);
  options.latency_per_item = std::chrono::microseconds(latency_per_item_us);
  options.first_call = std::chrono::milliseconds(first_call_ms);
  if (real_rates) options = dsw::doubles::WithRealRates(api, options);

  // Blocked before there are threads, which inherit it.
  sigset_t stop;
  sigemptyset(&stop);
  sigaddset(&stop, SIGTERM);
  sigaddset(&stop, SIGINT);
  sigprocmask(SIG_BLOCK, &stop, nullptr);
  dsw::doubles::Double service(api, options, where);
  for (const std::string& rule : rules) service.Add(ParseRule(api, rule));
  if (floats) service.QuirkAlways(dsw::doubles::Quirk::kBase64Ignored);
  std::cout << service.Url() << std::endl;
  int signal = 0;
  sigwait(&stop, &signal);
  std::cout << ToJson(service.counters()) << std::endl;
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return Run(argc, argv);
  } catch (const std::exception& exception) {
    std::cerr << "dsw-double: " << exception.what() << '\n';
    return 1;
  }
}
