// Certificates and keys in PEM form, as they stand in Secrets. Input: a text, read as each of them.
// What can be described can be trusted, and what is taken for a pair can be described.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "io/tls/tls_config.h"
#include "io/tls/tls_pem.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace gatehouse::io;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto summary = describeCertificate(text);
  const auto trust = TrustStore::fromPem(text);
  GATEHOUSE_INVARIANT(!trust || summary);
  if (summary) {
    GATEHOUSE_INVARIANT(summary->chain_length > 0);
    GATEHOUSE_INVARIANT(summary->subject.find('\n') == std::string::npos);
  }
  GATEHOUSE_INVARIANT(!checkKeyPair(text, text) || summary);
  return 0;
}
