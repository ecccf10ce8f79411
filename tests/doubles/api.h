// SPDX-License-Identifier: Apache-2.0
//
// The services that the doubles stand in for. A double refuses what the real service refuses, with
// its statuses, headers and texts.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tests/doubles/exchange.h"

namespace dsw::doubles {

/// What a double can be told. A rate of 0 means none.
struct Options {
  /// Refuses others. Empty: any will do, and none where the service can be run without.
  std::string key{};
  /// The size of every model's vectors, with names of models that the service does not have
  /// accepted, too; 0: the models of the service.
  std::size_t dims = 0;
  bool fast = false;     ///< See Rows.
  bool compact = false;  ///< No white space in answers, where the service has much of it.
  std::chrono::milliseconds latency{0};
  std::chrono::microseconds latency_per_item{0};
  double requests_per_minute = 0;
  double tokens_per_minute = 0;
  double inputs_per_minute = 0;
  std::size_t max_concurrency = 0;  ///< Requests, or items where the service counts those.
  std::size_t max_items = 0;        ///< Per request; 0: the service's limit.
  /// Texts that contain it are refused as too long, in the way of the service.
  std::string poison{};
  bool poison_named = false;  ///< Such a refusal says which text, where the service can.
  /// The first answer takes longer by this, as when a model is loaded for it.
  std::chrono::milliseconds first_call{0};
  bool batch_limit_is_413 = false;  ///< TEI before 1.9: too many items are 413, not 422.
};

/// An answer that the service is known to give, by a name for scripts and tests.
struct Canned {
  std::string name;
  Reply reply;
};

/// Thread-safe.
class Api {
 public:
  virtual ~Api() = default;
  /// The answer when all goes well but `quirk`, or the refusal.
  virtual Reply Answer(const Request& request, Quirk quirk) = 0;
  /// The refusal that a body of that many bytes gets before it is read.
  virtual std::optional<Reply> Early(std::uint64_t /*bytes*/) { return std::nullopt; }
};

/// "openai", "cohere", "jina", "voyage", "fastembed", "embed", "tei" or "ollama".
const std::vector<std::string>& ApiNames();
/// Throws std::invalid_argument for any other name.
std::unique_ptr<Api> MakeApi(std::string_view name, const Options& options);
/// Failures that depend on the service's state and not on the request. Throws as MakeApi does.
const std::vector<Canned>& CannedReplies(std::string_view api);
/// Throws std::invalid_argument when there is none of that name.
const Reply& CannedReply(std::string_view api, std::string_view name);
/// The service's own rate limits, for a new customer.
Options WithRealRates(std::string_view api, Options options);
/// What follows the origin in the base URL that a client is given, as "/v1".
std::string_view BasePath(std::string_view api);

}  // namespace dsw::doubles
