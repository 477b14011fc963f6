#include "compile/frontend_tls.h"

#include <algorithm>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "resource/reader.h"

namespace gatehouse::compile {
namespace {

using resource::Severity;
using snapshot::TlsVersion;

constexpr std::string_view kField = "spec.frontend.tls";
constexpr std::string_view kTls13Suites = "TLS13_";

TlsVersion versionIn(const wire::Value& section, std::string_view name, TlsVersion otherwise) {
  const std::string text = resource::readText(section, name, "");
  return text.empty() ? otherwise : text == "1.3" ? TlsVersion::kTls13 : TlsVersion::kTls12;
}

bool isOfTls13(const std::string& suite) {
  return suite.starts_with("TLS_AES_") || suite.starts_with("TLS_CHACHA20_");
}

/// By the names of IANA: those of TLS 1.3 are written otherwise here.
std::vector<std::string> suitesIn(const wire::Value& section) {
  std::vector<std::string> suites = resource::readTexts(section, "cipherSuites");
  for (std::string& suite : suites) {
    if (suite.starts_with(kTls13Suites)) {
      suite = "TLS_" + suite.substr(kTls13Suites.size());
    }
  }
  return suites;
}

/// A version without suites of its own is not spoken.
void narrowToSuites(snapshot::TlsLimits& limits) {
  const auto& suites = limits.cipher_suites;
  if (suites.empty()) {
    return;
  }
  if (std::ranges::none_of(suites, isOfTls13)) {
    limits.max_version = TlsVersion::kTls12;
  }
  if (std::ranges::all_of(suites, isOfTls13)) {
    limits.min_version = TlsVersion::kTls13;
  }
}

class SectionReader {
 public:
  SectionReader(Draft& draft, const resource::ObjectMeta& meta, const wire::Value& section)
      : draft_(draft), meta_(meta), section_(section) {}

  std::expected<snapshot::TlsLimits, std::string> read() {
    snapshot::TlsLimits limits;
    limits.min_version = versionIn(section_, "minProtocolVersion", limits.min_version);
    limits.max_version = versionIn(section_, "maxProtocolVersion", limits.max_version);
    if (limits.min_version > limits.max_version) {
      return refuse("minProtocolVersion", "minProtocolVersion is above maxProtocolVersion");
    }
    limits.cipher_suites = suitesIn(section_);
    const auto [least, most] = std::pair(limits.min_version, limits.max_version);
    narrowToSuites(limits);
    if (limits.min_version > most || limits.max_version < least) {
      return refuse("cipherSuites", "no cipher suite is of a version that may be spoken");
    }
    if (auto groups = resource::readTexts(section_, "keyExchangeGroups"); !groups.empty()) {
      const std::string field = fmt::format("{}.keyExchangeGroups", kField);
      limits.key_exchange_groups = knownGroups(draft_, meta_, field, groups);
      if (limits.key_exchange_groups.empty()) {
        return refuse("keyExchangeGroups", "no key exchange group is known to the TLS library");
      }
    }
    if (auto protocols = resource::readTexts(section_, "alpnProtocols"); !protocols.empty()) {
      limits.alpn = spoken(std::move(protocols));
      if (limits.alpn.empty()) {
        return refuse("alpnProtocols", "no protocol is spoken here; h2 and http/1.1 are");
      }
    }
    if (const auto timeout = resource::readDuration(section_, "handshakeTimeout")) {
      limits.handshake_timeout = *timeout;
    }
    return limits;
  }

 private:
  std::unexpected<std::string> refuse(std::string_view name, std::string sentence) {
    draft_.find(Severity::kError, meta_, fmt::format("{}.{}", kField, name), sentence);
    return std::unexpected(
        fmt::format("{}: {}.{}: {}", resource::toString(meta_.key), kField, name, sentence)
    );
  }

  std::vector<std::string> spoken(std::vector<std::string> protocols) {
    std::erase_if(protocols, [&](const std::string& protocol) {
      const bool known = protocol == "h2" || protocol == "http/1.1";
      if (!known) {
        draft_.find(
            Severity::kWarning,
            meta_,
            fmt::format("{}.alpnProtocols", kField),
            fmt::format(
                "protocol {} is not spoken and not offered; known are h2 and http/1.1", protocol
            )
        );
      }
      return !known;
    });
    return protocols;
  }

  Draft& draft_;
  const resource::ObjectMeta& meta_;
  const wire::Value& section_;
};

}  // namespace

std::expected<snapshot::TlsLimits, std::string> tlsLimitsOf(
    Draft& draft, const resource::ObjectMeta& policy, const wire::Value& section
) {
  return SectionReader(draft, policy, section).read();
}

std::vector<std::string> knownGroups(
    Draft& draft,
    const resource::ObjectMeta& meta,
    const std::string& field,
    const std::vector<std::string>& groups
) {
  std::vector<std::string> known;
  for (const std::string& group : groups) {
    const std::string name = group == "X25519_MLKEM768" ? "X25519MLKEM768" : group;
    if (!draft.options.knows_group || draft.options.knows_group(name)) {
      known.push_back(name);
      continue;
    }
    draft.find(
        Severity::kWarning,
        meta,
        field,
        fmt::format("{} is not offered: the TLS library of this build does not know it", group)
    );
  }
  return known;
}

}  // namespace gatehouse::compile
