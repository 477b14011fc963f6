#include "upstream/credential_choice.h"

#include <memory>

#include <gtest/gtest.h>

#include "http/credential.h"

namespace gatehouse::upstream {
namespace {

http::RequestHead clientHead() {
  http::RequestHead head;
  head.target = "/v1/chat/completions?key=client-query&x=1";
  head.fields.add("Authorization", "Bearer client-token");
  head.fields.add("x-api-key", "client-key");
  head.fields.add("Content-Type", "application/json");
  return head;
}

PlacedCredential key(std::string_view text) {
  PlacedCredential placed;
  placed.value = std::make_shared<const crypto::SecretText>(crypto::SecretText::copyOf(text));
  return placed;
}

TEST(CredentialChoice, TheBackendsKeyReplacesEverythingOfTheClients) {
  http::RequestHead head = clientHead();
  BackendAuth auth;
  auth.credentials.push_back(key("backend"));
  auto client = http::ClientCredential::lift(head);
  ASSERT_TRUE(applyCredential(head, std::move(client), auth));
  EXPECT_EQ(head.fields.get("authorization"), "Bearer backend");
  EXPECT_FALSE(head.fields.has("x-api-key"));
  EXPECT_EQ(head.target, "/v1/chat/completions?x=1");
}

TEST(CredentialChoice, WhatNoRequestCanCarryIsAFault) {
  EXPECT_EQ(faultOf(key("sk-1\t\xC3\xA4")), "");
  for (std::string_view bad : {"a\r\nX: 1", "a\n", "a\x01", "\x7f"}) {
    EXPECT_EQ(
        faultOf(key(bad)),
        "the credential holds a control character, which no request field can carry"
    );
  }
  auto placed = [](Placement placement, std::string name, std::string prefix, std::string_view text
                ) {
    PlacedCredential credential = key(text);
    credential.placement = placement;
    credential.name = std::move(name);
    credential.prefix = std::move(prefix);
    return faultOf(credential);
  };
  EXPECT_EQ(placed(Placement::kHeader, "X-Key", "Token ", "a"), "");
  EXPECT_EQ(
      placed(Placement::kHeader, "X-Key", "p\r\nX: 1", "a"),
      "the prefix of header X-Key holds a control character"
  );
  EXPECT_EQ(placed(Placement::kHeader, "X Key", "", "a"), "header \"X Key\" is no field name");
  for (std::string name : {"Host", "content-length", "Transfer-Encoding", "Connection"}) {
    EXPECT_EQ(
        placed(Placement::kHeader, name, "", "a"),
        "header " + name + " belongs to the connection and can hold no credential"
    );
  }
  EXPECT_EQ(placed(Placement::kQuery, "k\r\n", "", "a\r\nb"), "") << "it is percent-encoded";
  EXPECT_EQ(placed(Placement::kCookie, "key", "", "a"), "");
  EXPECT_EQ(
      placed(Placement::kCookie, "key", "", "a; b"),
      "the credential holds a ';', which ends a cookie"
  );
  EXPECT_NE(placed(Placement::kCookie, "k=", "", "a"), "");
}

TEST(CredentialChoice, WithoutAuthTheClientsOwnGoesOn) {
  http::RequestHead head = clientHead();
  auto client = http::ClientCredential::lift(head);
  ASSERT_TRUE(applyCredential(head, std::move(client), BackendAuth{}));
  EXPECT_EQ(head.fields.get("authorization"), "Bearer client-token");
  EXPECT_EQ(head.fields.get("x-api-key"), "client-key");
  EXPECT_EQ(head.target, "/v1/chat/completions?key=client-query&x=1");
}

TEST(CredentialChoice, AConsumedCredentialNeverLeaves) {
  http::RequestHead head = clientHead();
  auto client = http::ClientCredential::lift(head);
  client.consume();
  ASSERT_TRUE(applyCredential(head, std::move(client), BackendAuth{}));
  EXPECT_FALSE(head.fields.has("authorization"));
  EXPECT_FALSE(head.fields.has("x-api-key"));
  EXPECT_EQ(head.target.find("client-query"), std::string::npos);
}

TEST(CredentialChoice, AKeyInTheQueryTakesThePlaceOfTheClientsParameter) {
  http::RequestHead head;
  head.target = "/v1/models?a=1&api%2Dkey=mine&api-key&b=2&API-KEY=other";
  BackendAuth auth;
  auth.credentials.push_back(key("backend"));
  auth.credentials.back().placement = Placement::kQuery;
  auth.credentials.back().name = "api-key";
  ASSERT_TRUE(applyCredential(head, http::ClientCredential(), auth));
  EXPECT_EQ(head.target, "/v1/models?a=1&b=2&API-KEY=other&api-key=backend");
}

TEST(CredentialChoice, AQueryOfTheClientsKeyAloneBecomesOurs) {
  http::RequestHead head;
  head.target = "/v1/models?token=mine";
  BackendAuth auth;
  auth.credentials.push_back(key("backend"));
  auth.credentials.back().placement = Placement::kQuery;
  auth.credentials.back().name = "token";
  ASSERT_TRUE(applyCredential(head, http::ClientCredential(), auth));
  EXPECT_EQ(head.target, "/v1/models?token=backend");
}

TEST(CredentialChoice, AMissingSecretIsAnErrorThatNamesIt) {
  http::RequestHead head = clientHead();
  BackendAuth auth;
  auth.missing = "Secret ns/openai-secret not found";
  auto client = http::ClientCredential::lift(head);
  auto applied = applyCredential(head, std::move(client), auth);
  ASSERT_FALSE(applied);
  EXPECT_EQ(applied.error().kind(), ErrorKind::kCredentialMissing);
  EXPECT_EQ(applied.error().detail(), "Secret ns/openai-secret not found");
}

TEST(CredentialChoice, QueryAndCookiePlacements) {
  http::RequestHead head = clientHead();
  auto client = http::ClientCredential::lift(head);
  BackendAuth auth;
  auth.credentials.push_back(key("a b"));
  auth.credentials.back().placement = Placement::kQuery;
  auth.credentials.back().name = "key";
  auth.credentials.push_back(key("c"));
  auth.credentials.back().placement = Placement::kCookie;
  auth.credentials.back().name = "session";
  ASSERT_TRUE(applyCredential(head, std::move(client), auth));
  EXPECT_EQ(head.target, "/v1/chat/completions?x=1&key=a%20b");
  EXPECT_EQ(head.fields.get("cookie"), "session=c");
}

}  // namespace
}  // namespace gatehouse::upstream
