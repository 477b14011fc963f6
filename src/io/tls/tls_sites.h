// Which certificate of a server answers for which name. A site is what a listener's hostname
// covers; within it certificates are chosen by the names they were issued for, and one of each kind
// of key stands ready for a name, so that a client gets the one it can check. For the .cc files of
// this room only.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "io/tls/tls_handles.h"
#include "io/tls/tls_server.h"

namespace gatehouse::io {

class TlsSites {
 public:
  using Certificates = std::vector<const TlsServerCertificate*>;
  /// A context with these certificates, which differ in their kind of key.
  using ContextMaker = std::function<Result<SslContextHandle>(const Certificates& certificates)>;

  /// `certificates` is not empty. kInvalidConfiguration, and what `make` says.
  static Result<TlsSites> build(
      const std::vector<TlsServerCertificate>& certificates, const ContextMaker& make
  );

  /// The context for a name that a client asks for; null when it is nobody's: neither of a site
  /// nor, on a server for any name, of a certificate.
  SSL_CTX* find(std::string_view server_name) const;
  /// Who answers when no name is asked for, or nobody's.
  SSL_CTX* fallback() const { return fallback_; }

 private:
  struct Candidate;
  using Candidates = std::vector<const Candidate*>;

  /// By name in lower case.
  struct ByName {
    std::unordered_map<std::string, SSL_CTX*> exact;
    std::unordered_map<std::string, SSL_CTX*> below;  // of "*.example.com" under "example.com"

    /// `*` is one label (RFC 6125 section 6.4.3).
    SSL_CTX* find(const std::string& name) const;
    void put(const std::string& name, SSL_CTX* context);
  };
  struct Site {
    ByName names;
    SSL_CTX* otherwise = nullptr;
  };

  Result<void> fill(Site& site, const Candidates& candidates, const ContextMaker& make);
  Result<SSL_CTX*> contextOf(const Candidates& candidates, const ContextMaker& make);
  const Site* siteOf(std::string_view name) const;
  Site& siteNamed(const std::string& name);

  std::vector<SslContextHandle> contexts_;
  std::unordered_map<std::string, std::unique_ptr<Site>> exact_;
  std::unordered_map<std::string, std::unique_ptr<Site>> below_;  // any number of labels
  std::unique_ptr<Site> any_;
  SSL_CTX* fallback_ = nullptr;
};

}  // namespace gatehouse::io
