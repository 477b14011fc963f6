#include "telemetry/redact.h"

#include <string>

#include <gtest/gtest.h>

namespace gatehouse::telemetry {
namespace {

constexpr std::string_view kSecret = "Zm9vYmFyYmF6cXV4MTIzNDU2Nzg5MA";

TEST(Redact, TakesCredentialsOut) {
  const std::string secret(kSecret);
  for (const std::string& text : {
           "Authorization: Bearer " + secret,
           "authorization=bearer " + secret + " rest",
           "BEARER\t" + secret,
           "Basic " + secret + "==",
           "key sk-" + secret + " is wrong",
           "Incorrect API key provided: sk-proj-" + secret + ".",
           "xai-" + secret,
           "(gh_" + secret + ")",
           "\"gh_" + secret + "\"",
           "key=AIza" + secret,
           "eyJhbGciOiJIUzI1NiJ9." + secret + ".sig",
           "connect to https://user:" + secret + "@host/path failed",
           "https://" + secret + "@host",
       }) {
    std::string clean = redacted(text);
    EXPECT_EQ(clean.find(secret), std::string::npos) << clean;
    EXPECT_NE(clean.find("[redacted]"), std::string::npos) << clean;
    EXPECT_TRUE(mayHoldCredential(text)) << text;
  }
}

TEST(Redact, LeavesTheTextAroundThem) {
  EXPECT_EQ(redacted("a Bearer abcdefgh12 b"), "a Bearer [redacted] b");
  EXPECT_EQ(
      redacted("GET http://me:pass@host:80/x?y=1 twice"),
      "GET http://[redacted]@host:80/x?y=1 twice"
  );
  EXPECT_EQ(redacted("sk-aaaaaaaa1 and xai-bbbbbbbb2"), "[redacted] and [redacted]");
}

TEST(Redact, LeavesOrdinaryTextAlone) {
  for (std::string_view text : {
           "",
           "/v1/chat/completions",
           "connect 10.0.0.1:443: connection refused",
           "basic authentication failed",
           "the bearer token is missing",
           "task-management-service-number-one",
           "risk-assessment-of-everything",
           "sk-model",
           "https://example.com/@scope/package",
           "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko)",
           "gpt-4o-2024-08-06",
       }) {
    EXPECT_EQ(redacted(text), text);
  }
}

TEST(Redact, TheQuickLookMissesNoPlace) {
  EXPECT_FALSE(mayHoldCredential(""));
  EXPECT_FALSE(mayHoldCredential("/v1/chat/completions"));
  EXPECT_FALSE(mayHoldCredential(std::string(200, 's')));
  for (std::string_view shape :
       {"sk-0123456789",
        "xai-0123456789",
        "gh_0123456789",
        "gsk_0123456789",
        "eyJ0123456789",
        "AIza0123456789",
        "BEARER 0123456789",
        "Basic 0123456789",
        "h://u:p@x"}) {
    for (std::size_t before = 0; before < 100; ++before) {
      std::string text(before, ' ');
      text += shape;
      EXPECT_NE(redacted(text), text);
      EXPECT_TRUE(mayHoldCredential(text)) << text;
      text += std::string(40, ' ');
      EXPECT_TRUE(mayHoldCredential(text)) << text;
    }
  }
}

}  // namespace
}  // namespace gatehouse::telemetry
