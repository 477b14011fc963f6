#include "cli/compile_options.h"

#include <optional>
#include <string_view>
#include <utility>

#include "io/listener.h"
#include "io/tls/tls_config.h"
#include "io/tls/tls_pem.h"

namespace gatehouse::cli {

compile::CompileOptions compileOptions(const Clock& clock) {
  compile::CompileOptions options;
  options.addresses.has_ipv6 = io::hasIpv6Loopback();
  options.addresses.local_addresses = io::localAddresses();
  const auto why_not = [](const auto& checked) {
    return checked ? std::nullopt : std::optional(checked.error().chain());
  };
  options.check_key_pair = [why_not](std::string_view chain, std::string_view key) {
    return why_not(io::checkKeyPair(chain, key));
  };
  options.describe_certificate = [](std::string_view chain) {
    auto summary = io::describeCertificate(chain);
    return summary ? std::optional(compile::CertificateFacts{
                         .subject = std::move(summary->subject),
                         .names = std::move(summary->names),
                         .begin = summary->not_before,
                         .end = summary->not_after,
                     })
                   : std::nullopt;
  };
  options.check_authorities = [why_not](std::string_view pem) {
    return why_not(io::TrustStore::fromPem(pem));
  };
  options.knows_group = io::knowsKeyExchange;
  options.now = clock.wall();
  return options;
}

}  // namespace gatehouse::cli
