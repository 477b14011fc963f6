#include "llm/provider/provider.h"

#include <string>

#include <gtest/gtest.h>

namespace gatehouse::llm {
namespace {

TEST(Provider, IsTheVendorAtItsOwnHostOnly) {
  ProviderSettings settings;
  EXPECT_TRUE(addressesVendor(settings));
  settings.host = "api.openai.com";
  EXPECT_TRUE(addressesVendor(settings));
  settings.host = "api.x.ai";
  EXPECT_FALSE(addressesVendor(settings));
  settings.kind = ProviderKind::kAnthropic;
  settings.host = "api.anthropic.com";
  EXPECT_TRUE(addressesVendor(settings));
}

TEST(Provider, HasItsFacts) {
  EXPECT_EQ(toString(ProviderKind::kOpenAi), "openai");
  EXPECT_EQ(toString(ProviderKind::kAnthropic), "anthropic");
  EXPECT_EQ(profileOf(ProviderKind::kOpenAi).default_host, "api.openai.com");
  EXPECT_EQ(profileOf(ProviderKind::kAnthropic).default_host, "api.anthropic.com");
  EXPECT_EQ(profileOf(ProviderKind::kAnthropic).default_port, 443);
}

TEST(Provider, ServesItsDialects) {
  EXPECT_TRUE(serves(ProviderKind::kOpenAi, Dialect::kChat));
  EXPECT_TRUE(serves(ProviderKind::kOpenAi, Dialect::kDetect));
  EXPECT_FALSE(serves(ProviderKind::kOpenAi, Dialect::kMessages));
  EXPECT_FALSE(serves(ProviderKind::kOpenAi, Dialect::kGemini));
  EXPECT_TRUE(serves(ProviderKind::kAnthropic, Dialect::kMessagesCount));
  EXPECT_FALSE(serves(ProviderKind::kAnthropic, Dialect::kEmbeddings));
}

TEST(Credential, StandsWhereTheProviderLooks) {
  CredentialPlacement openai = placeCredential(ProviderKind::kOpenAi, "sk-1");
  EXPECT_EQ(openai.field, "Authorization");
  EXPECT_EQ(openai.prefix, "Bearer ");
  CredentialPlacement key = placeCredential(ProviderKind::kAnthropic, "sk-ant-api03-1");
  EXPECT_EQ(key.field, "x-api-key");
  EXPECT_EQ(key.prefix, "");
  CredentialPlacement token = placeCredential(ProviderKind::kAnthropic, "sk-ant-oat01-1");
  EXPECT_EQ(token.field, "Authorization");
  EXPECT_EQ(token.prefix, "Bearer ");
}

TEST(ProviderFields, AddTheVersionTheClientLeftOut) {
  http::Fields fields;
  addProviderFields(ProviderKind::kAnthropic, Dialect::kMessages, fields);
  EXPECT_EQ(fields.get("anthropic-version"), "2023-06-01");
  http::Fields newer;
  newer.add("Anthropic-Version", "2026-10-21");
  addProviderFields(ProviderKind::kAnthropic, Dialect::kMessages, newer);
  EXPECT_EQ(newer.joined("anthropic-version"), "2026-10-21");
  http::Fields openai;
  addProviderFields(ProviderKind::kOpenAi, Dialect::kChat, openai);
  EXPECT_TRUE(openai.empty());
}

http::Fields request() {
  http::Fields fields;
  for (const char* name :
       {"Connection",
        "TE",
        "Origin",
        "Access-Control-Request-Method",
        "Sec-Fetch-Mode",
        "Cookie",
        "X-Forwarded-For",
        "x-forwarded-proto",
        "Forwarded",
        "Content-Type",
        "anthropic-beta",
        "X-Stainless-Lang",
        "Accept-Encoding",
        "X-Unknown",
        "Authorization"}) {
    fields.add(name, "v");
  }
  return fields;
}

std::string names(const http::Fields& fields) {
  std::string all;
  for (std::size_t i = 0; i < fields.size(); ++i) {
    all.append(fields.at(i).name).append(" ");
  }
  return all;
}

TEST(RequestFields, LoseWhatNeverGoesUpstream) {
  http::Fields fields = request();
  stripRequestFields(fields, ForwardedTrust::kUntrusted);
  EXPECT_EQ(
      names(fields),
      "Content-Type anthropic-beta X-Stainless-Lang Accept-Encoding X-Unknown Authorization "
  );
}

TEST(RequestFields, KeepTheForwardingOfATrustedProxy) {
  http::Fields fields = request();
  stripRequestFields(fields, ForwardedTrust::kTrusted);
  EXPECT_TRUE(fields.has("x-forwarded-for"));
  EXPECT_TRUE(fields.has("forwarded"));
}

TEST(ResponseFields, LoseWhatIsBetweenUsAndTheProvider) {
  http::Fields fields;
  for (const char* name :
       {"Transfer-Encoding",
        "Set-Cookie",
        "Via",
        "CF-Ray",
        "Server",
        "anthropic-organization-id",
        "openai-organization",
        "request-id",
        "x-ratelimit-limit-requests",
        "openai-version",
        "retry-after"}) {
    fields.add(name, "v");
  }
  stripResponseFields(fields);
  EXPECT_EQ(names(fields), "request-id x-ratelimit-limit-requests openai-version retry-after ");
}

}  // namespace
}  // namespace gatehouse::llm
