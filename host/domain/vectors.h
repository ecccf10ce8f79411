// SPDX-License-Identifier: Apache-2.0
//
// What an embedder returned for the texts of a batch.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "host/base/result.h"

namespace dsw {

/// Rows of floats, row-major and 64-byte aligned. Movable; belongs to one thread at a time.
class Matrix {
 public:
  Matrix() = default;
  /// Zero-filled.
  Matrix(std::size_t rows, std::size_t dimensions)
      : rows_(rows), dimensions_(dimensions), values_(Allocate(rows * dimensions)) {}

  std::size_t rows() const { return rows_; }
  std::size_t dimensions() const { return dimensions_; }
  float* data() { return values_.get(); }
  const float* data() const { return values_.get(); }
  std::span<const float> row(std::size_t i) const {
    return {values_.get() + i * dimensions_, dimensions_};
  }

 private:
  struct Free {
    void operator()(float* values) const { std::free(values); }
  };
  static std::unique_ptr<float[], Free> Allocate(std::size_t count);

  std::size_t rows_ = 0;
  std::size_t dimensions_ = 0;
  std::unique_ptr<float[], Free> values_;
};

/// The result of one embed call: row i of `matrix` belongs to text i.
struct Vectors {
  Matrix matrix;
  std::vector<std::optional<Error>> item_errors;  ///< Per text; the row of a failed one is void.
  std::vector<bool> truncated;                    ///< Per text: cut to the model's limit.
  std::optional<std::int64_t> tokens;             ///< Consumed by the call, if known.
};

/// Facts about the model behind an opened embedder, and the pace its upstream allows. Where
/// nothing else is said, 0 means any number.
struct ModelFacts {
  std::uint32_t dimensions = 0;  ///< 0: only known after the first embed call.
  std::uint32_t max_tokens = 0;  ///< Of one text; 0: unknown.
  std::uint32_t max_batch = 0;   ///< Texts per call.
  std::uint32_t max_request_tokens = 0;
  std::uint32_t bytes_per_token = 4;  ///< To estimate tokens with; at least 1.
  std::uint64_t max_request_bytes = 0;
  std::uint32_t requests_per_minute = 0;
  std::uint32_t inputs_per_minute = 0;
  std::uint64_t tokens_per_minute = 0;
  std::uint32_t max_concurrency = 0;  ///< Calls at a time, over all instances of the process.
};

}  // namespace dsw
