// SPDX-License-Identifier: Apache-2.0
//
// Ed25519 signatures (RFC 8032), with keys in PEM files as OpenSSL reads and writes them.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <openssl/types.h>

#include "host/base/result.h"

namespace dsw {

struct FreeKey {
  void operator()(EVP_PKEY* key) const;
};
using SigningKey = std::unique_ptr<EVP_PKEY, FreeKey>;

/// A public key and where it is from.
struct TrustedKey {
  std::string name;               ///< Of its file, without ".pub".
  std::shared_ptr<EVP_PKEY> key;  ///< Among the copies of this.
};

/// A new pair as PEM texts.
struct KeyPair {
  std::string private_pem;
  std::string public_pem;
};
Result<KeyPair> MakeKeyPair();

/// kInvalid for text that is not an Ed25519 key in PEM, private or public.
Result<SigningKey> ParsePrivateKey(const std::string& pem);
Result<SigningKey> ParsePublicKey(const std::string& pem);

/// The keys of a file, or of each *.pub file of a directory, in order of their names; each is read
/// by the rules of guarded_file.h. kInvalid, naming the file, when one cannot be used or there is
/// none.
Result<std::vector<TrustedKey>> ReadTrustedKeys(const std::filesystem::path& path);

/// The signature of `message`, in base64 and with a line's end.
Result<std::string> Sign(const SigningKey& key, std::string_view message);

/// Which of the keys made the signature, in base64 or as its 64 bytes; null when none did.
const TrustedKey* Verify(const std::vector<TrustedKey>& keys, std::string_view message,
                         std::string_view signature);

}  // namespace dsw
