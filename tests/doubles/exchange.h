// SPDX-License-Identifier: Apache-2.0
//
// One request and its answer, as the doubles of upstream services see them: values, so that each
// double is a function that needs no socket.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace dsw::doubles {

using Time = std::chrono::steady_clock::time_point;

/// Names are in lower case.
using Headers = std::vector<std::pair<std::string, std::string>>;

/// The first value; empty when there is none.
inline std::string_view HeaderOf(const Headers& headers, std::string_view name) {
  for (const auto& [key, value] : headers) {
    if (key == name) return value;
  }
  return {};
}

struct Request {
  std::string method;
  std::string path;  ///< With the query, if any.
  Headers headers;
  std::string body;
  Time at{};  ///< When it was complete.
};

/// How an answer fails on its way.
enum class Fault {
  kNone,
  kReset,         ///< The connection is reset instead of an answer.
  kResetMidBody,  ///< Reset after half of the body.
  kCutBody,       ///< Closed in an orderly way after half of the body.
  kHang,          ///< No answer until the client gives up.
};

struct Reply {
  int status = 200;
  Headers headers{};
  std::string body{};
  std::chrono::milliseconds delay{0};
  Fault fault = Fault::kNone;
  bool chunked = false;

  /// What the double understood of the request, for the journal.
  std::uint64_t tokens = 0;
  std::vector<std::uint64_t> texts{};  ///< Hashes of the texts that were embedded.
  std::size_t items = 0;
  /// Released once the answer has been sent: a permit, a place in a queue.
  std::shared_ptr<void> held{};
};

/// How an answer with vectors deviates from what it should be.
enum class Quirk {
  kNone,
  kShuffled,       ///< Items in another order, with their right "index".
  kBase64Ignored,  ///< Floats although base64 was asked for.
  kEmptyData,      ///< No vectors.
  kOneMissing,     ///< A vector less than texts.
  kNan,            ///< The last vector holds a NaN.
  kWrongDims,      ///< Each vector is one float short.
  kUnevenDims,     ///< The last vector is one float short.
  kZeroVector,     ///< The last vector is all zero.
  kIndexAllZero,   ///< "index" is 0 in every item.
  kIndexTwice,     ///< The last item has the index of the first, the rest their own.
  kNoIndex,        ///< No "index".
  kNoUsage,        ///< No counts of tokens.
  kBareList,       ///< A list of vectors without an object round it, where that is known.
};

}  // namespace dsw::doubles
