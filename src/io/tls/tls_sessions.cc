#include "io/tls/tls_sessions.h"

#include <string>
#include <utility>
#include <vector>

#include <openssl/prov_ssl.h>
#include <openssl/ssl.h>
#include <openssl/types.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>

#include "io/tls/tls_handles.h"

namespace gatehouse::io {

namespace {

TlsNotes* notesOf(SSL* ssl) {
  return static_cast<TlsNotes*>(SSL_get_app_data(ssl));
}

std::string listNames(X509* certificate) {
  std::string list;
  for (const std::string& name : namesOf(certificate)) {
    list += (list.empty() ? "" : ", ") + name;
  }
  return list.empty() ? "no name" : list;
}

}  // namespace

void TlsSessionCache::put(const std::string& server, SslSessionHandle session) {
  if (sessions_.size() >= kServers && !sessions_.contains(server)) {
    sessions_.clear();
  }
  std::vector<SslSessionHandle>& kept = sessions_[server];
  if (kept.size() >= kPerServer) {
    kept.erase(kept.begin());
  }
  kept.push_back(std::move(session));
}

SslSessionHandle TlsSessionCache::take(const std::string& server) {
  auto found = sessions_.find(server);
  if (found == sessions_.end() || found->second.empty()) {
    return nullptr;
  }
  std::vector<SslSessionHandle>& kept = found->second;
  if (SSL_SESSION_get_protocol_version(kept.back().get()) < TLS1_3_VERSION) {
    SSL_SESSION_up_ref(kept.back().get());
    return SslSessionHandle(kept.back().get());
  }
  SslSessionHandle newest = std::move(kept.back());
  kept.pop_back();
  return newest;
}

int noteRefusal(int accepted, X509_STORE_CTX* checked) {
  void* ssl = X509_STORE_CTX_get_ex_data(checked, SSL_get_ex_data_X509_STORE_CTX_idx());
  TlsNotes* notes = ssl == nullptr ? nullptr : notesOf(static_cast<SSL*>(ssl));
  if (accepted == 1 || notes == nullptr || !notes->refusal.empty()) {
    return accepted;
  }
  notes->refusal = X509_verify_cert_error_string(X509_STORE_CTX_get_error(checked));
  if (X509* leaf = X509_STORE_CTX_get0_cert(checked)) {
    notes->refusal += " (it is for " + listNames(leaf) + "; issued by " +
                      describeName(X509_get_issuer_name(leaf)) + ")";
  }
  return accepted;
}

int keepSession(SSL* ssl, SSL_SESSION* session) {
  TlsNotes* notes = notesOf(ssl);
  if (notes == nullptr || notes->sessions == nullptr) {
    return 0;
  }
  notes->sessions->put(notes->server, SslSessionHandle(session));
  return 1;  // we own the reference now
}

}  // namespace gatehouse::io
