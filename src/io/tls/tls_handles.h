// Owning handles for OpenSSL's objects and its error texts. For the .cc files of this room only.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "base/result.h"

namespace gatehouse::io {

/// How names are looked for in a certificate: among its alternative names alone (RFC 9110 section
/// 4.3.4), a wildcard for a whole label.
constexpr unsigned kNameRules =
    X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT;

template <auto kFree>
struct FreeWith {
  template <typename T>
  void operator()(T* object) const {
    kFree(object);
  }
};

using SslHandle = std::unique_ptr<SSL, FreeWith<SSL_free>>;
using SslContextHandle = std::unique_ptr<SSL_CTX, FreeWith<SSL_CTX_free>>;
using SslSessionHandle = std::unique_ptr<SSL_SESSION, FreeWith<SSL_SESSION_free>>;
using BioHandle = std::unique_ptr<BIO, FreeWith<BIO_free_all>>;
using CertificateHandle = std::unique_ptr<X509, FreeWith<X509_free>>;
using KeyHandle = std::unique_ptr<EVP_PKEY, FreeWith<EVP_PKEY_free>>;
using StoreHandle = std::unique_ptr<X509_STORE, FreeWith<X509_STORE_free>>;

/// OpenSSL's queued errors of this thread in words, oldest first; empties the queue.
std::string takeOpensslErrors();

/// kInvalidConfiguration with `what` and OpenSSL's words.
std::unexpected<Error> badTlsMaterial(std::string_view what);

/// Every certificate in the text, in order. kInvalidConfiguration when there is none or one is
/// broken.
Result<std::vector<CertificateHandle>> readCertificates(std::string_view pem);

/// kInvalidConfiguration: unreadable or encrypted. Never quotes the text.
Result<KeyHandle> readKey(std::string_view pem);

/// DNS names and IP addresses of the subject alternative name.
std::vector<std::string> namesOf(X509* certificate);
/// URIs of the subject alternative name.
std::vector<std::string> urisOf(X509* certificate);

/// Who a certificate is for, in one text: its SPIFFE id if it has one, else its subject. Empty when
/// it has neither.
std::string identityOf(X509* certificate);

/// "CN = example.com, O = Example".
std::string describeName(const X509_NAME* name);

}  // namespace gatehouse::io
