// SPDX-License-Identifier: Apache-2.0
#include "plugins/embed_common/embedding_reader.h"

#include <cstring>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include <dsw/plugin.hpp>

#include "plugins/embed_common/base64.h"
#include "plugins/embed_common/embedding_outline.h"
#include "plugins/embed_common/number_list.h"

namespace dsw {
namespace {

constexpr std::size_t kMostDimensions = 1 << 20;

[[noreturn]] void Bad(const std::string& what) {
  throw Failure(DSW_E_BAD_RESPONSE, what);
}

std::string Name(std::size_t position) {
  return "vector " + std::to_string(position + 1);
}

/// By position in the answer, the row; empty when they are the same.
std::vector<std::size_t> RowsOf(const std::vector<EmbeddingSlice>& vectors) {
  std::vector<std::size_t> rows;
  bool all_equal = true;
  for (const EmbeddingSlice& vector : vectors) {
    all_equal = all_equal && vector.index == vectors.front().index;
  }
  if (all_equal) return rows;
  std::vector<bool> taken(vectors.size());
  for (const EmbeddingSlice& vector : vectors) {
    if (vector.index < 0) {
      Bad(Name(rows.size()) + " has no index while others have one");
    }
    const auto row = static_cast<std::size_t>(vector.index);
    if (row >= vectors.size()) {
      Bad(Name(rows.size()) + " has index " + std::to_string(row) + ", with " +
          std::to_string(vectors.size()) + " vectors in all");
    }
    if (taken[row]) Bad("index " + std::to_string(row) + " occurs twice");
    taken[row] = true;
    rows.push_back(row);
  }
  return rows;
}

/// A vector's text, with what JSON escapes in base64 ("\/", "\u003d") resolved into `storage`.
std::string_view Base64Of(std::string_view json, std::string& storage) {
  const std::string_view inner = json.substr(1, json.size() - 2);
  if (inner.find('\\') == inner.npos) return inner;
  const auto value = nlohmann::json::parse(json, nullptr, /*allow_exceptions=*/false);
  if (!value.is_string()) return {};
  storage = value.get<std::string>();
  return storage;
}

class RowWriter {
 public:
  explicit RowWriter(const ExpectedVectors& expected, VectorMatrix& matrix)
      : expected_(expected), matrix_(matrix) {}

  void Write(std::string_view json, std::size_t position, std::size_t row) {
    if (json.size() < 2) Bad(Name(position) + " is missing");
    std::string storage;
    const bool base64 = json.front() == '"';
    const std::string_view text = base64 ? Base64Of(json, storage) : json;
    const std::optional<std::size_t> length = base64 ? Base64FloatCount(text) : LengthOf(json);
    if (!length) Bad(Name(position) + " is not base64 of float32");
    CheckLength(*length, position);
    if (begin_ == nullptr) {
      begin_ = matrix_.Allocate(static_cast<std::uint32_t>(expected_.count),
                                static_cast<std::uint32_t>(dimensions_));
    }
    float* const out = begin_ + row * dimensions_;
    if (base64 ? !DecodeBase64Floats(text, out) : !ReadNumbers(text, out, dimensions_)) {
      Explain(json, position, base64);
    }
    Check(out, position);
  }

 private:
  /// Of all lists but the first, ReadNumbers() finds out by itself.
  std::size_t LengthOf(std::string_view json) const {
    return dimensions_ == 0 ? CountNumbers(json) : dimensions_;
  }

  void CheckLength(std::size_t length, std::size_t position) {
    if (length == 0) Bad(Name(position) + " is empty");
    if (dimensions_ == 0) {
      if (expected_.dimensions != 0 && length != expected_.dimensions) {
        Bad("vectors of " + std::to_string(length) + " floats where " +
            std::to_string(expected_.dimensions) + " were expected");
      }
      if (length > kMostDimensions) Bad("vectors of " + std::to_string(length) + " floats");
      dimensions_ = length;
    }
    if (length != dimensions_) {
      Bad(Name(position) + " has " + std::to_string(length) + " floats, the first one " +
          std::to_string(dimensions_));
    }
  }

  [[noreturn]] void Explain(std::string_view json, std::size_t position, bool base64) const {
    if (base64) Bad(Name(position) + " is not base64 of float32");
    const std::size_t length = CountNumbers(json);
    if (length != dimensions_) {
      Bad(Name(position) + " has " + std::to_string(length) + " values, the first one " +
          std::to_string(dimensions_));
    }
    Bad(Name(position) + " is not a list of finite numbers");
  }

  void Check(const float* row, std::size_t position) const {
    // In blocks that compilers turn into vector code.
    constexpr std::size_t kBlock = 4;
    std::uint32_t magnitudes[kBlock] = {};
    std::uint32_t marks[kBlock] = {};
    const auto add = [&](std::size_t i, std::size_t place) {
      std::uint32_t magnitude;
      std::memcpy(&magnitude, row + i, sizeof magnitude);
      magnitude &= 0x7fffffff;
      magnitudes[place] |= magnitude;
      // Reaches the sign from numbers that are not finite, and from no other.
      marks[place] |= magnitude + 0x00800000;
    };
    std::size_t i = 0;
    for (; i + kBlock <= dimensions_; i += kBlock) {
      for (std::size_t place = 0; place < kBlock; ++place) add(i + place, place);
    }
    for (; i < dimensions_; ++i) add(i, 0);
    std::uint32_t any = 0;
    std::uint32_t infinite = 0;
    for (std::size_t place = 0; place < kBlock; ++place) {
      any |= magnitudes[place];
      infinite |= marks[place];
    }
    if (infinite >> 31 != 0) Bad(Name(position) + " has a number that is not finite");
    if (any == 0) Bad(Name(position) + " is all zeros");
  }

  const ExpectedVectors& expected_;
  VectorMatrix& matrix_;
  std::size_t dimensions_ = 0;
  float* begin_ = nullptr;
};

}  // namespace

TokenUsage ReadEmbeddings(std::string_view body, const ExpectedVectors& expected,
                          VectorMatrix& matrix) {
  const EmbeddingOutline outline = OutlineEmbeddings(body);
  if (outline.vectors.size() != expected.count) {
    Bad(std::to_string(outline.vectors.size()) + " vectors for " + std::to_string(expected.count) +
        " texts");
  }
  const std::vector<std::size_t> rows = RowsOf(outline.vectors);
  RowWriter writer(expected, matrix);
  for (std::size_t i = 0; i < outline.vectors.size(); ++i) {
    writer.Write(outline.vectors[i].json, i, rows.empty() ? i : rows[i]);
  }
  // Embedding has no other tokens than the prompt's.
  return {outline.prompt_tokens >= 0 ? outline.prompt_tokens : outline.total_tokens,
          outline.total_tokens >= 0 ? outline.total_tokens : outline.prompt_tokens};
}

}  // namespace dsw
