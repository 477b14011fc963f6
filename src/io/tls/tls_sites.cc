#include "io/tls/tls_sites.h"

#include <algorithm>
#include <cstddef>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <openssl/evp.h>
#include <openssl/types.h>
#include <openssl/x509.h>

#include "base/result.h"
#include "base/text.h"
#include "io/tls/tls_handles.h"
#include "io/tls/tls_server.h"

namespace gatehouse::io {

/// A certificate with what it is chosen by.
struct TlsSites::Candidate {
  const TlsServerCertificate* source = nullptr;
  std::vector<std::string> names;  // that it was issued for, in lower case
  int kind_of_key = 0;
};

namespace {

constexpr std::string_view kBelow = "*.";

std::vector<std::string> foldedNames(X509* certificate) {
  std::vector<std::string> names = namesOf(certificate);
  for (std::string& name : names) {
    name = fold(name);
  }
  return names;
}

}  // namespace

SSL_CTX* TlsSites::ByName::find(const std::string& name) const {
  if (auto found = exact.find(name); found != exact.end()) {
    return found->second;
  }
  const std::size_t dot = name.find('.');
  if (dot == std::string::npos) {
    return nullptr;
  }
  auto found = below.find(name.substr(dot + 1));
  return found == below.end() ? nullptr : found->second;
}

void TlsSites::ByName::put(const std::string& name, SSL_CTX* context) {
  if (name.starts_with(kBelow)) {
    below.emplace(name.substr(kBelow.size()), context);
  } else {
    exact.emplace(name, context);
  }
}

Result<TlsSites> TlsSites::build(
    const std::vector<TlsServerCertificate>& certificates, const ContextMaker& make
) {
  std::vector<std::unique_ptr<Candidate>> all;
  std::vector<std::pair<std::string, Candidates>> groups;  // in the order they are named
  for (const TlsServerCertificate& certificate : certificates) {
    GATEHOUSE_TRY(auto chain, readCertificates(certificate.certificate_pem));
    X509* leaf = chain.front().get();
    const EVP_PKEY* key = X509_get0_pubkey(leaf);
    all.push_back(std::make_unique<Candidate>(
        &certificate, foldedNames(leaf), key == nullptr ? 0 : EVP_PKEY_get_base_id(key)
    ));
    const std::vector<std::string> any{""};
    for (const std::string& name : certificate.names.empty() ? any : certificate.names) {
      auto group = std::ranges::find(groups, fold(name), &decltype(groups)::value_type::first);
      if (group == groups.end()) {
        group = groups.insert(groups.end(), {fold(name), {}});
      }
      group->second.push_back(all.back().get());
    }
  }
  TlsSites sites;
  for (const auto& [name, candidates] : groups) {
    Site& site = sites.siteNamed(name);
    GATEHOUSE_CHECK_OK(sites.fill(site, candidates, make));
    if (sites.fallback_ == nullptr || name.empty()) {
      sites.fallback_ = site.otherwise;
    }
  }
  return sites;
}

/// For each name the first certificate of each kind of key; for no name of theirs, what stands for
/// the first name of the first.
Result<void> TlsSites::fill(Site& site, const Candidates& candidates, const ContextMaker& make) {
  std::map<Candidates, SSL_CTX*> made;
  for (const Candidate* named : candidates) {
    std::vector<std::string> names = named->names;
    if (names.empty()) {
      names.emplace_back();  // it can only be the one for names that nobody has
    }
    for (const std::string& name : names) {
      Candidates chosen{named};
      for (const Candidate* other : candidates) {
        const bool same_kind =
            std::ranges::find(chosen, other->kind_of_key, &Candidate::kind_of_key) != chosen.end();
        if (!same_kind && std::ranges::find(other->names, name) != other->names.end()) {
          chosen.push_back(other);
        }
      }
      auto known = made.find(chosen);
      if (known == made.end()) {
        GATEHOUSE_TRY(SSL_CTX * context, contextOf(chosen, make));
        known = made.emplace(std::move(chosen), context).first;
      }
      if (!named->names.empty()) {
        site.names.put(name, known->second);  // the first to be put there stays
      }
      if (site.otherwise == nullptr) {
        site.otherwise = known->second;
      }
    }
  }
  return {};
}

Result<SSL_CTX*> TlsSites::contextOf(const Candidates& candidates, const ContextMaker& make) {
  Certificates certificates;
  for (const Candidate* candidate : candidates) {
    certificates.push_back(candidate->source);
  }
  GATEHOUSE_TRY(SslContextHandle context, make(certificates));
  contexts_.push_back(std::move(context));
  return contexts_.back().get();
}

TlsSites::Site& TlsSites::siteNamed(const std::string& name) {
  std::unique_ptr<Site>& site = name.empty()               ? any_
                                : name.starts_with(kBelow) ? below_[name.substr(kBelow.size())]
                                                           : exact_[name];
  if (site == nullptr) {
    site = std::make_unique<Site>();
  }
  return *site;
}

/// Exact, then the longest wildcard, then the site for any name; or null.
const TlsSites::Site* TlsSites::siteOf(std::string_view name) const {
  if (auto found = exact_.find(std::string(name)); found != exact_.end()) {
    return found->second.get();
  }
  for (std::size_t dot = name.find('.'); dot != std::string_view::npos; dot = name.find('.')) {
    name.remove_prefix(dot + 1);
    if (auto found = below_.find(std::string(name)); found != below_.end()) {
      return found->second.get();
    }
  }
  return any_.get();
}

SSL_CTX* TlsSites::find(std::string_view server_name) const {
  const std::string name = fold(server_name);
  const Site* site = siteOf(name);
  if (site == nullptr) {
    return nullptr;
  }
  SSL_CTX* context = site->names.find(name);
  return context == nullptr && site != any_.get() ? site->otherwise : context;
}

}  // namespace gatehouse::io
