// SPDX-License-Identifier: Apache-2.0
#include "host/pipeline/embed_call.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

namespace dsw {
namespace {

Result<Vectors> Embed(std::span<const std::string_view> texts, std::uint64_t bytes,
                      const std::string& key, const OpenedTarget& opened,
                      const WorkerContext& worker, const JobScope& scope, Trouble& trouble) {
  const Demand demand{
      .inputs = texts.size(),
      .tokens = opened.learned->LikelyTokens(bytes, opened.batch_limits.bytes_per_token)};
  Result<Vectors> vectors = CallInLane<Vectors>(
      *opened.lane, demand, worker, scope, trouble,
      [&](const Departure& departure, std::uint32_t attempt) {
        const Clock::TimePoint::duration ordinary = worker.options.embedder_timeout;
        const auto timeout = std::min(ordinary, departure.patience.value_or(ordinary));
        Result<Vectors> result = opened.embedder->Embed(
            JobCall(opened.plan, scope, departure.at + timeout, key, attempt), texts,
            InputType::kDocument);
        worker.telemetry.EmbedCall(opened.embedder->provider(),
                                   result ? std::nullopt : std::optional(result.error().code),
                                   worker.clock.Now() - departure.at, texts.size());
        return result;
      });
  if (!vectors) return vectors;
  *opened.proven = true;
  if (vectors->tokens) opened.learned->Used(bytes, *vectors->tokens);
  const std::size_t dimensions = vectors->matrix.dimensions();
  if (opened.facts.dimensions != 0 && dimensions != opened.facts.dimensions) {
    return Fail(Code::kConflict,
                fmt::format("the model returned vectors of {} floats, the collection {} has {}",
                            dimensions, opened.target.collection, opened.facts.dimensions));
  }
  return vectors;
}

}  // namespace

std::uint64_t BytesOf(std::span<const Input> inputs) {
  std::uint64_t bytes = 0;
  for (const Input& input : inputs) bytes += input.text.size();
  return bytes;
}

Result<Vectors> EmbedInputs(std::span<const Input> inputs, std::int64_t batch,
                            const OpenedTarget& opened, const WorkerContext& worker,
                            const JobScope& scope, Trouble& trouble) {
  std::vector<std::string_view> texts;
  texts.reserve(inputs.size());
  for (const Input& input : inputs) texts.push_back(input.text);
  const std::uint64_t bytes = BytesOf(inputs);
  const Chunk& first = *inputs.front().chunk;
  const Chunk& last = *inputs.back().chunk;
  const std::string key =
      fmt::format("{}-{}-{}-{}-{}-{}-{}-{}", opened.plan.job_id, batch, first.item->item_id,
                  first.index, last.item->item_id, last.index, inputs.size(), bytes);
  return Embed(texts, bytes, key, opened, worker, scope, trouble);
}

Result<Vectors> EmbedProbe(const OpenedTarget& opened, const WorkerContext& worker,
                           const JobScope& scope) {
  constexpr std::string_view kText[] = {"dimensions"};
  Trouble trouble;
  return Embed(kText, kText[0].size(), opened.plan.job_id, opened, worker, scope, trouble);
}

}  // namespace dsw
