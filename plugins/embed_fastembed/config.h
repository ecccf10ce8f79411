// SPDX-License-Identifier: Apache-2.0
// The configuration of one instance.
#pragma once

#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "plugins/embed_fastembed/known_models.h"

namespace dsw::fastembed {

struct Config {
  std::string model;                      ///< "model": a known name, or a folder under model_dir
  std::filesystem::path model_dir;        ///< "model_dir": where model files are; empty: not set
  std::filesystem::path onnxruntime_lib;  ///< "onnxruntime_lib": file or folder; empty: search
  unsigned threads = 1;  ///< "threads": texts computed at a time; 0 in JSON: all cores
  std::optional<std::size_t> max_length;  ///< "max_length": tokens; else the model's limit
  std::optional<Pooling> pooling;         ///< "pooling": "cls" or "mean"; else the model's
  bool normalize = true;                  ///< "normalize": scale vectors to length 1
};

/// Reads an instance's JSON object. Empty text and null stand for "not set". Throws Failure
/// (DSW_E_INVALID_CONFIG) that names the JSON pointer of the first mistake; an unknown key is one.
Config ParseConfig(std::string_view json);

}  // namespace dsw::fastembed
