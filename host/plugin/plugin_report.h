// SPDX-License-Identifier: Apache-2.0
//
// What became of the plugin directories, for people and for `worker-datasets plugins`.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace dsw {

enum class ProviderKind { kEmbedder, kSink };

/// "embedder" or "sink".
constexpr std::string_view KindName(ProviderKind kind) {
  return kind == ProviderKind::kEmbedder ? "embedder" : "sink";
}

struct ModelReport {
  std::string id;
  std::uint32_t dimensions = 0;        ///< 0: only the opened model knows.
  std::uint32_t max_input_tokens = 0;  ///< 0: unknown.
};

struct ProviderReport {
  ProviderKind kind = ProviderKind::kEmbedder;
  std::string id;
  std::vector<ModelReport> models;
};

/// One file. Members that could not be found out are empty.
struct PluginReport {
  std::string file;    ///< Absolute path.
  std::string sha256;  ///< Lower-case hexadecimal.
  bool loaded = false;
  bool isolated = false;            ///< Has, or would have, a process of its own.
  std::string reason;               ///< Why it was refused; empty when it was loaded.
  std::string trust;                ///< "signed", "locked" or "unlocked": what vouches for it.
  std::string signer;               ///< Name of the key, when it is signed.
  std::vector<std::string> grants;  ///< That the lock gives it.
  std::string warning;              ///< Why it would be refused if trust were enforced.
  std::string id;
  std::string version;
  std::string abi;  ///< "0.1"
  std::string vendor;
  std::string license;
  std::vector<ProviderReport> providers;
};

/// "in process" or "isolated".
inline std::string_view ModeName(const PluginReport& report) {
  return report.isolated ? "isolated" : "in process";
}

/// One entry of the directory list.
struct DirectoryReport {
  std::string path;
  std::string problem;  ///< Why it could not be read; empty when it was.
};

}  // namespace dsw
