// What can be said about certificates and keys in PEM text without opening a connection. Pure
// functions, any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

namespace gatehouse::io {

/// The leaf (first certificate) of a chain.
struct CertificateSummary {
  std::string subject;
  std::string issuer;
  /// DNS names and IP addresses of the subject alternative name.
  std::vector<std::string> names;
  WallMicros not_before{};
  WallMicros not_after{};
  /// Certificates in the text.
  int chain_length = 0;
};

/// kInvalidConfiguration when no certificate can be read.
Result<CertificateSummary> describeCertificate(std::string_view pem);

/// kInvalidConfiguration: unreadable, encrypted, a key that does not belong to the certificate, or
/// one that the TLS library does not take, being too short. Never quotes the key.
Result<void> checkKeyPair(std::string_view certificate_pem, std::string_view key_pem);

}  // namespace gatehouse::io
