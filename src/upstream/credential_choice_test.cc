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
