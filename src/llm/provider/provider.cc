#include "llm/provider/provider.h"

#include <array>
#include <vector>

#include "base/text.h"
#include "llm/provider/anthropic.h"
#include "llm/provider/openai.h"

namespace gatehouse::llm {
namespace {

constexpr std::array<std::string_view, 3> kBrowserFields = {
    "origin",
    "cookie",
    "cookie2",
};

constexpr std::array<std::string_view, 7> kPrivateResponseFields = {
    "set-cookie",
    "set-cookie2",
    "via",
    "cf-ray",
    "server",
    "anthropic-organization-id",
    "openai-organization",
};

void removeStartingWith(http::Fields& fields, std::string_view prefix) {
  std::vector<std::string> names;
  for (std::size_t i = 0; i < fields.size(); ++i) {
    if (istartsWith(fields.at(i).name, prefix)) {
      names.emplace_back(fields.at(i).name);
    }
  }
  for (const std::string& name : names) {
    fields.remove(name);
  }
}

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

void stripRequestFields(http::Fields& fields, ForwardedTrust trust) {
  http::removeHopByHop(fields);
  for (std::string_view name : kBrowserFields) {
    fields.remove(name);
  }
  removeStartingWith(fields, "access-control-request-");
  removeStartingWith(fields, "sec-fetch-");
  if (trust == ForwardedTrust::kUntrusted) {
    removeStartingWith(fields, "x-forwarded-");
    fields.remove("forwarded");
  }
}

void stripResponseFields(http::Fields& fields) {
  http::removeHopByHop(fields);
  for (std::string_view name : kPrivateResponseFields) {
    fields.remove(name);
  }
}

}  // namespace gatehouse::llm
