// SPDX-License-Identifier: Apache-2.0
#include "host/secrets/resolve.h"

#include <cstdint>
#include <fstream>
#include <optional>
#include <string_view>

#include <fmt/format.h>
#include <openssl/evp.h>

#include "host/secrets/aes_gcm.h"

namespace dsw {
namespace {

constexpr std::string_view kEnvironment = "env:";
constexpr std::string_view kFile = "file:";
constexpr std::string_view kEncrypted = "enc:v1:";
/// More than any key has; a larger file is not one.
constexpr std::size_t kMostBytes = 64 * 1024;

std::optional<AesKey> ParseKey(std::string_view hex) {
  AesKey key{};
  if (hex.size() != key.size() * 2) return std::nullopt;
  const auto digit = [](char c) -> int {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
  };
  for (std::size_t i = 0; i < key.size(); ++i) {
    const int high = digit(hex[2 * i]);
    const int low = digit(hex[2 * i + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    key[i] = static_cast<std::uint8_t>(high * 16 + low);
  }
  return key;
}

std::optional<std::string> DecodeBase64(std::string_view text) {
  if (text.empty() || text.size() % 4 != 0) return std::nullopt;
  std::string bytes(text.size() / 4 * 3, '\0');
  const int size = EVP_DecodeBlock(reinterpret_cast<std::uint8_t*>(bytes.data()),
                                   reinterpret_cast<const std::uint8_t*>(text.data()),
                                   static_cast<int>(text.size()));
  if (size < 0) return std::nullopt;
  std::size_t padding = 0;
  while (padding < 2 && text[text.size() - 1 - padding] == '=') ++padding;
  bytes.resize(static_cast<std::size_t>(size) - padding);
  return bytes;
}

Result<AesKey> MasterKey(const Secret& master_key) {
  if (master_key.empty()) {
    return Fail(Code::kUnauthenticated,
                "an API key is stored encrypted, but ENCRYPTION_MASTER_KEY is not set");
  }
  const std::optional<AesKey> key = ParseKey(master_key.Reveal());
  if (!key) {
    return Fail(Code::kUnauthenticated, "ENCRYPTION_MASTER_KEY must be 64 hexadecimal digits");
  }
  return *key;
}

Result<Secret> FromEnvironment(const std::string& name, const Getenv& getenv) {
  const char* const value = getenv(name.c_str());
  if (value == nullptr || *value == '\0') {
    return Fail(Code::kUnauthenticated,
                fmt::format("the API key is to come from the environment variable {}, which is not "
                            "set: set it for the worker",
                            name));
  }
  return Secret(value);
}

Result<Secret> FromFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::string content(kMostBytes, '\0');
  file.read(content.data(), static_cast<std::streamsize>(content.size()));
  content.resize(static_cast<std::size_t>(file.gcount()));
  while (!content.empty() && (content.back() == '\n' || content.back() == '\r')) {
    content.pop_back();
  }
  if (content.empty()) {
    return Fail(Code::kUnauthenticated,
                fmt::format("the API key is to come from the file {}, which cannot be read or is "
                            "empty: create it, readable by the worker",
                            path));
  }
  return Secret(std::move(content));
}

Result<Secret> Decrypt(std::string_view base64, const Secret& master_key) {
  ASSIGN_OR_RETURN(const AesKey key, MasterKey(master_key));
  const std::optional<std::string> sealed = DecodeBase64(base64);
  std::optional<std::string> plain;
  if (sealed) plain = DecryptAesGcm(key, *sealed);
  if (!plain) {
    return Fail(Code::kUnauthenticated,
                "a stored API key cannot be decrypted: it is damaged, or was encrypted with "
                "another key than ENCRYPTION_MASTER_KEY");
  }
  return Secret(*std::move(plain));
}

}  // namespace

Result<Secret> ResolveSecret(const Secret& reference, const Secret& master_key,
                             const Getenv& getenv) {
  const std::string& text = reference.Reveal();
  if (text.starts_with(kEnvironment)) {
    return FromEnvironment(text.substr(kEnvironment.size()), getenv);
  }
  if (text.starts_with(kFile)) return FromFile(text.substr(kFile.size()));
  if (text.starts_with(kEncrypted)) {
    return Decrypt(std::string_view(text).substr(kEncrypted.size()), master_key);
  }
  return reference;
}

}  // namespace dsw
