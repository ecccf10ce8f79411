// SPDX-License-Identifier: Apache-2.0
#include "tests/doubles/vectors.h"

#include <charconv>
#include <cmath>
#include <cstring>
#include <limits>

namespace dsw::doubles {
namespace {

/// splitmix64: the next of a sequence of evenly spread numbers.
std::uint64_t Next(std::uint64_t& state) {
  std::uint64_t z = (state += 0x9e3779b97f4a7c15u);
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return z ^ (z >> 31);
}

}  // namespace

std::uint64_t HashOf(std::string_view text) {
  std::uint64_t hash = 0xcbf29ce484222325u;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3u;
  return hash;
}

std::vector<float> VectorOf(std::string_view model, std::string_view text, std::size_t dims) {
  std::uint64_t state = HashOf(text) ^ (HashOf(model) * 31);
  std::vector<float> vector(dims);
  double squares = 0;
  for (float& value : vector) {
    constexpr double kScale = 1.0 / 9007199254740992.0;
    const double uniform = static_cast<double>(Next(state) >> 11) * kScale - 0.5;
    value = static_cast<float>(uniform);
    squares += uniform * uniform;
  }
  const double norm = std::sqrt(squares);
  for (float& value : vector) value = static_cast<float>(static_cast<double>(value) / norm);
  return vector;
}

std::string Base64Of(const std::vector<float>& vector) {
  constexpr char kAlphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::vector<unsigned char> bytes(vector.size() * sizeof(float));
  if (!bytes.empty()) std::memcpy(bytes.data(), vector.data(), bytes.size());
  std::string out;
  out.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const std::size_t left = bytes.size() - i;
    std::uint32_t group = static_cast<std::uint32_t>(bytes[i]) << 16;
    if (left > 1) group |= static_cast<std::uint32_t>(bytes[i + 1]) << 8;
    if (left > 2) group |= bytes[i + 2];
    out += kAlphabet[group >> 18];
    out += kAlphabet[(group >> 12) & 63];
    out += left > 1 ? kAlphabet[(group >> 6) & 63] : '=';
    out += left > 2 ? kAlphabet[group & 63] : '=';
  }
  return out;
}

std::string Rows::Encode(const std::vector<float>& vector, bool base64) const {
  if (base64) return Base64Of(vector);
  std::string out = style_.open;
  for (std::size_t i = 0; i < vector.size(); ++i) {
    if (i > 0) out += style_.separator;
    if (std::isnan(vector[i])) {
      out += "NaN";
      continue;
    }
    char digits[32];
    const auto end = std::to_chars(digits, digits + sizeof digits, vector[i]).ptr;
    out.append(digits, end);
  }
  return out += style_.close;
}

const std::vector<std::string>& Rows::Pool(const Texts& texts) {
  const std::string key =
      texts.model + '/' + std::to_string(texts.dims) + (texts.base64 ? "/base64" : "/float");
  const std::lock_guard lock(mutex_);
  std::vector<std::string>& pool = pools_[key];
  for (std::size_t i = pool.size(); i < kPool; ++i) {
    pool.push_back(Encode(VectorOf(texts.model, std::to_string(i), texts.dims), texts.base64));
  }
  return pool;
}

void Rows::Append(std::string& out, const Texts& texts, std::size_t i) {
  const bool last = i + 1 == texts.texts.size();
  const bool bent = texts.quirk == Quirk::kWrongDims ||
                    (last && (texts.quirk == Quirk::kUnevenDims || texts.quirk == Quirk::kNan ||
                              texts.quirk == Quirk::kZeroVector));
  if (fast_ && !bent) {
    out += Pool(texts)[HashOf(texts.texts[i]) % kPool];
    return;
  }
  std::vector<float> vector = VectorOf(texts.model, texts.texts[i], texts.dims);
  if (bent && texts.quirk == Quirk::kNan) {
    vector.back() = std::numeric_limits<float>::quiet_NaN();
  } else if (bent && texts.quirk == Quirk::kZeroVector) {
    vector.assign(vector.size(), 0);
  } else if (bent) {
    vector.pop_back();
  }
  out += Encode(vector, texts.base64);
}

}  // namespace dsw::doubles
