// SPDX-License-Identifier: Apache-2.0
// Sizes, limits and pooling are those of the model cards; the repositories are those that the
// Python and Rust packages of FastEmbed download from.
#include "plugins/embed_fastembed/known_models.h"

#include <algorithm>

namespace dsw::fastembed {
namespace {

char Lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

}  // namespace

const std::vector<KnownModel>& KnownModels() {
  static const std::vector<KnownModel> models = {
      {"BAAI/bge-small-en-v1.5",
       384,
       12,
       512,
       Pooling::kCls,
       {"qdrant/bge-small-en-v1.5-onnx-q", "Xenova/bge-small-en-v1.5"},
       "fast-bge-small-en-v1.5"},
      {"BAAI/bge-base-en-v1.5",
       768,
       12,
       512,
       Pooling::kCls,
       {"qdrant/bge-base-en-v1.5-onnx-q", "Xenova/bge-base-en-v1.5"},
       "fast-bge-base-en-v1.5"},
      {"BAAI/bge-large-en-v1.5",
       1024,
       24,
       512,
       Pooling::kCls,
       {"qdrant/bge-large-en-v1.5-onnx", "Xenova/bge-large-en-v1.5"},
       "fast-bge-large-en-v1.5"},
      {"sentence-transformers/all-MiniLM-L6-v2",
       384,
       6,
       256,
       Pooling::kMean,
       {"qdrant/all-MiniLM-L6-v2-onnx", "Xenova/all-MiniLM-L6-v2"},
       "fast-all-MiniLM-L6-v2"},
  };
  return models;
}

bool EqualIgnoringCase(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](char x, char y) { return Lower(x) == Lower(y); });
}

const KnownModel* FindKnownModel(std::string_view name) {
  for (const KnownModel& model : KnownModels()) {
    const auto same = [&](std::string_view other) { return EqualIgnoringCase(name, other); };
    if (same(model.id) || same(model.id.substr(model.id.find('/') + 1)) ||
        std::any_of(model.repositories.begin(), model.repositories.end(), same)) {
      return &model;
    }
  }
  return nullptr;
}

}  // namespace dsw::fastembed
