// SPDX-License-Identifier: Apache-2.0
//
// From the answer of an embedding service to the rows of a matrix, each vector written once.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace dsw {

/// Where vectors go.
class VectorMatrix {
 public:
  virtual ~VectorMatrix() = default;
  /// Row-major floats, `rows` × `dimensions`; called once, when the first vector has told the size.
  /// Throws a Failure when the shape will not do.
  virtual float* Allocate(std::uint32_t rows, std::uint32_t dimensions) = 0;
};

/// What an answer must be.
struct ExpectedVectors {
  std::size_t count;         ///< Texts that were sent; at least 1.
  std::uint32_t dimensions;  ///< Floats per vector, 0 for any.
};

/// What the service says it charged.
struct TokenUsage {
  std::int64_t prompt = -1;  ///< -1 when not said.
  std::int64_t total = -1;   ///< -1 when not said.
};

/// Reads every shape that OutlineEmbeddings() understands. Rows follow "index"; they follow the
/// order of the answer when no vector has one or all have the same one.
/// `body` is followed by DSW_HTTP_BODY_PADDING zero bytes.
/// Throws a Failure with DSW_E_BAD_RESPONSE, which says what is wrong, unless there are
/// `expected.count` vectors of one length, that which is expected, with finite numbers that are not
/// all zero. Pure but for `matrix`.
TokenUsage ReadEmbeddings(std::string_view body, const ExpectedVectors& expected,
                          VectorMatrix& matrix);

}  // namespace dsw
