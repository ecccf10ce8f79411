// SPDX-License-Identifier: Apache-2.0
#include "host/pipeline/embed_call.h"

#include <string>
#include <vector>

#include <fmt/format.h>

namespace dsw {

std::uint64_t BytesOf(std::span<const Input> inputs) {
  std::uint64_t bytes = 0;
  for (const Input& input : inputs) bytes += input.text.size();
  return bytes;
}

Result<Vectors> EmbedInputs(std::span<const Input> inputs, std::int64_t batch, TargetRun& run,
                            Trouble& trouble) {
  std::vector<std::string_view> texts;
  texts.reserve(inputs.size());
  for (const Input& input : inputs) texts.push_back(input.text);
  const std::uint64_t bytes = BytesOf(inputs);
  const Chunk& first = *inputs.front().chunk;
  const Chunk& last = *inputs.back().chunk;
  const std::string key =
      fmt::format("{}-{}-{}-{}-{}-{}-{}-{}", run.plan().job_id, batch, first.item->item_id,
                  first.index, last.item->item_id, last.index, inputs.size(), bytes);
  return run.Embed(texts, bytes, key, trouble);
}

}  // namespace dsw
