// SPDX-License-Identifier: Apache-2.0
// Texts are run in small groups of similar length. Padding costs as much as text, and small groups
// stay in the processor's caches: on one core, groups of 8 sorted by length do twice the texts per
// second of groups of 256 in the order of arrival.
#include "plugins/embed_fastembed/model.h"

#include <algorithm>
#include <numeric>

#include "plugins/embed_fastembed/pooling.h"
#include "plugins/embed_fastembed/tokenizer_files.h"

namespace dsw::fastembed {
namespace {

constexpr std::size_t kGroup = 8;
// Of long texts or in a large model fewer fit the caches; this is 4 texts of 256 tokens in 384
// dimensions.
constexpr std::size_t kGroupFloats = std::size_t{4} * 256 * 384;
constexpr std::size_t kDefaultMaxLength = 512;  // BERT's own
// Work grows with layers × dimensions²: 256 texts of all-MiniLM-L6-v2, 8 of bge-large.
constexpr std::size_t kCallWork = std::size_t{256} * 6 * 384 * 384;

TokenBatch Pad(const std::vector<Encoding>& encodings, const std::size_t* rows, std::size_t count,
               std::int64_t pad_id) {
  TokenBatch batch;
  batch.rows = count;
  for (std::size_t i = 0; i < count; ++i) {
    batch.columns = std::max(batch.columns, encodings[rows[i]].ids.size());
  }
  batch.ids.assign(batch.rows * batch.columns, pad_id);
  batch.mask.assign(batch.rows * batch.columns, 0);
  for (std::size_t i = 0; i < count; ++i) {
    const std::vector<std::int64_t>& ids = encodings[rows[i]].ids;
    const auto start = static_cast<std::ptrdiff_t>(i * batch.columns);
    std::copy(ids.begin(), ids.end(), batch.ids.begin() + start);
    std::fill_n(batch.mask.begin() + start, ids.size(), 1);
  }
  return batch;
}

}  // namespace

Model::Model(const OrtLibrary& library, const ModelFiles& files)
    : files_(files), tokenizer_(LoadTokenizer(files.folder)), session_(library, files.onnx) {}

std::size_t Model::dimensions() const {
  return session_.dimensions() != 0 ? session_.dimensions() : files_.dimensions.value_or(0);
}

std::uint32_t Model::max_batch() const {
  const std::size_t layers =
      files_.layers.value_or(files_.known != nullptr ? files_.known->layers : 0);
  const std::size_t work = layers * dimensions() * dimensions();
  if (work == 0) return 0;
  const std::size_t texts = std::clamp<std::size_t>(kCallWork / work, kGroup, 2048);
  return static_cast<std::uint32_t>(texts / kGroup * kGroup);
}

Model::Options Model::Complete(const Config& config) const {
  Options options;
  options.normalize = config.normalize;

  if (config.pooling) {
    options.pooling = *config.pooling;
  } else if (files_.pooling) {
    options.pooling = *files_.pooling;
  } else if (files_.known != nullptr) {
    options.pooling = files_.known->pooling;
  } else if (!session_.pooled()) {
    throw Failure(DSW_E_INVALID_CONFIG, "fastembed: /pooling: say \"cls\" or \"mean\"; " +
                                            files_.folder.string() +
                                            " has no 1_Pooling/config.json that would tell");
  }

  const std::size_t positions = files_.positions.value_or(kDefaultMaxLength);
  if (config.max_length) {
    if (files_.positions && *config.max_length > positions) {
      throw Failure(DSW_E_INVALID_CONFIG,
                    "fastembed: /max_length: " + std::to_string(*config.max_length) +
                        " is more than the model's " + std::to_string(positions) + " positions");
    }
    options.max_length = *config.max_length;
  } else if (files_.known != nullptr) {
    options.max_length = files_.known->max_tokens;
  } else {
    options.max_length = std::min(files_.max_tokens.value_or(positions), positions);
  }
  return options;
}

std::int64_t Model::Embed(const std::vector<std::string_view>& texts, const Options& options,
                          const Sink& sink, const std::function<void()>& between_steps) const {
  std::vector<Encoding> encodings(texts.size());
  std::int64_t tokens = 0;
  for (std::size_t i = 0; i < texts.size(); ++i) {
    if (i % 256 == 0) between_steps();
    encodings[i] = tokenizer_.Encode(texts[i], options.max_length);
    tokens += static_cast<std::int64_t>(encodings[i].ids.size());
    if (encodings[i].truncated) sink.truncated(i);
  }

  std::vector<std::size_t> order(texts.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return encodings[a].ids.size() > encodings[b].ids.size();
  });

  float* matrix = nullptr;
  std::size_t width = std::max<std::size_t>(1, dimensions());
  for (std::size_t done = 0; done < order.size();) {
    between_steps();
    const std::size_t longest = encodings[order[done]].ids.size();
    const std::size_t group = std::clamp<std::size_t>(kGroupFloats / (longest * width), 1, kGroup);
    const std::size_t count = std::min(group, order.size() - done);
    TokenBatch batch = Pad(encodings, &order[done], count, tokenizer_.pad_id());
    const BertOutput output = session_.Run(batch);
    if (matrix == nullptr) {
      width = output.dimensions;
      matrix = sink.matrix(width);
    }
    const std::size_t stride = width * (output.pooled ? 1 : batch.columns);
    for (std::size_t i = 0; i < count; ++i) {
      const std::size_t text = order[done + i];
      float* row = matrix + text * width;
      const std::size_t pooled_tokens = output.pooled ? 1 : encodings[text].ids.size();
      Pool(options.pooling, output.data + i * stride, pooled_tokens, width, row);
      if (options.normalize) Normalize(row, width);
    }
    done += count;
  }
  return tokens;
}

}  // namespace dsw::fastembed
