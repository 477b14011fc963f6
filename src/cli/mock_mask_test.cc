#include "cli/mock_mask.h"

#include <gtest/gtest.h>

#include "crypto/digest.h"

namespace gatehouse::cli {
namespace {

std::string mask(std::string_view value) {
  return "masked:" + crypto::sha256Hex(value).substr(0, 8);
}

TEST(MockMask, FieldsOfCredentials) {
  EXPECT_EQ(maskedField("Authorization", "Bearer sk-1"), "Bearer " + mask("sk-1"));
  EXPECT_EQ(maskedField("proxy-authorization", "Basic dTpw"), "Basic " + mask("dTpw"));
  EXPECT_EQ(maskedField("Authorization", "sk-1"), mask("sk-1"));
  EXPECT_EQ(maskedField("X-API-Key", "a b"), mask("a b")) << "no scheme";
  for (std::string_view name :
       {"api-key", "x-goog-api-key", "Cookie", "x-session-token", "X-Auth"}) {
    EXPECT_EQ(maskedField(name, "sk-1"), mask("sk-1")) << name;
  }
  EXPECT_EQ(maskedField("x-api-key", ""), "");
  EXPECT_NE(maskedField("x-api-key", "sk-1"), maskedField("x-api-key", "sk-2"));
}

TEST(MockMask, OtherFieldsAreAsTheyCame) {
  for (std::string_view name : {"content-type", "user-agent", "anthropic-beta", "traceparent"}) {
    EXPECT_EQ(maskedField(name, "Bearer sk-1"), "Bearer sk-1") << name;
  }
}

TEST(MockMask, ParametersOfCredentials) {
  EXPECT_EQ(maskedTarget("/v1/models"), "/v1/models");
  EXPECT_EQ(maskedTarget("/v1/messages?beta=true&x"), "/v1/messages?beta=true&x");
  EXPECT_EQ(maskedTarget("/m?alt=sse&key=AI%7Aa&b=1"), "/m?alt=sse&key=" + mask("AIza") + "&b=1");
  EXPECT_EQ(maskedTarget("/m?%6bey=a"), "/m?%6bey=" + mask("a"));
  EXPECT_EQ(maskedTarget("/m?access_token=%zz"), "/m?access_token=" + mask("%zz"));
  EXPECT_EQ(maskedTarget("/m?key="), "/m?key=");
}

}  // namespace
}  // namespace gatehouse::cli
