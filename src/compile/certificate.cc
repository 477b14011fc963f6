#include "compile/certificate.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "secret/from_objects.h"

namespace gatehouse::compile {
namespace {

/// What is wrong with a chain and its key, if anything is.
std::optional<std::string> faultOf(
    const Draft& draft, std::string_view chain_pem, std::string_view key_pem
) {
  if (!chain_pem.contains(kCertificateStart)) {
    return "tls.crt holds no certificate in PEM form";
  }
  if (!key_pem.contains("PRIVATE KEY-----")) {
    return "tls.key holds no private key in PEM form";
  }
  return draft.options.check_key_pair ? draft.options.check_key_pair(chain_pem, key_pem)
                                      : std::nullopt;
}

/// From one time to another.
Micros between(WallMicros from, WallMicros to) {
  return Micros(std::to_underlying(to) - std::to_underlying(from));
}

/// Time to renew a certificate in: the last fortnight, or the last third of a short life.
Micros timeToRenew(const CertificateFacts& facts) {
  constexpr Micros kFortnight = Seconds(14 * 24 * 3600);
  return std::min(kFortnight, between(facts.begin, facts.end) / 3);
}

WallMicros shifted(WallMicros time, Micros by) {
  return WallMicros{std::to_underlying(time) + by.count()};
}

/// Whether a certificate is valid now, and for how long.
struct Age {
  enum class State : std::uint8_t { kValid, kEndsSoon, kInvalid } state = State::kValid;
  std::string sentence{};  // of any state but kValid: since or until when
};

Age ageOf(const CertificateFacts& facts, WallMicros now) {
  if (now < facts.begin) {
    const std::string begin = resource::toRfc3339(facts.begin);
    return {Age::State::kInvalid, fmt::format("its certificate is not valid before {}", begin)};
  }
  const std::string end = resource::toRfc3339(facts.end);
  if (now > facts.end) {
    return {Age::State::kInvalid, fmt::format("its certificate expired at {}", end)};
  }
  if (between(now, facts.end) < timeToRenew(facts)) {
    return {Age::State::kEndsSoon, fmt::format("its certificate expires at {}", end)};
  }
  return {};
}

}  // namespace

std::expected<KeyPair, std::string> readKeyPair(
    const Draft& draft, std::string_view ns, std::string_view name
) {
  const auto chain = secret::valueFrom(draft.resources, ns, name, "tls.crt");
  if (!chain) {
    return std::unexpected(chain.error().detail());
  }
  const auto key = secret::valueFrom(draft.resources, ns, name, "tls.key");
  if (!key) {
    return std::unexpected(key.error().detail());
  }
  if (const auto fault = faultOf(draft, (*chain)->reveal(), (*key)->reveal())) {
    return std::unexpected(fmt::format("Secret {}/{}: {}", ns, name, *fault));
  }
  return KeyPair{.chain_pem = std::string((*chain)->reveal()), .key_pem = *key};
}

std::optional<std::string> noteUse(Draft& draft, CertificatePlace place, const KeyPair& pair) {
  const auto facts = draft.options.describe_certificate
                         ? draft.options.describe_certificate(pair.chain_pem)
                         : std::nullopt;
  if (!facts) {
    return std::nullopt;
  }
  const Age age = ageOf(*facts, draft.options.now);
  CertificateUse& use = draft.certificates[place.secret];
  use.secret = place.secret;
  use.facts = *facts;
  if (std::ranges::find(use.used_by, place.user) == use.used_by.end()) {
    use.used_by.push_back(std::move(place.user));
  }
  if (age.state == Age::State::kValid) {
    return std::nullopt;
  }
  const bool valid = age.state == Age::State::kEndsSoon;
  std::string sentence = fmt::format("Secret {}: {}", place.secret, age.sentence);
  draft.find(
      valid ? resource::Severity::kWarning : resource::Severity::kError,
      place.meta,
      std::move(place.field),
      sentence
  );
  return valid ? std::nullopt : std::optional(std::move(sentence));
}

std::optional<WallMicros> nextAge(const CertificateFacts& facts, WallMicros now) {
  constexpr Micros kBehind{1};
  const std::array ages{
      facts.begin,
      shifted(facts.end, kBehind - timeToRenew(facts)),
      shifted(facts.end, kBehind),
  };
  std::optional<WallMicros> next;
  for (const WallMicros age : ages) {
    if (age > now && (!next || age < *next)) {
      next = age;
    }
  }
  return next;
}

}  // namespace gatehouse::compile
