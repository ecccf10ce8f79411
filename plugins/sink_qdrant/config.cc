// SPDX-License-Identifier: Apache-2.0
#include "plugins/sink_qdrant/config.h"

#include <charconv>

#include <nlohmann/json.hpp>

#include <dsw/plugin.hpp>

#include "plugins/embed_common/config_schema.h"

namespace dsw::qdrant {

const std::string_view kConfigSchema = R"json({
  "type": "object",
  "additionalProperties": false,
  "properties": {
    "url": {"type": "string", "minLength": 1, "description": "Address of the REST API"},
    "api_key": {"type": "string"},
    "transport": {"enum": ["auto", "grpc", "rest"], "default": "auto",
      "description": "What carries points on their way in; auto: gRPC where the server offers it"},
    "grpc_url": {"type": "string",
      "description": "Address of the gRPC API; default: the same host, the port after REST's"},
    "hnsw_m": {"type": "integer", "minimum": 0, "maximum": 1024, "default": 16,
      "description": "Links per node of the index of new collections; 0: no index"},
    "hnsw_ef_construct": {"type": "integer", "minimum": 4, "maximum": 100000, "default": 100,
      "description": "Candidates that are looked at when the index is built"},
    "quantization": {"type": "boolean", "default": false,
      "description": "Keep vectors of new collections in one byte per dimension in memory"},
    "on_disk": {"type": "boolean", "description": "Keep vectors of new collections on disk"},
    "on_disk_payload": {"type": "boolean",
      "description": "Keep payloads of new collections on disk"},
    "max_request_bytes": {"type": "integer", "minimum": 65536, "maximum": 33554432,
      "default": 8388608, "description": "About the largest body of a request with points"}
  }
})json";

namespace {

constexpr int kRestPort = 6333;
constexpr int kGrpcPort = 6334;
constexpr int kHttpsPort = 443;
constexpr std::string_view kDefaultUrl = "http://localhost:6333";

/// An address in its parts.
struct Address {
  std::string scheme;
  std::string host;  ///< With brackets around IPv6.
  int port = 0;
  std::string path;  ///< Without a slash at the end.

  std::string Text() const { return scheme + "://" + host + ":" + std::to_string(port) + path; }
};

[[noreturn]] void Refuse(std::string_view key, std::string_view why) {
  throw Failure(DSW_E_INVALID_CONFIG, "qdrant: /" + std::string(key) + ": " + std::string(why) +
                                          ", as http://localhost:6333");
}

Address ParseAddress(std::string_view key, std::string_view text) {
  Address address;
  const std::size_t scheme_end = text.find("://");
  address.scheme = std::string(text.substr(0, scheme_end));
  if (scheme_end == std::string_view::npos ||
      (address.scheme != "http" && address.scheme != "https")) {
    Refuse(key, "expected an address that starts with http:// or https://");
  }
  text.remove_prefix(scheme_end + 3);
  if (text.find_first_of("?# ") != std::string_view::npos) {
    Refuse(key, "expected an address without query, fragment and blanks");
  }
  const std::size_t authority_end = std::min(text.find('/'), text.size());
  std::string_view authority = text.substr(0, authority_end);
  address.path = std::string(text.substr(authority_end));
  while (!address.path.empty() && address.path.back() == '/') address.path.pop_back();
  if (authority.find('@') != std::string_view::npos) {
    Refuse(key, "expected an address without user and password; the key is a setting of its own");
  }

  const std::size_t bracket = authority.rfind(']');
  const std::size_t colon = authority.find(':', bracket == std::string_view::npos ? 0 : bracket);
  address.host = std::string(authority.substr(0, colon));
  if (address.host.empty()) Refuse(key, "expected an address with a host");
  address.port = address.scheme == "https" ? kHttpsPort : 80;
  if (colon != std::string_view::npos) {
    const std::string_view port = authority.substr(colon + 1);
    const char* const end = port.data() + port.size();
    const auto [parsed, error] = std::from_chars(port.data(), end, address.port);
    if (error != std::errc() || parsed != end || address.port < 1 || address.port > 65535) {
      Refuse(key, "expected a port from 1 to 65535");
    }
  }
  return address;
}

Transport TransportOf(const std::string& text) {
  if (text == "grpc") return Transport::kGrpc;
  return text == "rest" ? Transport::kRest : Transport::kAuto;
}

}  // namespace

Config ParseConfig(std::string_view json) {
  const nlohmann::json root = dsw::ParseConfig("qdrant", kConfigSchema, json);
  Config config;
  Address rest = ParseAddress("url", root.value("url", std::string(kDefaultUrl)));
  Address grpc = rest;
  if (rest.port == kGrpcPort) {
    config.grpc_address_given = true;
    rest.port = kRestPort;
  } else {
    // A proxy on the port of https serves both there.
    grpc.port = rest.port == kHttpsPort ? kHttpsPort : rest.port + 1;
  }
  if (const std::string url = root.value("grpc_url", ""); !url.empty()) {
    grpc = ParseAddress("grpc_url", url);
  }
  config.rest_url = rest.Text();
  config.grpc_url = grpc.Text();
  config.api_key = root.value("api_key", "");
  config.transport = TransportOf(root.value("transport", "auto"));
  config.hnsw_m = root.value("hnsw_m", config.hnsw_m);
  config.hnsw_ef_construct = root.value("hnsw_ef_construct", config.hnsw_ef_construct);
  config.quantization = root.value("quantization", config.quantization);
  if (root.contains("on_disk")) config.on_disk = root["on_disk"].get<bool>();
  if (root.contains("on_disk_payload")) {
    config.on_disk_payload = root["on_disk_payload"].get<bool>();
  }
  config.max_request_bytes = root.value("max_request_bytes", config.max_request_bytes);
  return config;
}

}  // namespace dsw::qdrant
