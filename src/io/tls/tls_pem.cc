#include "io/tls/tls_pem.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <ctime>
#include <expected>
#include <memory>
#include <string>
#include <string_view>
#include <time.h>
#include <utility>
#include <vector>

#include <openssl/asn1.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/obj_mac.h>
#include <openssl/pem.h>
#include <openssl/pemerr.h>
#include <openssl/types.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/result.h"
#include "io/address.h"
#include "io/tls/tls_config.h"
#include "io/tls/tls_context.h"
#include "io/tls/tls_handles.h"

namespace gatehouse::io {

namespace {

BioHandle readingBio(std::string_view text) {
  return BioHandle(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

/// Answers "no pass phrase": an encrypted key fails instead of asking on the terminal.
int noPassPhrase(char* /*buffer*/, int /*size*/, int /*writing*/, void* /*unused*/) {
  return -1;
}

WallMicros toWall(const ASN1_TIME* time) {
  std::tm parts{};
  if (ASN1_TIME_to_tm(time, &parts) != 1) {
    return WallMicros{0};
  }
  return WallMicros{static_cast<std::int64_t>(::timegm(&parts)) * 1'000'000};
}

bool isVisibleAscii(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c > ' ' && c < 0x7f; });
}

std::string formatIpBytes(const ASN1_OCTET_STRING* ip) {
  Address::Bytes bytes{};
  int length = ASN1_STRING_length(ip);
  if (length != 4 && length != 16) {
    return {};
  }
  std::memcpy(bytes.data(), ASN1_STRING_get0_data(ip), static_cast<std::size_t>(length));
  return Address(length == 4 ? Family::kV4 : Family::kV6, bytes, 0).formatIp();
}

std::string textOf(const ASN1_IA5STRING* text) {
  const unsigned char* begin = ASN1_STRING_get0_data(text);
  return {reinterpret_cast<const char*>(begin), static_cast<std::size_t>(ASN1_STRING_length(text))};
}

/// Calls `visit` with each subject alternative name.
template <typename Visit>
void forEachName(X509* certificate, Visit visit) {
  void* found = X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr);
  std::unique_ptr<GENERAL_NAMES, FreeWith<GENERAL_NAMES_free>> names(
      static_cast<GENERAL_NAMES*>(found)
  );
  for (int i = 0; names != nullptr && i < sk_GENERAL_NAME_num(names.get()); ++i) {
    visit(*sk_GENERAL_NAME_value(names.get(), i));
  }
}

}  // namespace

std::string takeOpensslErrors() {
  std::string words;
  while (unsigned long code = ERR_get_error()) {
    const char* reason = ERR_reason_error_string(code);
    std::array<char, 128> fallback{};
    if (reason == nullptr) {
      ERR_error_string_n(code, fallback.data(), fallback.size());
      reason = fallback.data();
    }
    words += (words.empty() ? "" : ": ") + std::string(reason);
  }
  return words.empty() ? "no reason given" : words;
}

std::unexpected<Error> badTlsMaterial(std::string_view what) {
  return fail(
      ErrorKind::kInvalidConfiguration,
      Origin::kGateway,
      std::string(what) + ": " + takeOpensslErrors()
  );
}

Result<std::vector<CertificateHandle>> readCertificates(std::string_view pem) {
  ERR_clear_error();
  BioHandle bio = readingBio(pem);
  std::vector<CertificateHandle> result;
  while (X509* certificate = PEM_read_bio_X509(bio.get(), nullptr, noPassPhrase, nullptr)) {
    result.emplace_back(certificate);
  }
  bool at_end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
  if (result.empty() || !at_end) {
    return badTlsMaterial("no readable certificate in PEM form");
  }
  ERR_clear_error();
  return result;
}

Result<KeyHandle> readKey(std::string_view pem) {
  ERR_clear_error();
  BioHandle bio = readingBio(pem);
  KeyHandle key(PEM_read_bio_PrivateKey(bio.get(), nullptr, noPassPhrase, nullptr));
  if (key == nullptr) {
    return badTlsMaterial("no readable private key in PEM form");
  }
  return key;
}

std::vector<std::string> namesOf(X509* certificate) {
  std::vector<std::string> result;
  forEachName(certificate, [&](const GENERAL_NAME& name) {
    if (name.type == GEN_DNS) {
      result.push_back(textOf(name.d.dNSName));
    } else if (name.type == GEN_IPADD) {
      result.push_back(formatIpBytes(name.d.iPAddress));
    }
  });
  return result;
}

std::vector<std::string> urisOf(X509* certificate) {
  std::vector<std::string> result;
  forEachName(certificate, [&](const GENERAL_NAME& name) {
    if (name.type == GEN_URI) {
      result.push_back(textOf(name.d.uniformResourceIdentifier));
    }
  });
  return result;
}

std::string identityOf(X509* certificate) {
  constexpr std::string_view kSpiffe = "spiffe://";
  for (std::string& uri : urisOf(certificate)) {
    if (uri.starts_with(kSpiffe) && isVisibleAscii(uri)) {
      return std::move(uri);
    }
  }
  return describeName(X509_get_subject_name(certificate));
}

std::string describeName(const X509_NAME* name) {
  BioHandle bio(BIO_new(BIO_s_mem()));
  X509_NAME_print_ex(bio.get(), name, 0, XN_FLAG_ONELINE & ~ASN1_STRFLGS_ESC_MSB);
  char* text = nullptr;
  long length = BIO_get_mem_data(bio.get(), &text);
  return {text, static_cast<std::size_t>(length)};
}

Result<CertificateSummary> describeCertificate(std::string_view pem) {
  GATEHOUSE_TRY(std::vector<CertificateHandle> chain, readCertificates(pem));
  X509* leaf = chain.front().get();
  return CertificateSummary{
      .subject = describeName(X509_get_subject_name(leaf)),
      .issuer = describeName(X509_get_issuer_name(leaf)),
      .names = namesOf(leaf),
      .not_before = toWall(X509_get0_notBefore(leaf)),
      .not_after = toWall(X509_get0_notAfter(leaf)),
      .chain_length = static_cast<int>(chain.size()),
  };
}

Result<void> checkKeyPair(std::string_view certificate_pem, std::string_view key_pem) {
  // As a server would take them: the library refuses keys that are too short, for one.
  SslContextHandle context =
      newContext(TLS_server_method(), TlsVersion::kTls12, TlsVersion::kTls13);
  if (context == nullptr) {
    return badTlsMaterial("cannot set up TLS");
  }
  return useKeyPair(context.get(), certificate_pem, key_pem);
}

}  // namespace gatehouse::io
