// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "host/app/commands.h"
#include "host/app/load_plan.h"
#include "host/app/plugin_host.h"
#include "host/app/terminal.h"

namespace dsw {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t kQueriesPerBatch = 32;

/// What was embedded, and with what.
Result<Target> FindTarget(const Settings& settings, const SearchOptions& options) {
  Job job;
  job.job_id = "search";
  job.dataset_transform_id = options.transform;
  job.embedded_dataset_id = options.embedded_dataset;
  ASSIGN_OR_RETURN(const Plan plan, LoadPlan(settings, job));
  return plan.targets.front();
}

void PrintJson(const std::string& query, const Target& target, const std::vector<Hit>& hits) {
  Json results = Json::array();
  for (const Hit& hit : hits) {
    Json payload = Json::parse(hit.payload_json, nullptr, false);
    if (payload.is_object()) payload.erase(kStampKey);
    results.push_back(Json{{"score", hit.score}, {"id", hit.id}, {"payload", std::move(payload)}});
  }
  const Json document = {{"query", query},
                         {"collection", target.collection},
                         {"model", target.embedder.model},
                         {"results", std::move(results)}};
  fmt::print("{}\n", document.dump(-1, ' ', false, Json::error_handler_t::replace));
}

std::string TextMember(const Json& payload, std::initializer_list<const char*> keys) {
  for (const char* key : keys) {
    const auto found = payload.find(key);
    if (found != payload.end() && found->is_string()) return found->get<std::string>();
  }
  return {};
}

void PrintText(const std::string& query, const std::vector<Hit>& hits) {
  constexpr std::size_t kTextLines = 4;
  constexpr std::size_t kIndent = 4;
  const auto width = static_cast<std::size_t>(std::max(40, TerminalWidth())) - kIndent;
  fmt::print("{}\n", query);
  if (hits.empty()) fmt::print("  nothing found\n");
  int rank = 0;
  for (const Hit& hit : hits) {
    Json payload = Json::parse(hit.payload_json, nullptr, false);
    if (!payload.is_object()) payload = Json::object();
    const std::string title = TextMember(payload, {"title", "item_title"});
    const std::string source = TextMember(payload, {"source_file"});
    fmt::print("{:2}. {:.4f}  {}{}{}\n", ++rank, hit.score, title.empty() ? hit.id : title,
               source.empty() ? "" : "  — ", source);
    for (const std::string& line : WrapText(TextMember(payload, {"text"}), width, kTextLines)) {
      fmt::print("{:{}}{}\n", "", kIndent, line);
    }
  }
}

/// Answers a batch of queries in their order.
Status Answer(const std::vector<std::string>& queries, const Target& target, Embedder& embedder,
              VectorSink& sink, const Settings& settings, const SearchOptions& options) {
  CallContext call;
  call.deadline = std::chrono::steady_clock::now() + settings.embedder_timeout;
  const std::vector<std::string_view> texts(queries.begin(), queries.end());
  ASSIGN_OR_RETURN(const Vectors vectors, embedder.Embed(call, texts, InputType::kQuery));
  for (std::size_t i = 0; i < queries.size(); ++i) {
    if (vectors.item_errors[i]) {
      return Fail(Error(*vectors.item_errors[i]).Context(fmt::format("query \"{}\"", queries[i])));
    }
    ASSIGN_OR_RETURN(const std::vector<Hit> hits,
                     sink.Search(call, target.collection, vectors.matrix.row(i), options.limit));
    if (options.json) {
      PrintJson(queries[i], target, hits);
    } else {
      PrintText(queries[i], hits);
    }
  }
  std::fflush(stdout);
  return {};
}

}  // namespace

Status Search(const Settings& settings, const SearchOptions& options) {
  std::ifstream file;
  if (!options.queries.empty() && options.queries != "-") {
    file.open(options.queries);
    if (!file) {
      return Fail(Code::kNotFound, fmt::format("cannot read the queries in {}", options.queries));
    }
  }
  ASSIGN_OR_RETURN(const Target target, FindTarget(settings, options));
  ASSIGN_OR_RETURN(const std::unique_ptr<PluginHost> plugins, PluginHost::Open(settings));
  ASSIGN_OR_RETURN(const std::shared_ptr<Embedder> embedder,
                   plugins->catalog().OpenEmbedder(target.embedder));
  ASSIGN_OR_RETURN(const std::shared_ptr<VectorSink> sink, plugins->catalog().OpenSink({}));

  if (options.queries.empty()) {
    return Answer({options.query}, target, *embedder, *sink, settings, options);
  }
  const std::uint32_t most = embedder->limits().max_batch;
  const std::size_t batch_size =
      most == 0 ? kQueriesPerBatch : std::min<std::size_t>(kQueriesPerBatch, most);
  std::istream& lines = options.queries == "-" ? std::cin : file;
  std::vector<std::string> batch;
  const auto answer = [&]() -> Status {
    if (batch.empty()) return {};
    RETURN_IF_ERROR(Answer(batch, target, *embedder, *sink, settings, options));
    batch.clear();
    return {};
  };
  for (std::string line; std::getline(lines, line);) {
    if (line.find_first_not_of(" \t\r") == std::string::npos) continue;
    batch.push_back(std::move(line));
    if (batch.size() == batch_size) RETURN_IF_ERROR(answer());
  }
  return answer();
}

}  // namespace dsw
