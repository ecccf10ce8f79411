// SPDX-License-Identifier: Apache-2.0
// Finds a model's files on disk, and what they say about the model.
#pragma once

#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>

#include <dsw/plugin.hpp>

#include "plugins/embed_fastembed/known_models.h"

namespace dsw::fastembed {

struct ModelFiles {
  std::filesystem::path folder;  ///< holds the tokenizer and the JSON files
  std::filesystem::path onnx;    ///< in `folder` or in `folder`/onnx
  const KnownModel* known = nullptr;

  // From the JSON files; absent when they do not say.
  std::optional<Pooling> pooling;
  std::optional<std::size_t> max_tokens;  ///< what the model is meant for
  std::optional<std::size_t> positions;   ///< what it can take at all
  std::optional<unsigned> dimensions;
  std::optional<unsigned> layers;
};

/// The files of model `name` under `model_dir`, in the first layout that fits: a FastEmbed or
/// Hugging Face cache (models--org--name), an unpacked FastEmbed archive (fast-name), a folder
/// org/name or name, and `model_dir` itself. Reads files. Throws Failure: DSW_E_NOT_FOUND, saying
/// what was looked for, where, and how to get it, and local when the model is a known one;
/// DSW_E_INVALID_CONFIG, local, for damaged JSON files and without a model folder;
/// DSW_E_INVALID_CONFIG for a pooling other than cls and mean, and for files of another model than
/// the one named, as BlameFiles() says.
ModelFiles FindModelFiles(const std::string& name, const std::filesystem::path& model_dir);

/// A known model is one that this provider runs. Files that do not suit are then the wrong ones,
/// and the failure is local; of any other model, to name it was the mistake.
void BlameFiles(const ModelFiles& files, Failure& failure);

}  // namespace dsw::fastembed
