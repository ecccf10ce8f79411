// SPDX-License-Identifier: Apache-2.0
#include "tests/support/private_ca.h"

#include <memory>
#include <stdexcept>
#include <string>

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

namespace dsw {
namespace {

using Key = std::unique_ptr<EVP_PKEY, void (*)(EVP_PKEY*)>;
using Certificate = std::unique_ptr<X509, void (*)(X509*)>;
using File = std::unique_ptr<BIO, int (*)(BIO*)>;

void Check(bool ok, const char* what) {
  if (!ok) throw std::runtime_error(std::string("private CA: ") + what);
}

Key MakeKey() {
  Key key(EVP_EC_gen("P-256"), &EVP_PKEY_free);
  Check(key != nullptr, "key");
  return key;
}

void Extend(X509* certificate, X509* issuer, int what, const char* value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* const extension = X509V3_EXT_conf_nid(nullptr, &context, what, value);
  Check(extension != nullptr && X509_add_ext(certificate, extension, -1) == 1, value);
  X509_EXTENSION_free(extension);
}

Certificate MakeCertificate(const char* name, EVP_PKEY* key, long serial) {
  Certificate certificate(X509_new(), &X509_free);
  X509* const raw = certificate.get();
  X509_set_version(raw, X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(raw), serial);
  X509_gmtime_adj(X509_getm_notBefore(raw), -3600);
  X509_gmtime_adj(X509_getm_notAfter(raw), 24 * 3600);
  X509_NAME_add_entry_by_txt(X509_get_subject_name(raw), "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>(name), -1, -1, 0);
  X509_set_pubkey(raw, key);
  return certificate;
}

File Open(const std::filesystem::path& path) {
  File file(BIO_new_file(path.c_str(), "w"), &BIO_free);
  Check(file != nullptr, path.c_str());
  return file;
}

}  // namespace

PrivateCa::PrivateCa() {
  const Key ca_key = MakeKey();
  const Certificate ca = MakeCertificate("Private CA of a test", ca_key.get(), 1);
  X509_set_issuer_name(ca.get(), X509_get_subject_name(ca.get()));
  Extend(ca.get(), ca.get(), NID_basic_constraints, "critical,CA:TRUE");
  Extend(ca.get(), ca.get(), NID_subject_key_identifier, "hash");
  Check(X509_sign(ca.get(), ca_key.get(), EVP_sha256()) > 0, "signature");

  const Key key = MakeKey();
  const Certificate server = MakeCertificate("localhost", key.get(), 2);
  X509_set_issuer_name(server.get(), X509_get_subject_name(ca.get()));
  Extend(server.get(), ca.get(), NID_subject_alt_name, "DNS:localhost,IP:127.0.0.1");
  Extend(server.get(), ca.get(), NID_authority_key_identifier, "keyid");
  Check(X509_sign(server.get(), ca_key.get(), EVP_sha256()) > 0, "signature");

  Check(PEM_write_bio_X509(Open(ca_file()).get(), ca.get()) == 1, "file");
  Check(PEM_write_bio_X509(Open(certificate_file()).get(), server.get()) == 1, "file");
  Check(PEM_write_bio_PrivateKey(Open(key_file()).get(), key.get(), nullptr, nullptr, 0, nullptr,
                                 nullptr) == 1,
        "file");
}

}  // namespace dsw
