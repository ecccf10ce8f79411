// SPDX-License-Identifier: Apache-2.0
#include "host/secrets/aes_gcm.h"

#include <memory>

#include <openssl/evp.h>

namespace dsw {
namespace {

struct FreeContext {
  void operator()(EVP_CIPHER_CTX* context) const { EVP_CIPHER_CTX_free(context); }
};
using Context = std::unique_ptr<EVP_CIPHER_CTX, FreeContext>;

const std::uint8_t* Bytes(std::string_view text) {
  return reinterpret_cast<const std::uint8_t*>(text.data());
}

std::uint8_t* Bytes(std::string& text) {
  return reinterpret_cast<std::uint8_t*>(text.data());
}

}  // namespace

std::optional<std::string> DecryptAesGcm(const AesKey& key, std::string_view sealed) {
  if (sealed.size() < kGcmNonceSize + kGcmTagSize) return std::nullopt;
  const std::string_view nonce = sealed.substr(0, kGcmNonceSize);
  std::string tag(sealed.substr(sealed.size() - kGcmTagSize));
  const std::string_view text =
      sealed.substr(kGcmNonceSize, sealed.size() - kGcmNonceSize - kGcmTagSize);
  std::string plain(text.size(), '\0');
  const Context context(EVP_CIPHER_CTX_new());
  int written = 0;
  const bool done =
      context &&
      EVP_DecryptInit_ex(context.get(), EVP_aes_256_gcm(), nullptr, key.data(), Bytes(nonce)) ==
          1 &&
      EVP_DecryptUpdate(context.get(), Bytes(plain), &written, Bytes(text),
                        static_cast<int>(text.size())) == 1 &&
      EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_GCM_SET_TAG, kGcmTagSize, tag.data()) == 1 &&
      EVP_DecryptFinal_ex(context.get(), Bytes(plain) + written, &written) == 1;
  if (!done) return std::nullopt;
  return plain;
}

}  // namespace dsw
