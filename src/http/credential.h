// The client's own credential, lifted out of a request head so that it cannot leave by accident
// (D9). It goes upstream only if somebody puts it back, and that works only while nobody here has
// made use of it. It cannot be printed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "crypto/secret_text.h"
#include "http/head.h"

namespace gatehouse::http {

/// Whether a field of that name carries a client's credential.
bool namesCredential(std::string_view field);

class ClientCredential {
 public:
  enum class Use : std::uint8_t {
    kUntouched,  // neither read for a decision nor known to be ours
    kConsumed,   // the gateway authenticated the client by it
    kIssued,     // it is a key issued by Gatehouse
  };
  enum class Place : std::uint8_t { kAuthorization, kXApiKey, kApiKey, kXGoogApiKey, kQueryKey };

  ClientCredential() = default;

  /// Takes Authorization, x-api-key, api-key, x-goog-api-key (every line of them) and the query
  /// parameter `key`, however its name is encoded, out of `head`.
  static ClientCredential lift(RequestHead& head);
  /// The same where nobody will ask for it.
  static void discard(RequestHead& head);

  bool empty() const { return parts_.empty(); }
  Use use() const { return use_; }
  /// Once consumed or issued it stays so.
  void consume();
  void markIssued() { use_ = Use::kIssued; }

  /// The key a client authenticates with: the token after `Bearer`, else the first API key of the
  /// other places; empty when there is none. For comparing and hashing only; valid as long as this
  /// object.
  std::string_view revealKey() const [[clang::lifetimebound]];
  /// The whole value of the Authorization field; empty when there is none.
  std::string_view revealAuthorization() const [[clang::lifetimebound]];

  /// Puts everything back as it came: the parameter to its place in the query (or behind the last,
  /// when the query has become shorter), fields behind the others. False, and nothing done, unless
  /// untouched. For a target without authentication of its own.
  bool putBack(RequestHead& head) const;

 private:
  struct Part {
    Place place;
    std::string name;          // as spelled; of a query parameter with its '='
    std::size_t position = 0;  // of a query parameter among the others
    crypto::SecretText value;
  };

  void liftFields(RequestHead& head);
  void liftQuery(RequestHead& head);
  const Part* find(Place place) const;

  std::vector<Part> parts_;
  Use use_ = Use::kUntouched;
};

}  // namespace gatehouse::http
