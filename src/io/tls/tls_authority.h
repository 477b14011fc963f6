// A certificate authority in memory, for tests and for `gatehouse mock`: never for production
// traffic. Keys are P-256.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"

namespace gatehouse::io {

struct IssuedCertificate {
  /// The leaf alone.
  std::string certificate_pem;
  std::string key_pem;
};

struct IssueOptions {
  /// DNS names, IP addresses or SPIFFE ids; the first is the common name as well.
  std::vector<std::string> names{};
  /// Relative to now; negative means already expired.
  Seconds valid_for = Seconds(86400);
};

class TestAuthority {
 public:
  explicit TestAuthority(std::string common_name = "Gatehouse test CA");
  /// An intermediate authority, issued by `above`.
  TestAuthority(std::string common_name, const TestAuthority& above);
  TestAuthority(const TestAuthority&) = delete;
  TestAuthority& operator=(const TestAuthority&) = delete;
  ~TestAuthority();

  const std::string& caPem() const [[clang::lifetimebound]] { return ca_pem_; }
  IssuedCertificate issue(IssueOptions options) const;

 private:
  struct Keys;
  TestAuthority(std::string common_name, const TestAuthority* above);

  std::unique_ptr<Keys> keys_;
  std::string ca_pem_;
};

}  // namespace gatehouse::io
