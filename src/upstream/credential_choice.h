// The one place that decides which credential leaves (D9). A backend with auth of its own sends
// that and nothing of the client's; a backend without forwards what the client sent, unless the
// gateway consumed it.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "crypto/secret_text.h"
#include "http/head.h"

namespace gatehouse::http {
class ClientCredential;
}  // namespace gatehouse::http

namespace gatehouse::upstream {

enum class Placement : std::uint8_t { kHeader, kQuery, kCookie };

/// One credential of the backend and where it is put.
struct PlacedCredential {
  Placement placement = Placement::kHeader;
  std::string name = "Authorization";
  std::string prefix = "Bearer ";
  std::shared_ptr<const crypto::SecretText> value;
};

/// Why it cannot be sent from where it is placed: a sentence without its value; empty if it can.
std::string faultOf(const PlacedCredential& credential);

struct BackendAuth {
  /// None of them has a fault. Empty and `missing` empty: the backend has no auth.
  std::vector<PlacedCredential> credentials;
  /// Where the credentials come from, for people: "Secret namespace/name", "OPENAI_API_KEY"; empty:
  /// none.
  std::string source;
  /// Not empty: why the credential is not there, naming the Secret; requests get
  /// kCredentialMissing, nothing is sent.
  std::string missing;
};

/// Puts the right credential into `head`. Errors: kCredentialMissing.
Result<void> applyCredential(
    http::RequestHead& head, http::ClientCredential client, const BackendAuth& auth
);

}  // namespace gatehouse::upstream
