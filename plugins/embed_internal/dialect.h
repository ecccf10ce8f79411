// SPDX-License-Identifier: Apache-2.0
//
// The APIs that self-hosted embedding servers speak, and how to tell them apart by GET requests,
// which carry no text of a user. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace dsw::self_hosted {

enum class Dialect {
  kFastEmbed,  ///< POST /api/embed/batch {"texts"}: the inference API over fastembed-rs.
  kTei,        ///< POST /embed {"inputs"}: text-embeddings-inference.
  kOllama,     ///< POST /api/embed {"input"}.
  kOpenAi,     ///< POST /v1/embeddings {"input"}: vLLM and many others.
  kEmbed,      ///< POST /embed {"input"}: taken when the server is none of the others.
};

/// In the order in which a server is asked: text-embeddings-inference and Ollama also speak
/// OpenAI's.
inline constexpr Dialect kProbeOrder[] = {Dialect::kFastEmbed, Dialect::kTei, Dialect::kOllama,
                                          Dialect::kOpenAi};

/// "fastembed", "tei", "ollama", "openai", "embed".
std::string_view DialectName(Dialect dialect);
/// Nothing for any other name.
std::optional<Dialect> DialectNamed(std::string_view name);

/// Where a server is, and what the address tells of its dialect.
struct Address {
  std::string root;   ///< Without an endpoint, "/v1" and a slash at its end.
  std::string query;  ///< With its question mark; may be empty.
  std::optional<Dialect> dialect;
  /// With kEmbed: the address ends in /embed, which text-embeddings-inference has as well.
  bool maybe_tei = false;
};

/// `url` is what EndpointUrl() made.
Address ReadAddress(std::string_view url);

std::string PostUrl(const Address& address, Dialect dialect);
/// What to GET to learn whether a server speaks the dialect, and its facts; not for kEmbed.
std::string ProbeUrl(const Address& address, Dialect dialect);

/// What a server says of itself; 0 and empty for what it does not say.
struct ServerFacts {
  std::uint32_t dimensions = 0;
  std::uint32_t max_tokens = 0;
  std::uint32_t max_batch = 0;
  std::uint32_t max_concurrency = 0;
  std::string model;                ///< The server's name for the wanted model; as wanted if none.
  std::vector<std::string> models;  ///< All that it lists.
  bool base64 = false;              ///< Known to send vectors as base64 when asked.
};

/// Reads the answer, of status 200, to a GET of ProbeUrl(); nothing when a server of this dialect
/// does not answer so.
std::optional<ServerFacts> ReadProbe(Dialect dialect, std::string_view body,
                                     std::string_view wanted_model);

/// The limits that servers of the dialect have unless they say otherwise.
struct DialectLimits {
  std::uint32_t max_batch;
  std::uint32_t max_concurrency;
  std::uint64_t max_request_bytes;
};
DialectLimits LimitsOf(Dialect dialect);

}  // namespace dsw::self_hosted
