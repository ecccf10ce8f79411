// SPDX-License-Identifier: Apache-2.0
//
// The vectors of the doubles: a function of model and text alone, so that a test can tell which
// text each stored vector belongs to.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "tests/doubles/exchange.h"

namespace dsw::doubles {

std::uint64_t HashOf(std::string_view text);

/// `dims` floats of unit length.
std::vector<float> VectorOf(std::string_view model, std::string_view text, std::size_t dims);

/// Float32, little-endian, in standard base64 with padding.
std::string Base64Of(const std::vector<float>& vector);

/// How an array of floats is laid out, as "[", ",", "]".
struct ArrayStyle {
  std::string open;
  std::string separator;
  std::string close;
};

/// Texts to embed and how the answer is to be written.
struct Texts {
  std::string model;
  std::vector<std::string_view> texts;
  std::size_t dims = 0;
  bool base64 = false;
  Quirk quirk = Quirk::kNone;
};

/// Encoded vectors. Thread-safe.
class Rows {
 public:
  /// With `fast`, a text gets one of kPool vectors, encoded beforehand: a benchmark then measures
  /// the worker and not its double.
  Rows(ArrayStyle style, bool fast) : style_(std::move(style)), fast_(fast) {}

  static constexpr std::size_t kPool = 256;

  /// Appends the vector of texts.texts[i] as it is, without quotes around base64.
  void Append(std::string& out, const Texts& texts, std::size_t i);

 private:
  std::string Encode(const std::vector<float>& vector, bool base64) const;
  const std::vector<std::string>& Pool(const Texts& texts);

  const ArrayStyle style_;
  const bool fast_;
  std::mutex mutex_;
  std::map<std::string, std::vector<std::string>> pools_;  // Guarded by mutex_.
};

}  // namespace dsw::doubles
