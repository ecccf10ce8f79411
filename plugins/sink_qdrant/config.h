// SPDX-License-Identifier: Apache-2.0
//
// The settings of an instance.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace dsw::qdrant {

/// What carries points on their way in; all else goes over REST.
enum class Transport {
  kAuto,  ///< gRPC where the server offers it, else REST.
  kGrpc,
  kRest,
};

struct Config {
  std::string rest_url;  ///< As "http://localhost:6333", without a slash at the end.
  std::string grpc_url;  ///< As "http://localhost:6334".
  /// The configured address had Qdrant's usual gRPC port, and was taken for that of gRPC.
  bool grpc_address_given = false;
  std::string api_key;  ///< Or what stands for it in a header; empty: none.
  Transport transport = Transport::kAuto;
  std::uint32_t hnsw_m = 16;
  std::uint32_t hnsw_ef_construct = 100;
  bool quantization = false;
  std::optional<bool> on_disk;          ///< Vectors; nothing: the server's default.
  std::optional<bool> on_disk_payload;  ///< Nothing: the server's default.
  std::size_t max_request_bytes = std::size_t{8} << 20;
};

/// JSON Schema of what ParseConfig takes.
extern const std::string_view kConfigSchema;

/// Throws dsw::Failure with DSW_E_INVALID_CONFIG, naming the JSON pointer and what is allowed, for
/// anything else.
Config ParseConfig(std::string_view json);

}  // namespace dsw::qdrant
