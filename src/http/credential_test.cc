#include "http/credential.h"

#include <string>
#include <string_view>

#include <gtest/gtest.h>

namespace gatehouse::http {
namespace {

RequestHead headWith(std::string target) {
  RequestHead head{.target = std::move(target)};
  head.fields.add("Accept", "*/*");
  return head;
}

TEST(Credential, IsLiftedFromEveryPlace) {
  RequestHead head = headWith("/v1?key=K4&x=1");
  head.fields.add("authorization", "Bearer K0");
  head.fields.add("X-Api-Key", "K1");
  head.fields.add("api-key", "K2");
  head.fields.add("X-Goog-Api-Key", "K3");
  ClientCredential credential = ClientCredential::lift(head);
  EXPECT_FALSE(credential.empty());
  EXPECT_EQ(credential.revealKey(), "K0");
  EXPECT_EQ(credential.revealAuthorization(), "Bearer K0");
  EXPECT_EQ(head.target, "/v1?x=1");
  ASSERT_EQ(head.fields.size(), 1U);
  EXPECT_EQ(head.fields.at(0).name, "Accept");
}

TEST(Credential, NothingToLift) {
  RequestHead head = headWith("/v1?monkey=1&keys=2&key&&=");
  ClientCredential credential = ClientCredential::lift(head);
  EXPECT_TRUE(credential.empty());
  EXPECT_EQ(credential.revealKey(), "");
  EXPECT_EQ(head.target, "/v1?monkey=1&keys=2&key&&=");
  EXPECT_TRUE(credential.putBack(head));
  EXPECT_EQ(head.target, "/v1?monkey=1&keys=2&key&&=");
}

TEST(Credential, PutBackRestoresTheTarget) {
  for (std::string_view target :
       {"/?key=a",
        "/p?x=1&key=a",
        "/p?key=a&x=1",
        "/p?x=1&key=a&y=2",
        "/p?key=a&key=b&x=1",
        "/p?k%65y=a&x",
        "/p?x&&key=&y=",
        "/p?key=a=b&c"}) {
    RequestHead head = headWith(std::string(target));
    ClientCredential credential = ClientCredential::lift(head);
    EXPECT_FALSE(credential.empty()) << target;
    EXPECT_NE(head.target, target);
    EXPECT_TRUE(credential.putBack(head));
    EXPECT_EQ(head.target, target);
  }
}

TEST(Credential, PutBackSurvivesANewTarget) {
  RequestHead head = headWith("/p?x=1&y=2&key=a");
  ClientCredential credential = ClientCredential::lift(head);
  head.target = "/q";
  EXPECT_TRUE(credential.putBack(head));
  EXPECT_EQ(head.target, "/q?key=a");
}

TEST(Credential, PutBackKeepsDuplicates) {
  RequestHead head = headWith("/");
  head.fields.add("Authorization", "Basic YTpi");
  head.fields.add("AUTHORIZATION", "second");
  ClientCredential credential = ClientCredential::lift(head);
  EXPECT_EQ(head.fields.count("Authorization"), 0U);
  EXPECT_TRUE(credential.putBack(head));
  ASSERT_EQ(head.fields.size(), 3U);
  EXPECT_EQ(head.fields.at(1).value, "Basic YTpi");
  EXPECT_EQ(head.fields.at(2).name, "AUTHORIZATION");
}

TEST(Credential, OnceUsedItDoesNotLeave) {
  RequestHead head = headWith("/?key=a");
  head.fields.add("x-api-key", "K");
  ClientCredential consumed = ClientCredential::lift(head);
  consumed.consume();
  EXPECT_FALSE(consumed.putBack(head));
  EXPECT_EQ(head.target, "/");
  EXPECT_FALSE(head.fields.has("x-api-key"));

  ClientCredential issued;
  issued.markIssued();
  issued.consume();
  EXPECT_EQ(issued.use(), ClientCredential::Use::kIssued);
  EXPECT_FALSE(issued.putBack(head));
}

TEST(Credential, KeyOfBasicAuthorizationIsNone) {
  RequestHead head = headWith("/");
  head.fields.add("Authorization", "Basic YTpi");
  EXPECT_EQ(ClientCredential::lift(head).revealKey(), "");
}

}  // namespace
}  // namespace gatehouse::http
