#include "io/tls/tls_authority.h"

#include <algorithm>
#include <cstddef>
#include <memory>
#include <string>
#include <utility>

#include <openssl/asn1.h>
#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/obj_mac.h>
#include <openssl/pem.h>
#include <openssl/types.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "base/check.h"
#include "base/clock.h"
#include "io/address.h"
#include "io/tls/tls_handles.h"

namespace gatehouse::io {

namespace {

constexpr long kX509v3 = 2;

KeyHandle makeKey() {
  KeyHandle key(EVP_EC_gen("P-256"));
  GATEHOUSE_INVARIANT(key != nullptr);
  return key;
}

std::string textOf(BIO* bio) {
  char* text = nullptr;
  long length = BIO_get_mem_data(bio, &text);
  return {text, static_cast<std::size_t>(length)};
}

std::string toPem(X509* certificate) {
  BioHandle bio(BIO_new(BIO_s_mem()));
  GATEHOUSE_INVARIANT(PEM_write_bio_X509(bio.get(), certificate) == 1);
  return textOf(bio.get());
}

std::string toPem(EVP_PKEY* key) {
  BioHandle bio(BIO_new(BIO_s_mem()));
  GATEHOUSE_INVARIANT(
      PEM_write_bio_PrivateKey(bio.get(), key, nullptr, nullptr, 0, nullptr, nullptr) == 1
  );
  return textOf(bio.get());
}

void setCommonName(X509_NAME* name, const std::string& value) {
  const auto* bytes = reinterpret_cast<const unsigned char*>(value.c_str());
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, bytes, -1, -1, 0);
}

void addExtension(X509* certificate, X509* issuer, int nid, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  std::unique_ptr<X509_EXTENSION, FreeWith<X509_EXTENSION_free>> extension(
      X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str())
  );
  GATEHOUSE_INVARIANT(extension != nullptr);
  X509_add_ext(certificate, extension.get(), -1);
}

/// As a subject alternative name is written.
std::string kindOf(const std::string& name) {
  if (name.contains("://")) {
    return "URI:";
  }
  return Address::fromIp(name, 0) ? "IP:" : "DNS:";
}

/// A version 3 certificate without issuer, extensions and signature; valid from a day before now.
CertificateHandle beginCertificate(
    const std::string& common_name, EVP_PKEY* key, Seconds valid_for
) {
  CertificateHandle certificate(X509_new());
  X509_set_version(certificate.get(), kX509v3);
  std::unique_ptr<BIGNUM, FreeWith<BN_free>> serial(BN_new());
  BN_rand(serial.get(), 64, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ANY);
  BN_to_ASN1_INTEGER(serial.get(), X509_get_serialNumber(certificate.get()));
  constexpr long kDay = 86400;
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), std::min(-kDay, 2 * valid_for.count()));
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), valid_for.count());
  X509_set_pubkey(certificate.get(), key);
  setCommonName(X509_get_subject_name(certificate.get()), common_name);
  return certificate;
}

}  // namespace

struct TestAuthority::Keys {
  KeyHandle key;
  CertificateHandle certificate;
};

TestAuthority::TestAuthority(std::string common_name)
    : TestAuthority(std::move(common_name), nullptr) {}

TestAuthority::TestAuthority(std::string common_name, const TestAuthority& above)
    : TestAuthority(std::move(common_name), &above) {}

TestAuthority::TestAuthority(std::string common_name, const TestAuthority* above)
    : keys_(std::make_unique<Keys>()) {
  keys_->key = makeKey();
  keys_->certificate = beginCertificate(common_name, keys_->key.get(), Seconds(10 * 365 * 86400));
  X509* self = keys_->certificate.get();
  X509* issuer = above == nullptr ? self : above->keys_->certificate.get();
  X509_set_issuer_name(self, X509_get_subject_name(issuer));
  addExtension(self, issuer, NID_basic_constraints, "critical,CA:TRUE");
  addExtension(self, issuer, NID_key_usage, "critical,keyCertSign,cRLSign");
  addExtension(self, issuer, NID_subject_key_identifier, "hash");
  EVP_PKEY* signing = above == nullptr ? keys_->key.get() : above->keys_->key.get();
  GATEHOUSE_INVARIANT(X509_sign(self, signing, EVP_sha256()) > 0);
  ca_pem_ = toPem(self);
}

TestAuthority::~TestAuthority() = default;

IssuedCertificate TestAuthority::issue(IssueOptions options) const {
  KeyHandle key = makeKey();
  std::string common_name = options.names.empty() ? "unnamed" : options.names.front();
  CertificateHandle leaf = beginCertificate(common_name, key.get(), options.valid_for);
  X509* issuer = keys_->certificate.get();
  X509_set_issuer_name(leaf.get(), X509_get_subject_name(issuer));
  addExtension(leaf.get(), issuer, NID_basic_constraints, "critical,CA:FALSE");
  addExtension(leaf.get(), issuer, NID_ext_key_usage, "serverAuth,clientAuth");
  addExtension(leaf.get(), issuer, NID_authority_key_identifier, "keyid");
  std::string names;
  for (const std::string& name : options.names) {
    names += (names.empty() ? "" : ",") + kindOf(name) + name;
  }
  if (!names.empty()) {
    addExtension(leaf.get(), issuer, NID_subject_alt_name, names);
  }
  GATEHOUSE_INVARIANT(X509_sign(leaf.get(), keys_->key.get(), EVP_sha256()) > 0);
  return {.certificate_pem = toPem(leaf.get()), .key_pem = toPem(key.get())};
}

}  // namespace gatehouse::io
