// Certificates and their keys out of Secrets, checked as far as that can be done without a
// connection.
#pragma once

#include <expected>
#include <optional>
#include <string>
#include <string_view>

#include "compile/draft.h"

namespace gatehouse::compile {

/// How a certificate in PEM form begins.
inline constexpr std::string_view kCertificateStart = "-----BEGIN CERTIFICATE-----";

/// The chain and the key under tls.crt and tls.key of a Secret, each checked and both together; or
/// what is wrong with them, naming the Secret.
std::expected<KeyPair, std::string> readKeyPair(
    const Draft& draft, std::string_view ns, std::string_view name
);

/// Where a certificate is used.
struct CertificatePlace {
  const resource::ObjectMeta& meta;
  std::string field;   // of the object, where the Secret is named
  std::string secret;  // "namespace/name"
  std::string user;    // as CertificateUse has it
};

/// Notes that the certificate is used. One that is not valid now, or not for long, is a finding.
/// Why it is not valid, or nothing.
std::optional<std::string> noteUse(Draft& draft, CertificatePlace place, const KeyPair& pair);

/// The first time after `now` at which something else is to be said of the certificate for its age
/// alone: it begins, ends soon, has ended.
std::optional<WallMicros> nextAge(const CertificateFacts& facts, WallMicros now);

}  // namespace gatehouse::compile
