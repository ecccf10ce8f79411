// SPDX-License-Identifier: Apache-2.0
// One BERT-shaped ONNX model, ready to run.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "plugins/embed_fastembed/ort_library.h"

namespace dsw::fastembed {

/// An object of ONNX Runtime with its release function.
template <class T>
using OrtHandle = std::unique_ptr<T, std::function<void(T*)>>;

/// Token ids of several texts, padded to a rectangle. Row-major, rows × columns.
struct TokenBatch {
  std::size_t rows = 0;
  std::size_t columns = 0;
  std::vector<std::int64_t> ids;
  std::vector<std::int64_t> mask;  ///< 1 for a token, 0 for padding
};

/// What one run computed.
struct BertOutput {
  OrtHandle<OrtValue> value;    ///< owns what `data` points to
  const float* data = nullptr;  ///< row-major
  std::size_t dimensions = 0;
  bool pooled = false;  ///< one vector per text; otherwise one per token: rows × columns of them
};

/// Immutable after construction. Thread-safe.
class BertSession {
 public:
  /// Loads `model`. Reads files. Throws Failure (DSW_E_INVALID_CONFIG) when it cannot be loaded or
  /// does not map token ids to float vectors.
  BertSession(const OrtLibrary& library, const std::filesystem::path& model);

  /// Runs the model in the caller's thread and no other; `batch` stays as it is. Throws Failure
  /// (DSW_E_INTERNAL).
  BertOutput Run(TokenBatch& batch) const;

  /// Floats per vector, or 0 when the model does not say.
  std::size_t dimensions() const { return dimensions_; }

  /// Whether runs give one vector per text rather than one per token.
  bool pooled() const { return pooled_; }

 private:
  void ReadInputs();
  void ReadOutputs();
  [[noreturn]] void Unsuitable(const std::string& what) const;

  const OrtLibrary& library_;
  const std::string path_;
  OrtHandle<OrtMemoryInfo> memory_;
  OrtHandle<OrtSession> session_;
  std::vector<std::string> inputs_;
  std::string output_;
  bool pooled_ = false;
  std::size_t dimensions_ = 0;
};

}  // namespace dsw::fastembed
