// SPDX-License-Identifier: Apache-2.0
#include "host/plugin/signing.h"

#include <algorithm>
#include <array>
#include <optional>
#include <system_error>

#include <fmt/format.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include "host/plugin/guarded_file.h"

namespace dsw {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kSignatureSize = 64;
constexpr std::size_t kSignatureTextSize = 88;
constexpr std::size_t kLargestKeyFile = 64 * 1024;

struct FreeBio {
  void operator()(BIO* bio) const { BIO_free(bio); }
};
using Bio = std::unique_ptr<BIO, FreeBio>;

struct FreeDigest {
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};
using DigestContext = std::unique_ptr<EVP_MD_CTX, FreeDigest>;

struct FreeKeyContext {
  void operator()(EVP_PKEY_CTX* context) const { EVP_PKEY_CTX_free(context); }
};
using KeyContext = std::unique_ptr<EVP_PKEY_CTX, FreeKeyContext>;

const unsigned char* Bytes(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

tl::unexpected<Error> OpenSslFailed(std::string_view what) {
  ERR_clear_error();
  return Fail(Code::kInternal, fmt::format("OpenSSL cannot {}", what));
}

Bio ReaderOf(const std::string& text) {
  return Bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

std::string ContentOf(const Bio& bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &data);
  return size > 0 ? std::string(data, static_cast<std::size_t>(size)) : std::string();
}

/// No passphrase: a program without a terminal must not ask for one.
int NoPassphrase(char*, int, int, void*) {
  return -1;
}

Result<SigningKey> Ed25519Or(SigningKey key, std::string_view what) {
  ERR_clear_error();
  if (key && EVP_PKEY_get_id(key.get()) == EVP_PKEY_ED25519) return key;
  return Fail(Code::kInvalid, fmt::format("is not an Ed25519 {} key in PEM", what));
}

std::optional<std::string> DecodeSignature(std::string_view text) {
  if (text.size() == kSignatureSize) return std::string(text);
  const std::size_t end = text.find_last_not_of(" \t\r\n");
  text = text.substr(0, end == std::string_view::npos ? 0 : end + 1);
  if (text.size() != kSignatureTextSize) return std::nullopt;
  std::array<unsigned char, kSignatureTextSize / 4 * 3> bytes{};
  if (EVP_DecodeBlock(bytes.data(), Bytes(text), static_cast<int>(text.size())) < 0) {
    ERR_clear_error();
    return std::nullopt;
  }
  return std::string(bytes.begin(), bytes.begin() + kSignatureSize);
}

bool Matches(EVP_PKEY* key, std::string_view message, std::string_view signature) {
  const DigestContext context(EVP_MD_CTX_new());
  const bool matches = context &&
                       EVP_DigestVerifyInit(context.get(), nullptr, nullptr, nullptr, key) == 1 &&
                       EVP_DigestVerify(context.get(), Bytes(signature), signature.size(),
                                        Bytes(message), message.size()) == 1;
  ERR_clear_error();
  return matches;
}

Result<std::vector<fs::path>> KeyFiles(const fs::path& path) {
  std::error_code error;
  if (!fs::is_directory(path, error)) return std::vector<fs::path>{path};
  std::vector<fs::path> files;
  fs::directory_iterator entry(path, error);
  for (; !error && entry != fs::directory_iterator(); entry.increment(error)) {
    if (entry->path().extension() == ".pub") files.push_back(entry->path());
  }
  if (error) return Fail(Code::kInvalid, "cannot be read: " + error.message());
  if (files.empty()) return Fail(Code::kInvalid, "has no file that ends in .pub");
  std::sort(files.begin(), files.end());
  return files;
}

Result<SigningKey> ReadPublicKey(const fs::path& path) {
  ASSIGN_OR_RETURN(const std::string pem, ReadGuarded(path, kLargestKeyFile));
  return ParsePublicKey(pem);
}

}  // namespace

void FreeKey::operator()(EVP_PKEY* key) const {
  EVP_PKEY_free(key);
}

Result<KeyPair> MakeKeyPair() {
  const KeyContext context(EVP_PKEY_CTX_new_id(EVP_PKEY_ED25519, nullptr));
  EVP_PKEY* made = nullptr;
  if (!context || EVP_PKEY_keygen_init(context.get()) != 1 ||
      EVP_PKEY_keygen(context.get(), &made) != 1) {
    return OpenSslFailed("make a key");
  }
  const SigningKey key(made);
  const Bio secret(BIO_new(BIO_s_secmem()));
  const Bio open(BIO_new(BIO_s_mem()));
  if (!secret || !open ||
      PEM_write_bio_PrivateKey(secret.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr) !=
          1 ||
      PEM_write_bio_PUBKEY(open.get(), key.get()) != 1) {
    return OpenSslFailed("write a key");
  }
  return KeyPair{.private_pem = ContentOf(secret), .public_pem = ContentOf(open)};
}

Result<SigningKey> ParsePrivateKey(const std::string& pem) {
  const Bio bio = ReaderOf(pem);
  return Ed25519Or(
      SigningKey(bio ? PEM_read_bio_PrivateKey(bio.get(), nullptr, &NoPassphrase, nullptr)
                     : nullptr),
      "private");
}

Result<SigningKey> ParsePublicKey(const std::string& pem) {
  const Bio bio = ReaderOf(pem);
  return Ed25519Or(
      SigningKey(bio ? PEM_read_bio_PUBKEY(bio.get(), nullptr, &NoPassphrase, nullptr) : nullptr),
      "public");
}

Result<std::vector<TrustedKey>> ReadTrustedKeys(const fs::path& path) {
  std::vector<TrustedKey> keys;
  Result<std::vector<fs::path>> files = KeyFiles(path);
  if (!files) return Fail(std::move(files).error().Context(path.string()));
  for (const fs::path& file : *files) {
    Result<SigningKey> key = ReadPublicKey(file);
    if (!key) return Fail(std::move(key).error().Context(file.string()));
    const bool named = file.extension() == ".pub";
    keys.push_back({(named ? file.stem() : file.filename()).string(), std::move(*key)});
  }
  return keys;
}

Result<std::string> Sign(const SigningKey& key, std::string_view message) {
  const DigestContext context(EVP_MD_CTX_new());
  std::array<unsigned char, kSignatureSize> signature{};
  std::size_t size = signature.size();
  if (!context || EVP_DigestSignInit(context.get(), nullptr, nullptr, nullptr, key.get()) != 1 ||
      EVP_DigestSign(context.get(), signature.data(), &size, Bytes(message), message.size()) != 1) {
    return OpenSslFailed("sign with this key");
  }
  std::array<unsigned char, kSignatureTextSize + 1> text{};
  EVP_EncodeBlock(text.data(), signature.data(), static_cast<int>(size));
  return std::string(text.begin(), text.begin() + kSignatureTextSize) + "\n";
}

const TrustedKey* Verify(const std::vector<TrustedKey>& keys, std::string_view message,
                         std::string_view signature) {
  const std::optional<std::string> bytes = DecodeSignature(signature);
  if (!bytes) return nullptr;
  const auto found = std::find_if(keys.begin(), keys.end(), [&](const TrustedKey& key) {
    return Matches(key.key.get(), message, *bytes);
  });
  return found == keys.end() ? nullptr : &*found;
}

}  // namespace dsw
