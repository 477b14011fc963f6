#include "io/tls/tls_pem.h"

#include <vector>

#include <gtest/gtest.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/result.h"
#include "io/tls/tls_authority.h"

namespace gatehouse::io {
namespace {

TEST(Pem, DescribesTheLeafOfAChain) {
  TestAuthority authority("the root");
  IssuedCertificate issued = authority.issue({.names = {"api.test", "10.1.2.3", "::1"}});
  Result<CertificateSummary> summary =
      describeCertificate(issued.certificate_pem + authority.caPem());
  ASSERT_TRUE(summary.has_value());
  EXPECT_EQ(summary->subject, "CN = api.test");
  EXPECT_EQ(summary->issuer, "CN = the root");
  EXPECT_EQ(summary->names, (std::vector<std::string>{"api.test", "10.1.2.3", "::1"}));
  EXPECT_EQ(summary->chain_length, 2);
  WallMicros now = SystemClock().wall();
  EXPECT_LT(summary->not_before, now);
  EXPECT_GT(summary->not_after, now);
}

TEST(Pem, ChecksThatKeyAndCertificateBelongTogether) {
  TestAuthority authority;
  IssuedCertificate one = authority.issue({.names = {"a.test"}});
  IssuedCertificate two = authority.issue({.names = {"b.test"}});
  EXPECT_TRUE(checkKeyPair(one.certificate_pem, one.key_pem).has_value());
  Result<void> wrong = checkKeyPair(one.certificate_pem, two.key_pem);
  ASSERT_FALSE(wrong.has_value());
  EXPECT_EQ(wrong.error().kind(), ErrorKind::kInvalidConfiguration);
  EXPECT_FALSE(checkKeyPair(one.certificate_pem, "junk").has_value());
  EXPECT_FALSE(checkKeyPair("junk", one.key_pem).has_value());
}

TEST(Pem, RefusesABrokenSecondCertificate) {
  TestAuthority authority;
  std::string broken = authority.caPem();
  broken.replace(broken.size() / 2, 4, "!!!!");
  EXPECT_FALSE(describeCertificate(authority.caPem() + broken).has_value());
  EXPECT_FALSE(describeCertificate("").has_value());
}

}  // namespace
}  // namespace gatehouse::io
