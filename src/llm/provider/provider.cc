#include "llm/provider/provider.h"

#include <array>
#include <span>
#include <string_view>

#include "base/text.h"
#include "llm/provider/anthropic.h"
#include "llm/provider/openai.h"

namespace gatehouse::llm {
namespace {

constexpr std::array<std::string_view, 3> kPrefixes = {
    "access-control-request-", "sec-fetch-", "x-forwarded-"
};
constexpr http::FieldFilter kBrowserFields(
    {"origin", "cookie", "cookie2"}, std::span(kPrefixes).first(2)
);
constexpr http::FieldFilter kBrowserAndForwardedFields(
    {"origin", "cookie", "cookie2", "forwarded"}, kPrefixes
);

constexpr http::FieldSet kPrivateResponseFields = {
    "set-cookie",
    "set-cookie2",
    "via",
    "cf-ray",
    "server",
    "anthropic-organization-id",
    "openai-organization",
};

}  // namespace

std::string_view toString(ProviderKind kind) {
  return kind == ProviderKind::kAnthropic ? "anthropic" : "openai";
}

const ProviderProfile& profileOf(ProviderKind kind) {
  return kind == ProviderKind::kAnthropic ? anthropic::kProfile : openai::kProfile;
}

bool addressesVendor(const ProviderSettings& settings) {
  return settings.host.empty() || settings.host == profileOf(settings.kind).default_host;
}

bool serves(ProviderKind kind, Dialect dialect) {
  return kind == ProviderKind::kAnthropic ? anthropic::serves(dialect) : openai::serves(dialect);
}

CredentialPlacement placeCredential(ProviderKind kind, std::string_view key) {
  return kind == ProviderKind::kAnthropic ? anthropic::placeCredential(key)
                                          : openai::placeCredential();
}

void addProviderFields(ProviderKind kind, Dialect dialect, http::Fields& fields) {
  if (kind == ProviderKind::kAnthropic && dialect != Dialect::kPassthrough) {
    anthropic::addFields(fields);
  }
}

void stripRequestFields(http::Fields& fields, ForwardedTrust trust, http::FieldSet also) {
  http::FieldFilter unwanted =
      trust == ForwardedTrust::kUntrusted ? kBrowserAndForwardedFields : kBrowserFields;
  unwanted.add(also);
  http::removeHopByHop(fields, unwanted);
}

void stripResponseFields(http::Fields& fields) {
  http::removeHopByHop(fields, kPrivateResponseFields);
}

}  // namespace gatehouse::llm
